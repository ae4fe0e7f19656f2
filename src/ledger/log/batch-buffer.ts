import { RECORD, readRecord, recordBound, writeRecord, type RecordType } from './record.ts';

/** Room for the records of a turn in which little happens: a busy process that is not full writes some hundred batches before a sync is over. */
const FIRST_BYTES = 4_096;

/** Records that go to disk together, and who waits for them. */
export class BatchBuffer {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;
  /** Number of the first record. */
  #first = 0;
  #begins = waiting();
  #ends = waiting();

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** The promise settles with the batch. Those who begin a call wait apart from those who end one: they fail apart. */
  add(type: RecordType, number: number, payload: string): Promise<void> {
    const needed = this.length + recordBound(payload);
    if (needed > this.bytes.length) this.#grow(needed);
    if (this.length === 0) this.#first = number;
    this.length = writeRecord(this.bytes, this.length, type, number, payload);
    return type === RECORD.admission ? this.#begins.promise : this.#ends.promise;
  }

  done(): void {
    this.#begins.resolve();
    this.#ends.resolve();
  }

  fail(error: Error): void {
    this.#begins.reject(error);
    this.#ends.reject(error);
  }

  /**
   * Drops the admissions, whose callers get `error`, numbers the rest anew and returns the last number.
   */
  keepEnds(error: Error): number {
    const old = this.bytes;
    const end = this.length;
    this.bytes = Buffer.allocUnsafeSlow(old.length);
    this.length = 0;
    let number = this.#first - 1;
    for (let at = 0; at < end;) {
      const record = readRecord(old, at, end);
      if (typeof record === 'string') throw new Error('a batch in memory does not read back');
      at = record.end;
      if (record.type === RECORD.admission) continue;
      number += 1;
      this.length = writeRecord(this.bytes, this.length, record.type, number, record.payload);
    }
    this.#begins.reject(error);
    this.#begins = waiting();
    return number;
  }

  /** Makes it an empty one again. */
  reset(): void {
    this.length = 0;
    this.#begins = waiting();
    this.#ends = waiting();
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

function waiting(): PromiseWithResolvers<void> {
  const one = Promise.withResolvers<void>();
  // A batch may hold nobody who waits for one of the two.
  one.promise.catch(() => {});
  return one;
}
