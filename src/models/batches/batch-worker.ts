import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { BatchRow } from './batch-object.ts';
import { BatchRun, type BatchRunOptions } from './batch-run.ts';
import type { BatchStore } from './batch-store.ts';
import { BATCHES_CHANNEL } from './batches.ts';

export interface BatchWorkerOptions extends BatchRunOptions {
  readonly database: Database;
  readonly store: BatchStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Batches that one process works on at a time; the others wait, or another process has them. */
const AT_ONCE = 4;
const LOOK_MS = 5_000;
/** A third of the lease: two renewals may fail. */
const RENEW_MS = 10_000;

/** This process's share of all open batches: each is held by a lease, so that one process works on it, and the next goes on where it stopped. */
export class BatchWorker {
  readonly #options: BatchWorkerOptions;
  readonly #stop = new AbortController();
  readonly #runs = new Set<Promise<void>>();
  #loop: Promise<void> | undefined;
  #unlisten: (() => Promise<void>) | undefined;
  #wake = () => {};

  constructor(options: BatchWorkerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.database.listen(BATCHES_CHANNEL, () => this.wake());
    this.#loop = this.#run();
  }

  /** Gives every batch back. Calls that run are cut: a whole reply that did not come is not charged. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the room stops'));
    this.wake();
    await this.#loop;
    await Promise.all(this.#runs);
    await this.#unlisten?.();
  }

  /** There may be work. */
  wake(): void {
    this.#wake();
  }

  async #run(): Promise<void> {
    const { store, clock, log, ledger } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => { this.#wake = resolve; });
      try {
        await store.freeEnded(async (owner, organisationId) => (await ledger.delivered(owner, organisationId, [])) !== null);
        while (this.#runs.size < AT_ONCE && !signal.aborted) {
          const batch = await store.claim();
          if (batch === null) break;
          const run: Promise<void> = this.#work(batch).finally(() => {
            this.#runs.delete(run);
            this.wake();
          });
          this.#runs.add(run);
        }
      } catch (error) {
        if (!signal.aborted) log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'batches could not be looked for; trying again');
      }
      const over = new AbortController();
      await Promise.race([woken, clock.sleep(LOOK_MS, AbortSignal.any([signal, over.signal])).catch(() => {})]);
      over.abort(new Error('woken'));
    }
  }

  async #work(batch: BatchRow): Promise<void> {
    const { store, log } = this.#options;
    const lost = new AbortController();
    const over = new AbortController();
    const renewing = this.#renew(batch, lost, over.signal);
    try {
      await new BatchRun(this.#options, batch, AbortSignal.any([this.#stop.signal, lost.signal])).run();
    } catch (error) {
      log.error({ batch: batch.id, reason: error instanceof Error ? error.message : 'unknown' }, 'a batch could not go on; it is taken up again');
      // Its lease runs out by itself, so that what fails is not tried without a pause.
      return;
    } finally {
      over.abort(new Error('the batch is given back'));
      await renewing;
    }
    if (!lost.signal.aborted) await store.release(batch).catch(() => {});
  }

  async #renew(batch: BatchRow, lost: AbortController, over: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    while (!over.aborted) {
      await clock.sleep(RENEW_MS, over).catch(() => {});
      if (over.aborted) return;
      // Postgres out of reach: the lease may run out, and then the tokens decide.
      const held = await store.renew(batch).catch(() => true);
      if (held) continue;
      lost.abort(new Error('another process has the batch'));
      return;
    }
  }
}
