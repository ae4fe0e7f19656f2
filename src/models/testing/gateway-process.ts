import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../../db/index.ts';

export interface GatewayOptions {
  readonly connection: Connection;
  readonly home: string;
  readonly organisationId: string;
  /** The operator's file. */
  readonly file: Readonly<Record<string, unknown>>;
}

const PROGRAM = fileURLToPath(new URL('./gateway.ts', import.meta.url));

/** The rooms up to `models` in a process of their own, which can be killed. */
export class GatewayProcess {
  readonly #child: ChildProcessByStdio<Writable, null, null>;
  readonly #exited: Promise<unknown>;

  constructor(options: GatewayOptions) {
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['pipe', 'ignore', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    this.#exited = once(this.#child, 'exit');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks it to end, and waits until it has. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
  }

  async ended(): Promise<void> {
    await this.#exited;
  }
}
