import type { Clock } from '../../base/index.ts';
import type { BatchBuffer } from './batch-buffer.ts';
import type { LogFiles } from './files.ts';

/**
 * A sync starts this long after the oldest write that it brings to disk, unless one is running; money.md allows 10 ms, of which a timer
 * and a busy event loop take some. A sync costs the processor a quarter of a millisecond, however much there is to write.
 */
const DELAY_MS = 8;
/** A buffer that a burst made large is not kept. */
const KEPT_BUFFER_BYTES = 1_048_576;
/**
 * Of all that are kept. With fewer than one sync needs, every call would bring new memory outside of the heap, for which V8 looks through
 * the whole heap several times a second; on one core that takes it half of its time.
 */
const KEPT_BYTES = 16 * 1_048_576;
/** What was not needed for so long is given back: else one slow sync would be paid for by memory for ever. */
const UNUSED_MS = 60_000;

/**
 * When written bytes are brought to disk. Keeps the batches until they are, so that they can be
 * written again where a sync fails, and lends their memory out again afterwards.
 */
export class SyncCycle {
  readonly #files: LogFiles;
  readonly #clock: Clock;
  readonly #strict: boolean;
  readonly #onFailure: (error: Error) => void;
  readonly #free: BatchBuffer[] = [];
  #freeBytes = 0;
  /** How few batches have been free at once, and since when that is counted: so many were not needed. */
  #fewestFree = 0;
  #countedSinceMs = 0;
  #written: { batch: BatchBuffer; atMs: number }[] = [];
  #syncing: { batch: BatchBuffer; atMs: number }[] = [];
  #fd = -1;
  #retired: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #failed = false;

  constructor(options: { files: LogFiles; clock: Clock; strict: boolean; onFailure: (error: Error) => void }) {
    this.#files = options.files;
    this.#clock = options.clock;
    this.#strict = options.strict;
    this.#onFailure = options.onFailure;
  }

  /** A batch was written to `fd`. Outside strict mode those who wait for it go on now. */
  wrote(fd: number, batch: BatchBuffer): void {
    this.#fd = fd;
    this.#written.push({ batch, atMs: this.#clock.monotonicMs() });
    if (!this.#strict) batch.done();
    this.#schedule();
  }

  /** The file gets no more writes: it is closed after the next sync. */
  retire(fd: number): void {
    this.#retired.push(fd);
  }

  /** An empty batch whose memory has been used before. */
  recycled(): BatchBuffer | undefined {
    const batch = this.#free.pop();
    if (batch !== undefined) this.#freeBytes -= batch.bytes.length;
    this.#fewestFree = Math.min(this.#fewestFree, this.#free.length);
    return batch;
  }

  ageMs(): number {
    const oldest = this.#syncing[0] ?? this.#written[0];
    return oldest === undefined ? 0 : this.#clock.monotonicMs() - oldest.atMs;
  }

  /** Written and not known to be on disk, oldest first. */
  unsynced(): BatchBuffer[] {
    return [...this.#syncing, ...this.#written].map((one) => one.batch);
  }

  /** Syncs the file to which everything unsynced was written again. */
  async retry(fd: number, onSynced: () => void): Promise<void> {
    this.#fd = fd;
    await new Promise<void>((resolve, reject) => this.#files.sync(fd, (error) => (error ? reject(error) : resolve())));
    onSynced();
    this.#finish([...this.#syncing, ...this.#written]);
    this.#syncing = [];
    this.#written = [];
    this.#failed = false;
    this.#closeRetired();
  }

  giveUp(error: Error): void {
    for (const batch of this.unsynced()) batch.fail(error);
  }

  /** Resolves when everything is synced or has failed. */
  async settle(): Promise<void> {
    while (!this.#failed && (this.#running !== undefined || this.#written.length > 0)) {
      if (this.#running === undefined) this.#start();
      await this.#running;
    }
    clearTimeout(this.#timer);
    this.#closeRetired();
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#timer !== undefined || this.#failed) return;
    const waitedMs = this.#strict ? DELAY_MS : this.ageMs();
    if (waitedMs >= DELAY_MS) this.#start();
    else this.#timer = setTimeout(() => this.#start(), DELAY_MS - waitedMs);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined || this.#failed) return;
    this.#syncing = this.#written;
    this.#written = [];
    // A file that is retired while this sync runs has had writes since it began: it waits for the next one.
    const retired = [...this.#retired];
    this.#running = Promise.all([...retired, this.#fd].map((fd) => this.#syncOne(fd))).then(
      () => {
        this.#running = undefined;
        this.#finish(this.#syncing);
        this.#syncing = [];
        for (const fd of retired) this.#close(fd);
        if (this.#written.length > 0) this.#schedule();
      },
      (error: Error) => {
        this.#running = undefined;
        this.#failed = true;
        this.#onFailure(error);
      },
    );
  }

  #syncOne(fd: number): Promise<void> {
    return new Promise((resolve, reject) => this.#files.sync(fd, (error) => (error ? reject(error) : resolve())));
  }

  #finish(batches: readonly { batch: BatchBuffer }[]): void {
    for (const { batch } of batches) {
      if (this.#strict) batch.done();
      const { length } = batch.bytes;
      if (length > KEPT_BUFFER_BYTES || this.#freeBytes + length > KEPT_BYTES) continue;
      batch.reset();
      this.#free.push(batch);
      this.#freeBytes += length;
    }
    this.#giveBackUnused();
  }

  /** The last batch is lent out first, so those that nobody needed are the first ones. */
  #giveBackUnused(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#countedSinceMs < UNUSED_MS) return;
    for (const { bytes } of this.#free.splice(0, this.#fewestFree)) this.#freeBytes -= bytes.length;
    this.#fewestFree = this.#free.length;
    this.#countedSinceMs = nowMs;
  }

  #closeRetired(): void {
    for (const fd of this.#retired) this.#close(fd);
  }

  #close(fd: number): void {
    this.#retired = this.#retired.filter((other) => other !== fd);
    try {
      this.#files.close(fd);
    } catch {
      // Broken already; nothing is written there any more.
    }
  }
}
