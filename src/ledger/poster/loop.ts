import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { isEpochAlive } from '../epochs/epoch-lock.ts';
import { LOG_START, isBefore, segmentPath, type LogPosition } from '../log/segments.ts';
import type { FromPoster } from './messages.ts';
import type { PriceOf } from './open-calls.ts';
import { Posting } from './posting.ts';
import { recoverEpoch, recoverEpochs } from './recovery.ts';

export interface PosterLoopOptions {
  readonly database: Database;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ledgerFolder: string;
  readonly home: string;
  readonly epochId: string;
  readonly priceOf: PriceOf;
  /** A call may be admitted under a version that this process has not read yet. */
  readonly refreshPrices: () => Promise<void>;
  readonly tell: (message: FromPoster) => void;
}

/** A batch waits this long for more records, unless the one before took as long: 16 transactions a second at most, not one per call. */
const GATHER_MS = 60;
const RETRY_MS_MAX = 2_000;
/** How often it is written down up to when everything is posted. */
const THROUGH_MS = 5_000;
/** Epochs of this home that died while others live: looked for this often. */
const RECOVER_MS = 10_000;

/** Follows one log until it is told to finish or its parent is gone. */
export class PosterLoop {
  readonly #options: PosterLoopOptions;
  readonly #posting: Posting;
  #written: LogPosition = { segment: 1, offset: 0 };
  #mode: 'follow' | 'finish' | 'orphaned' = 'follow';
  #wake: (() => void) | undefined;
  #writtenAtMs = 0;
  #throughMs = 0;
  /** On the monotonic clock: when the last posting began. */
  #beganMs = 0;
  #removed = 1;

  constructor(options: PosterLoopOptions) {
    this.#options = options;
    this.#posting = new Posting({ ...options, folder: join(options.ledgerFolder, options.epochId) });
  }

  written(position: LogPosition, atMs: number): void {
    if (isBefore(position, this.#written)) return;
    const grew = isBefore(this.#written, position);
    this.#written = position;
    this.#writtenAtMs = atMs;
    if (grew || atMs - this.#throughMs >= THROUGH_MS) this.#wake?.();
  }

  finish(): void {
    if (this.#mode === 'follow') this.#mode = 'finish';
    this.#wake?.();
  }

  orphaned(): void {
    this.#mode = 'orphaned';
    this.#wake?.();
  }

  /** Resolves when the epoch is ended; never rejects for want of a database, but tries again. */
  async run(): Promise<void> {
    const { clock, tell } = this.#options;
    tell({ kind: 'ready', recovered: await this.#retrying(() => recoverEpochs(this.#options, this.#options.epochId)) });
    let recoverAtMs = clock.monotonicMs() + RECOVER_MS;
    for (;;) {
      await this.#retrying(() => this.#post());
      if (this.#mode !== 'follow') break;
      if (clock.monotonicMs() >= recoverAtMs) {
        await this.#retrying(() => recoverEpochs(this.#options, this.#options.epochId));
        recoverAtMs = clock.monotonicMs() + RECOVER_MS;
      }
      await this.#pause();
    }
    await this.#retrying(() => this.#end());
    tell({ kind: 'finished' });
  }

  async #post(): Promise<void> {
    this.#beganMs = this.#options.clock.monotonicMs();
    const limit = this.#mode === 'follow' ? this.#written : null;
    const atMs = this.#writtenAtMs;
    let more = true;
    while (more) {
      const before = this.#posting.state?.recordNumber ?? 0;
      more = await this.#posting.step(limit);
      this.#report(before);
    }
    if (this.#mode === 'follow' && atMs - this.#throughMs >= THROUGH_MS) {
      await this.#posting.through(atMs);
      this.#throughMs = atMs;
    }
  }

  #report(before: number): void {
    const { state } = this.#posting;
    if (state === undefined || state.recordNumber === before) return;
    this.#options.tell({ kind: 'posted', position: state.position, record: state.recordNumber, atMs: this.#options.clock.nowMs() });
    for (; this.#removed < state.position.segment; this.#removed += 1) {
      rmSync(segmentPath(join(this.#options.ledgerFolder, this.#options.epochId), this.#removed), { force: true });
    }
  }

  async #end(): Promise<void> {
    const { ledgerFolder, epochId, clock } = this.#options;
    const folder = join(ledgerFolder, epochId);
    if (this.#mode === 'orphaned') {
      // The channel closes a moment before the kernel has let go of a killed process.
      for (let round = 0; round < 50 && isEpochAlive(folder); round += 1) await clock.sleep(100);
      if (isEpochAlive(folder)) return;
      await recoverEpoch(this.#options, epochId);
      return;
    }
    await this.#post();
    await this.#posting.close();
    rmSync(folder, { recursive: true, force: true });
  }

  /** Until there is something to do; then a little longer, so that a batch is one. */
  async #pause(): Promise<void> {
    const { clock } = this.#options;
    const position = this.#posting.state?.position ?? LOG_START;
    let gatherMs = GATHER_MS - (clock.monotonicMs() - this.#beganMs);
    if (!isBefore(position, this.#written)) {
      gatherMs = GATHER_MS;
      const late = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        clock.sleep(RECOVER_MS, late.signal).catch(() => {}),
      ]);
      late.abort();
    }
    if (this.#mode === 'follow' && gatherMs > 0) await clock.sleep(gatherMs);
  }

  async #retrying<T>(work: () => Promise<T>): Promise<T> {
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      try {
        return await work();
      } catch (error) {
        const reason = (error as Error).message;
        this.#options.log.warn({ epoch: this.#options.epochId, reason }, 'the ledger log could not be posted; trying again');
        this.#options.tell({ kind: 'failed', reason });
        await this.#options.clock.sleep(waitMs);
        await this.#options.refreshPrices().catch(() => {});
      }
    }
  }
}
