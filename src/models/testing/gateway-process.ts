import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { newId } from '../../base/index.ts';
import type { Connection } from '../../db/index.ts';

export interface GatewayOptions {
  readonly connection: Connection;
  readonly home: string;
  readonly organisationId: string;
  /** The operator's file. */
  readonly file: Readonly<Record<string, unknown>>;
  /** Whose calls `call` makes. */
  readonly key?: string;
}

/** What became of a call: its charge as text, or the code that it was refused or failed with. */
export type CallResult = { readonly charge: string } | { readonly refused: string; readonly facts: Readonly<Record<string, unknown>> };

const PROGRAM = fileURLToPath(new URL('./gateway.ts', import.meta.url));

/** The rooms up to `models` in a process of their own, which can be killed. */
export class GatewayProcess {
  /** Resolves when it takes calls. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<string, (result: CallResult) => void>();

  constructor(options: GatewayOptions) {
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    this.#exited = once(this.#child, 'exit');
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line === 'ready') return ready.resolve();
      const { id, result } = JSON.parse(line) as { id: string; result: CallResult };
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
  }

  /** One chat call with a receipt. */
  call(body: Readonly<Record<string, unknown>>): Promise<CallResult> {
    const id = newId();
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${JSON.stringify({ id, body })}\n`);
    });
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
