import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { newId } from '../../base/index.ts';
import type { Connection } from '../../db/index.ts';
import type { Admission } from '../events/call.ts';
import type { PathHouse } from './path.ts';
import type { PowerCutAt } from './power-cut.ts';

export interface GatewayOptions {
  readonly connection: Connection;
  readonly home: string;
  readonly organisationId: string;
  readonly projectId: string;
  readonly strict?: boolean;
  readonly segmentBytes?: number;
  readonly load?: { readonly atOnce: number; readonly calls: number };
  readonly power?: { readonly at: PowerCutAt; readonly record: string };
}

/** What of a call is not as every test's. */
export interface MoreOfCall extends Partial<Pick<Admission, 'user' | 'admittedAtMs' | 'resource' | 'keyId'>> {
  /** Goes on until `endKept`: answers when it is admitted. */
  readonly keep?: boolean;
  /** Attempts that failed before the one that ends the call, and how that ends. */
  readonly fallback?: Fallback;
}

/** What became of a call that went from target to target. */
export interface Fallback {
  /** Each with what its backend spent all the same: the operator's. */
  readonly failed: readonly { readonly input: number; readonly output: number; readonly known: boolean }[];
  /** Input tokens as the target counted them that answered; null: none did. */
  readonly answered: number | null;
}

const PROGRAM = fileURLToPath(new URL('./gateway.ts', import.meta.url));

/** What became of one call: charged, or refused with a code. */
export type CallResult = { readonly charge: bigint } | { readonly refused: string };

/** A gateway in a process of its own, over the house's database. */
export class GatewayProcess {
  /** Calls of the load that were settled and acknowledged, in that order: id → charge. */
  readonly acknowledged = new Map<string, bigint>();
  readonly ready: Promise<void>;
  /** Resolves when the load is through. */
  readonly done: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;
  readonly #read: Promise<void>;
  readonly #waiting = new Map<string, (result: CallResult) => void>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  #posterPid = 0;

  /** `onAcknowledged` is called with how many calls of the load are acknowledged so far. */
  constructor(house: Pick<PathHouse, 'connection' | 'organisationId' | 'projectId'>, options: Omit<GatewayOptions, 'connection' | 'organisationId' | 'projectId'>, onAcknowledged: (count: number, gateway: GatewayProcess) => void = () => {}) {
    const { connection, organisationId, projectId } = house;
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify({ ...options, connection, organisationId, projectId })], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    this.#exited = once(this.#child, 'exit');
    this.ready = this.#ready.promise;
    this.done = this.#done.promise;
    this.#read = this.#readLines(onAcknowledged);
  }

  /** One call from outside. A process that dies meanwhile answers `died`. */
  call(input: bigint, output: bigint, used: bigint, more: MoreOfCall = {}): Promise<CallResult> {
    const id = newId();
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${id} ${input} ${output} ${used} ${JSON.stringify(more)}\n`);
    });
  }

  /** Ends all calls that were made with `keep`; resolves when they are settled. */
  endKept(): Promise<CallResult> {
    const id = newId();
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${id} end\n`);
    });
  }

  signal(signal: 'SIGSTOP' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Ends gateway and poster at once: nobody posts the log until the next start of the same home. */
  async killBoth(): Promise<void> {
    // Stopped first, it cannot start another poster.
    this.#child.kill('SIGSTOP');
    process.kill(this.#posterPid, 'SIGKILL');
    this.#child.kill('SIGKILL');
    await this.ended();
  }

  /** Resolves when the process is gone and all that it said is read. */
  async ended(): Promise<void> {
    await this.#exited;
    await this.#read;
  }

  /** Lets it stop in order. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.ended();
  }

  async #readLines(onAcknowledged: (count: number, gateway: GatewayProcess) => void): Promise<void> {
    for await (const line of createInterface({ input: this.#child.stdout })) {
      const [word = '', what] = line.split(' ');
      if (word === 'ready') {
        this.#posterPid = Number(what);
        this.#ready.resolve();
      } else if (word === 'done') {
        this.#done.resolve();
      } else if (what !== undefined && word.length === 37) {
        // A line may be cut by the kill: then its call was not acknowledged as far as anybody knows.
        this.#ended(word.slice(1), word.startsWith('+') ? { charge: BigInt(what) } : { refused: what });
        if (word.startsWith('+')) onAcknowledged(this.acknowledged.size, this);
      }
    }
    for (const resolve of this.#waiting.values()) resolve({ refused: 'died' });
  }

  #ended(id: string, result: CallResult): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      this.#waiting.delete(id);
      waiting(result);
    } else if ('charge' in result) {
      this.acknowledged.set(id, result.charge);
    }
  }
}
