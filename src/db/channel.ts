import pg from 'pg';
import { sql } from 'kysely';
import type { Clock, Logger } from '../base/index.ts';
import type { Executor } from './scope.ts';

/** Called with a notification's payload, or with `resync` after a gap in which some may have been missed. */
export type ChannelHandler = (payload: string) => void;

/** Payload that tells a listener to read its state again. */
export const RESYNC = 'resync';

const BEAT_MS = 1_000;
const RECONNECT_MS_MAX = 500;

/**
 * One connection that listens for all rooms of this process, reconnects by itself, and proves the
 * contact with Postgres by a query every second: what cannot be checked is refused after 5 s of silence.
 */
export class Channel {
  readonly #connection: pg.ClientConfig;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #handlers = new Map<string, Set<ChannelHandler>>();
  readonly #stop = new AbortController();
  #client: pg.Client | undefined;
  /** The last statement of that connection. */
  #asked: Promise<unknown> = Promise.resolve();
  #lastContactMs: number;
  #loop: Promise<void> | undefined;
  /** Ends the wait for the next beat: the connection has ended, or nobody listens any more. */
  #broken = new AbortController();

  constructor(connection: pg.ClientConfig, log: Logger, clock: Clock) {
    this.#connection = connection;
    this.#log = log;
    this.#clock = clock;
    this.#lastContactMs = clock.monotonicMs();
  }

  /** Connects; rejects when the first connection fails. */
  async start(): Promise<void> {
    await this.#connect();
    this.#loop = this.#keep();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the channel is closed'));
    this.#broken.abort(new Error('the channel is closed'));
    await this.#loop;
    await this.#client?.end().catch(() => {});
  }

  /** Milliseconds since Postgres was last known to answer. */
  staleForMs(): number {
    return this.#clock.monotonicMs() - this.#lastContactMs;
  }

  /** The returned function ends the listening. */
  async listen(channel: string, handler: ChannelHandler): Promise<() => Promise<void>> {
    const handlers = this.#handlers.get(channel) ?? new Set();
    this.#handlers.set(channel, handlers);
    handlers.add(handler);
    if (handlers.size === 1) await this.#ask(`LISTEN ${pg.escapeIdentifier(channel)}`);
    return async () => {
      handlers.delete(handler);
      if (handlers.size > 0) return;
      this.#handlers.delete(channel);
      await this.#ask(`UNLISTEN ${pg.escapeIdentifier(channel)}`).catch(() => {});
    };
  }

  /** One statement after another: pg's client is not to be asked while it is asking. Nothing while there is no connection. */
  #ask(statement: string): Promise<unknown> {
    const client = this.#client;
    const answered = this.#asked.then(() => client?.query(statement));
    this.#asked = answered.catch(() => {});
    return answered;
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...this.#connection, application_name: 'tandem-channel' });
    const broken = new AbortController();
    client.on('error', () => {
      // Told by `end`, which comes after it.
    });
    client.on('end', () => broken.abort(new Error('the connection ended')));
    client.on('notification', ({ channel, payload }) => {
      this.#lastContactMs = this.#clock.monotonicMs();
      this.#deliver(channel, payload ?? '');
    });
    await client.connect();
    for (const channel of this.#handlers.keys()) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    this.#client = client;
    this.#asked = Promise.resolve();
    this.#broken = broken;
    this.#lastContactMs = this.#clock.monotonicMs();
  }

  #deliver(channel: string, payload: string): void {
    for (const handler of this.#handlers.get(channel) ?? []) {
      try {
        handler(payload);
      } catch (error) {
        this.#log.error({ channel, err: error }, 'a listener failed');
      }
    }
  }

  async #keep(): Promise<void> {
    const signal = this.#stop.signal;
    let retryMs = 50;
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(BEAT_MS, this.#broken.signal);
        await this.#beat();
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ reason: (error as Error).message }, 'lost contact with the database; trying again');
        const old = this.#client;
        this.#client = undefined;
        old?.end().catch(() => {});
        retryMs = await this.#reconnect(retryMs, signal);
      }
    }
  }

  async #reconnect(firstRetryMs: number, signal: AbortSignal): Promise<number> {
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(retryMs, signal);
        await this.#connect();
        this.#log.info({}, 'the database is in contact again');
        for (const channel of this.#handlers.keys()) this.#deliver(channel, RESYNC);
        return 50;
      } catch {
        retryMs = Math.min(retryMs * 2, RECONNECT_MS_MAX);
      }
    }
    return retryMs;
  }

  async #beat(): Promise<void> {
    if (this.#client === undefined) throw new Error('not connected');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the database does not answer')), 3_000);
    });
    try {
      await Promise.race([this.#ask('SELECT 1'), late]);
    } finally {
      clearTimeout(timer);
    }
    this.#lastContactMs = this.#clock.monotonicMs();
  }
}

/** Sends at commit of the surrounding transaction. Payloads stay under Postgres' 8,000 bytes: ids, no content. */
export async function notify(executor: Executor, channel: string, payload: string): Promise<void> {
  await sql`select pg_notify(${channel}, ${payload})`.execute(executor);
}
