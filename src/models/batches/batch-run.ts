import { isTandemError, type Clock, type Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { LedgerPort } from '../ports.ts';
import { writeBatchFiles } from './batch-files.ts';
import type { BatchRow } from './batch-object.ts';
import type { BatchStore, TakenLine } from './batch-store.ts';
import { checkLine, isFault } from './check-line.ts';
import { linesOf } from './input-lines.ts';
import type { LineRunner } from './line-runner.ts';

export interface BatchRunOptions {
  readonly database: Database;
  readonly store: BatchStore;
  readonly content: ContentStore;
  readonly ledger: Pick<LedgerPort, 'epochId' | 'delivered'>;
  readonly runner: Pick<LineRunner, 'run'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
}

type Fault = BatchRow['faults'][number];

/** As OpenAI's guide to the Batch API has them. */
const MOST_LINES = 50_000;
const MOST_LINE_BYTES = 16 * 1024 * 1024;
const MOST_FAULTS = 100;
const LINES_AT_ONCE = 100;
/** Calls of one batch that this process has in flight. */
const PARALLEL = 8;
const LOOK_MS = 1_000;

/** Brings one batch from the state it is in to its end, as long as the lease is held. */
export class BatchRun {
  readonly #options: BatchRunOptions;
  readonly #signal: AbortSignal;
  /** Lines whose attempt this process is at. */
  readonly #mine = new Set<number>();
  #batch: BatchRow;
  #quietUntilMs = 0;
  /** Another process has the batch. */
  #gone = false;

  /** @param signal aborts when the process stops, or another one has the batch. */
  constructor(options: BatchRunOptions, batch: BatchRow, signal: AbortSignal) {
    this.#options = options;
    this.#batch = batch;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    if (this.#batch.state === 'validating') await this.#validate();
    if (this.#batch.state === 'in_progress') await this.#runLines();
    if (this.#signal.aborted || this.#gone) return;
    if (this.#batch.state === 'in_progress' || this.#batch.state === 'finalizing' || this.#batch.state === 'cancelling') await this.#finish();
  }

  /** Reads the whole input before a line is run: a batch with a fault in it runs nothing. */
  async #validate(): Promise<void> {
    const { store, content } = this.#options;
    const batch = this.#batch;
    await store.clearLines(batch);
    const faults: Fault[] = [];
    const seen = new Set<string>();
    let waiting: { line: number; customId: string; body: unknown }[] = [];
    for await (const { number, text } of linesOf(content.read({ organisationId: batch.organisation_id, id: batch.input_file_id }), MOST_LINE_BYTES)) {
      if (this.#signal.aborted) return;
      const line = text === null ? { code: 'invalid_json_line', message: `This line is not UTF-8, or longer than ${MOST_LINE_BYTES} bytes.`, param: null } : checkLine(text, batch.endpoint);
      if (isFault(line)) {
        faults.push({ ...line, line: number });
      } else if (seen.has(line.customId)) {
        faults.push({ code: 'duplicate_custom_id', message: 'Another line has this custom_id.', param: 'custom_id', line: number });
      } else {
        seen.add(line.customId);
        waiting.push({ line: number, ...line });
      }
      if (seen.size > MOST_LINES) faults.push({ code: 'too_many_lines', message: `A batch has at most ${MOST_LINES} lines.`, param: null, line: number });
      if (faults.length >= MOST_FAULTS || seen.size > MOST_LINES) break;
      if (waiting.length < LINES_AT_ONCE) continue;
      if (faults.length === 0) await store.addLines(batch, waiting);
      waiting = [];
    }
    if (seen.size === 0 && faults.length === 0) faults.push({ code: 'empty_file', message: 'The input file holds no line, or was deleted.', param: 'input_file_id', line: null });
    if (faults.length > 0) return this.#fail(faults);
    await store.addLines(batch, waiting);
    await this.#move({ state: 'in_progress', in_progress_at: this.#now(), total: seen.size });
  }

  async #fail(faults: readonly Fault[]): Promise<void> {
    await this.#options.store.clearLines(this.#batch);
    await this.#move({ state: 'failed', failed_at: this.#now(), faults: JSON.stringify(faults), lease_until: null });
  }

  async #runLines(): Promise<void> {
    const { store, ledger, clock } = this.#options;
    const running = new Set<Promise<void>>();
    let lookedMs = Number.NEGATIVE_INFINITY;
    while (!this.#signal.aborted) {
      const now = await store.read(this.#batch);
      if (now === null) {
        this.#gone = true;
        break;
      }
      this.#batch = now;
      if (now.state !== 'in_progress' || now.expires_at.getTime() <= clock.nowMs()) break;
      if (clock.monotonicMs() - lookedMs >= LOOK_MS) {
        lookedMs = clock.monotonicMs();
        await this.#takeBack();
      }
      const quiet = clock.monotonicMs() < this.#quietUntilMs;
      while (!quiet && running.size < PARALLEL) {
        const line = await store.takeLine(this.#batch, ledger.epochId);
        if (line === null) break;
        const run: Promise<void> = this.#runLine(line).finally(() => running.delete(run));
        running.add(run);
      }
      if (running.size === 0 && !quiet && !(await store.hasOpenLines(this.#batch))) break;
      // A line that ended makes room for the next; everything else is looked at once a second.
      await Promise.race([...running, this.#sleep()]);
    }
    await Promise.all(running);
  }

  async #runLine(line: TakenLine): Promise<void> {
    this.#mine.add(line.line);
    const waitMs = await this.#options.runner.run(this.#batch, line, this.#signal);
    this.#mine.delete(line.line);
    if (waitMs > 0) this.#quietUntilMs = Math.max(this.#quietUntilMs, this.#options.clock.monotonicMs() + waitMs);
  }

  /**
   * Lines that an ended process had begun wait for another attempt, once its log is posted to the end: then it is known
   * whether the call was charged, and the next attempt is not charged again.
   */
  async #takeBack(): Promise<void> {
    const { store, ledger } = this.#options;
    for (const line of await store.runningLines(this.#batch)) {
      if (line.epochId === ledger.epochId) {
        // Taken by a statement whose answer never came: its call was not begun.
        if (!this.#mine.has(line.line)) await store.putBack(this.#batch, line);
        continue;
      }
      const delivered = line.epochId === null ? new Set<string>() : await ledger.delivered(line.epochId, this.#batch.organisation_id, line.callIds);
      if (delivered !== null) await store.putBack(this.#batch, line, delivered.size > 0);
    }
  }

  async #finish(): Promise<void> {
    const { database, store, content, newId, clock } = this.#options;
    if (this.#batch.state === 'in_progress') await this.#move({ state: 'finalizing', finalizing_at: this.#now() });
    if (this.#gone || this.#batch.state === 'in_progress') return;
    const batch = this.#batch;
    const why: 'cancelled' | 'expired' | 'completed' = batch.cancelling_at !== null ? 'cancelled' : (await store.hasOpenLines(batch)) ? 'expired' : 'completed';
    const written = await writeBatchFiles({ store, content, newId, nowMs: () => clock.nowMs() }, batch, why).catch((error: unknown) => {
      if (isTandemError(error, 'content_not_found')) return null;
      throw error;
    });
    if (written === null) {
      // The project was purged: the batch was cancelled with it.
      this.#gone = true;
      return;
    }
    const { output, errors } = written;
    const ended = await database.transaction(async (tx) => {
      const end = { state: why, output_file_id: output, error_file_id: errors, lease_until: null, [`${why}_at`]: this.#now() } as const;
      const row = await store.change(batch, end, tx);
      if (row !== null) await store.dropContent(batch, tx);
      return row;
    });
    // Another process has the batch and writes files of its own.
    if (ended === null) await this.#drop(batch, [output, errors]);
    else this.#batch = ended;
  }

  async #drop(batch: BatchRow, ids: readonly (string | null)[]): Promise<void> {
    for (const id of ids) if (id !== null) await this.#options.content.drop(batch.organisation_id, id);
  }

  async #move(change: Parameters<BatchStore['change']>[1]): Promise<boolean> {
    const { store } = this.#options;
    const changed = await store.change(this.#batch, change);
    // It may have been cancelled meanwhile: then the run goes on from there.
    const now = changed ?? (await store.read(this.#batch));
    if (now !== null) this.#batch = now;
    else this.#gone = true;
    return changed !== null;
  }

  #now(): Date {
    return new Date(this.#options.clock.nowMs());
  }

  #sleep(): Promise<void> {
    return this.#options.clock.sleep(LOOK_MS, this.#signal).catch(() => {});
  }
}
