import type { EpochState } from '../epochs/epochs.ts';
import type { UsageEvent } from '../events/usage-event.ts';
import { readLog } from '../log/reader.ts';
import type { LogPosition } from '../log/segments.ts';
import { CallReading, type OpenCall, type PriceOf } from './open-calls.ts';

/** Records that are read and rated in one go: some three milliseconds, after which whatever waits gets on. */
const SLICE = 500;

/** The next records of a log, up to a number of them, as events, a slice at a time. */
export class BatchReader {
  readonly calls: CallReading;
  position: LogPosition;
  /** Nothing more is to be read before the limit. */
  drained = false;
  readonly #folder: string;
  readonly #limit: LogPosition | null;
  #left: number;

  /** `limit`: how far a live log is written; null: a dead one, to its end. `most`: records. */
  constructor(folder: string, from: EpochState, open: ReadonlyMap<string, OpenCall>, priceOf: PriceOf, limit: LogPosition | null, most: number) {
    this.calls = new CallReading(open, from, priceOf);
    this.position = from.position;
    this.#folder = folder;
    this.#limit = limit;
    this.#left = most;
  }

  /** Null: the batch is full, or nothing more is there. @throws Error when a live log is damaged. */
  next(): UsageEvent[] | null {
    if (this.#left <= 0 || this.drained || this.calls.missing !== null) return null;
    const { records, next, drained } = readLog(this.#folder, this.position, this.#limit, Math.min(SLICE, this.#left));
    this.#left -= records.length;
    this.position = next;
    this.drained = drained;
    return records.length === 0 ? null : this.calls.read(records);
  }
}
