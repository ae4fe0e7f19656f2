import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../base/index.ts';
import type { ReplyControl, ReplyHandler } from './http/reply-handler.ts';

/** What an exchange ended for, when it was not by the backend. `lost`: another attempt was faster. */
export type StopReason = 'client_left' | 'deadline' | 'lost';

/** Thrown out of an exchange that was stopped from this side. */
export class Stopped extends Error {
  readonly reason: StopReason;
  /** What had not happened in time, for a deadline: "begin its answer". */
  readonly step: string;

  constructor(reason: StopReason, step: string) {
    super(reason);
    this.reason = reason;
    this.step = step;
  }
}

/** A reply's body is refused beyond this: it is read into memory. */
const MOST_BYTES = 64 * 1024 * 1024;
/** How much of a failing reply is read for its reason. */
const MOST_ERROR_BYTES = 64 * 1024;

/**
 * One request to a backend, as its reply's handler and as a promise of its end. Subclasses take the body.
 * Stopping it settles the promise at once, whatever the socket does, and cancels the request.
 */
export abstract class Exchange implements ReplyHandler {
  status = 0;
  headers: IncomingHttpHeaders = {};
  /** Whether the backend has answered at all. Until then the request may be sent again. */
  answered = false;
  /** Whether the backend's side is over: its last byte came, or the connection broke. */
  closed = false;
  /** Monotonic times; 0 until they are known. */
  connectedMs = 0;
  firstByteMs = 0;
  readonly ended: Promise<void>;
  protected controller: ReplyControl | undefined;
  readonly #clock: Clock;
  #resolve!: () => void;
  #reject!: (error: Error) => void;
  #settled = false;
  #stopped: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Called for each piece of the body, which holds for this call only. */
  protected abstract take(chunk: Buffer): void;
  /** Called when the body is complete; throws when it is not what was asked for. */
  protected abstract complete(): void;

  stop(error: Error): void {
    this.#stopped ??= error;
    this.settle(error);
    this.controller?.abort(error);
  }

  /** Ends the promise; what still comes is read to its end (or cancelled) without being used. */
  protected settle(error?: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    if (error) this.#reject(error);
    else this.#resolve();
  }

  protected get settled(): boolean {
    return this.#settled;
  }

  onRequestStart(controller: ReplyControl): void {
    this.controller = controller;
    if (this.#stopped) controller.abort(this.#stopped);
    else this.connectedMs = this.#clock.monotonicMs();
  }

  onResponseStart(_: ReplyControl, status: number, headers: IncomingHttpHeaders): void {
    this.answered = true;
    this.status = status;
    this.headers = headers;
    this.firstByteMs = this.#clock.monotonicMs();
  }

  onResponseData(controller: ReplyControl, chunk: Buffer): void {
    if (this.#settled) return;
    try {
      this.take(chunk);
    } catch (error) {
      this.settle(error as Error);
      controller.abort(error as Error);
    }
  }

  onResponseEnd(): void {
    this.closed = true;
    if (this.#settled) return;
    try {
      this.complete();
      this.settle();
    } catch (error) {
      this.settle(error as Error);
    }
  }

  onResponseError(_: ReplyControl, error: Error): void {
    this.closed = true;
    this.settle(error);
  }
}

const NO_CHUNKS: Buffer[] = [];

/** Reads a whole reply into memory, within bounds. */
export class CollectedReply extends Exchange {
  /** Mostly one. */
  #chunks: Buffer[] = NO_CHUNKS;
  #bytes = 0;

  /** Bytes so far. */
  get received(): number {
    return this.#bytes;
  }

  text(): string {
    return this.#chunks.length === 1 ? this.#chunks[0]!.toString() : Buffer.concat(this.#chunks).toString();
  }

  protected take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const failing = this.status !== 200;
    if (this.#bytes > (failing ? MOST_ERROR_BYTES : MOST_BYTES)) {
      if (failing) return;
      throw new ReplyTooLarge();
    }
    const copy = Buffer.from(chunk);
    if (this.#chunks === NO_CHUNKS) this.#chunks = [copy];
    else this.#chunks.push(copy);
  }

  protected complete(): void {}
}

export class ReplyTooLarge extends Error {}
