import type { Database } from '../../db/index.ts';
import type { Principal } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';
import { EVENTS_CHANNEL, readEvents, type EventLogTools } from './event-log.ts';
import type { Jobs } from './jobs.ts';

/** How often the events are looked for where no word of them came. */
const LOOK_MS = 1_000;
/** After so long without an event a comment keeps proxies from closing the connection. */
const QUIET_MS = 15_000;
/** After these nothing follows. */
const LAST = /^event: (?:response\.completed|response\.incomplete|error)\n/;

/** Word of new events, for all who follow one in this process. */
export class EventWatch {
  readonly #database: Database;
  readonly #waiting = new Map<string, Set<() => void>>();
  #unlisten: (() => Promise<void>) | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#database.listen(EVENTS_CHANNEL, (id) => {
      for (const wake of this.#waiting.get(id) ?? []) wake();
    });
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
  }

  /** Made before the events are read, so that none is missed. `stop` when it is no longer waited for. */
  next(id: string): { readonly told: Promise<void>; readonly stop: () => void } {
    let wake = () => {};
    const told = new Promise<void>((resolve) => { wake = resolve; });
    const waiters = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiters);
    waiters.add(wake);
    return {
      told,
      stop: () => {
        waiters.delete(wake);
        if (waiters.size === 0) this.#waiting.delete(id);
      },
    };
  }
}

/** Sends the events of a response after one of them, as they come, until its last or until the reader leaves. */
export async function followEvents(tools: EventLogTools & { jobs: Jobs; watch: EventWatch }, principal: Principal, id: string, after: number, sink: ReplySink, signal: AbortSignal): Promise<void> {
  const { jobs, watch, clock } = tools;
  const seen = new Set<string>();
  sink.head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  let sentMs = clock.monotonicMs();
  while (!signal.aborted) {
    const next = watch.next(id);
    try {
      // Asked first: what ends between the two has written its last events by then.
      const running = await jobs.state(principal.organisationId, id) !== null;
      let last = false;
      for await (const frame of readEvents(tools, principal, id, after, seen)) {
        if (!sink.write(frame)) await sink.drained();
        sentMs = clock.monotonicMs();
        last ||= LAST.test(frame);
      }
      if (last || !running) break;
      if (clock.monotonicMs() - sentMs >= QUIET_MS) {
        sink.write(': it waits or thinks\n\n');
        sentMs = clock.monotonicMs();
      }
      const over = new AbortController();
      await Promise.race([next.told, clock.sleep(LOOK_MS, AbortSignal.any([signal, over.signal])).catch(() => {})]);
      over.abort(new Error('told'));
    } finally {
      next.stop();
    }
  }
  sink.end();
}
