import type { OnReadOpts, Socket } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import { Connection, ReadPlace, Turn, type ConnectionOwner } from './connection.ts';
import { PoolClosed } from './http-errors.ts';
import { KnownHead } from './known-head.ts';
import type { ReplyHandler } from './reply-handler.ts';

export interface PoolOptions {
  /** Opens a socket that is connected and, with TLS, checked, and puts its bytes into this place. Calls back once. */
  readonly connect: (place: OnReadOpts, done: (error: Error | null, socket: Socket | null) => void) => void;
  /** Connections at most; more turns wait for one. */
  readonly connections: number;
  readonly clock: Clock;
}

/** How long a connection is kept idle where the backend does not say: less than the 5 s after which servers on Node close theirs. */
const KEPT_MS = 4_000;
/** What a backend says is taken less this, so that no request is on its way when it closes. */
const MARGIN_MS = 2_000;
const MOST_KEPT_MS = 600_000;
const SWEEP_MS = 1_000;

/** Connections to one backend, each kept for the next request. The one that was used last is used first, so that those which are not needed end. */
export class ConnectionPool implements ConnectionOwner {
  readonly known = new KnownHead();
  readonly #options: PoolOptions;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  #connecting = 0;
  /** Turns in line: the first, the last and how many. */
  #first: Turn | null = null;
  #last: Turn | null = null;
  #waiting = 0;
  #sweeping = false;
  #closing: { readonly done: Promise<void>; readonly resolve: () => void } | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Sends a request, now or when there is a connection. The handler is called even when there will be none. @param head from `requestHead`. */
  send(head: string, body: Buffer | null, handler: ReplyHandler): void {
    const turn = new Turn(head, body, handler);
    if (this.#closing) return handler.onResponseError(turn, new PoolClosed());
    const nowMs = this.#options.clock.monotonicMs();
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.over || kept.idleUntilMs < nowMs) {
        kept.destroy();
        continue;
      }
      if (!kept.run(turn)) this.#idle.push(kept);
      return;
    }
    if (this.#last) this.#last.next = turn;
    else this.#first = turn;
    this.#last = turn;
    this.#waiting += 1;
    this.#grow();
  }

  /** Takes no more requests; resolves when those that run or wait have ended. What is still connecting by then is dropped when it is there. */
  close(): Promise<void> {
    if (!this.#closing) {
      let resolve = () => {};
      const done = new Promise<void>((end) => { resolve = end; });
      this.#closing = { done, resolve };
      for (const kept of this.#idle.splice(0)) kept.destroy();
      this.#endIfOver();
    }
    return this.#closing.done;
  }

  /** Cuts what runs, and what waits. */
  destroy(): Promise<void> {
    const closed = this.close();
    for (let turn = this.#shift(); turn; turn = this.#shift()) turn.handler.onResponseError(turn, new PoolClosed());
    for (const connection of this.#all) {
      connection.cut(new PoolClosed());
      connection.destroy();
    }
    this.#endIfOver();
    return closed;
  }

  free(connection: Connection, keptMs: number | null): void {
    for (let turn = this.#shift(); turn; turn = this.#shift()) if (connection.run(turn)) return;
    const idleMs = keptMs === null ? KEPT_MS : Math.min(keptMs - MARGIN_MS, MOST_KEPT_MS);
    if (idleMs <= 0 || this.#closing) return connection.destroy();
    connection.idleUntilMs = this.#options.clock.monotonicMs() + idleMs;
    this.#idle.push(connection);
    if (!this.#sweeping) this.#sweep();
  }

  gone(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#grow();
    this.#endIfOver();
  }

  /** Opens a connection where more turns wait than are on their way, and there may be another. */
  #grow(): void {
    while (this.#waiting > this.#connecting && this.#all.size + this.#connecting < this.#options.connections) {
      this.#connecting += 1;
      const place = new ReadPlace();
      this.#options.connect(place, (error, socket) => {
        this.#connecting -= 1;
        if (socket) this.#opened(new Connection(socket, place, this));
        // Each failure is told to one turn: those behind it may have more luck.
        else if (this.#waiting > this.#connecting) this.#failed(error ?? new Error('no connection'));
        this.#endIfOver();
      });
    }
  }

  #opened(connection: Connection): void {
    this.#all.add(connection);
    if (connection.over) connection.destroy();
    else this.free(connection, null);
  }

  #failed(error: Error): void {
    const turn = this.#shift();
    turn?.handler.onResponseError(turn, error);
    this.#grow();
  }

  #shift(): Turn | null {
    const turn = this.#first;
    if (turn === null) return null;
    this.#first = turn.next;
    if (this.#first === null) this.#last = null;
    turn.next = null;
    this.#waiting -= 1;
    return turn;
  }

  /** Closes what was idle for too long, while there is anything idle. */
  #sweep(): void {
    this.#sweeping = true;
    setTimeout(() => {
      const nowMs = this.#options.clock.monotonicMs();
      for (const kept of this.#idle.filter(({ idleUntilMs }) => idleUntilMs < nowMs)) kept.destroy();
      this.#sweeping = false;
      if (this.#idle.length > 0) this.#sweep();
    }, SWEEP_MS).unref();
  }

  #endIfOver(): void {
    if (this.#closing && this.#all.size === 0 && this.#waiting === 0) this.#closing.resolve();
  }
}
