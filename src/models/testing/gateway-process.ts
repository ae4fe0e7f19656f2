import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
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
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;

  constructor(options: GatewayOptions) {
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    this.#exited = once(this.#child, 'exit');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async ended(): Promise<void> {
    await this.#exited;
  }
}
