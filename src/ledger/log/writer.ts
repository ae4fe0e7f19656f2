import { join } from 'node:path';
import { TandemError, type Clock, type Logger } from '../../base/index.ts';
import { BatchBuffer } from './batch-buffer.ts';
import { realFiles, type LogFiles } from './files.ts';
import { RECORD, type RecordType } from './record.ts';
import { segmentPath, type LogPosition } from './segments.ts';
import { SyncCycle } from './sync-cycle.ts';

export interface LogLimits {
  /** A new segment begins when the current one would grow beyond this. */
  readonly segmentBytes: number;
  /** Admission stops when more than this is written and not posted. */
  readonly backlogBytes: number;
  readonly backlogRecords: number;
  /** Kept aside, so that calls which are running can end in the log when the disk is full. */
  readonly reserveBytes: number;
}

export const LOG_LIMITS: LogLimits = { segmentBytes: 64 * 1_048_576, backlogBytes: 1_024 * 1_048_576, backlogRecords: 4_000_000, reserveBytes: 2 * 1_048_576 };

const RETRY_MS = 100;

export interface LogWriterOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** A record counts as written only once it is synced. */
  readonly strict: boolean;
  readonly limits?: Partial<LogLimits>;
  readonly files?: LogFiles;
  /** Called after each write with how far the log is whole: the poster reads up to there. */
  readonly onWritten?: (position: LogPosition) => void;
}

/**
 * The append-only log of one epoch. The records of one turn of the event loop are written with one
 * system call at its end; a sync starts at most 10 ms after a write, one at a time. When the disk
 * refuses, admissions are turned away, final records are kept and written as soon as it takes them again.
 */
export class LogWriter {
  readonly folder: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #strict: boolean;
  readonly #limits: LogLimits;
  readonly #files: LogFiles;
  readonly #onWritten: (position: LogPosition) => void;
  readonly #sync: SyncCycle;
  readonly #stop = new AbortController();
  readonly #segmentBytes = new Map<number, number>();
  #fd: number;
  #segment = 1;
  #offset = 0;
  #number = 0;
  #batch = new BatchBuffer();
  #flushDue = false;
  #failure: string | null = null;
  #retrying: Promise<void> | undefined;
  #posted: LogPosition & { readonly number: number } = { segment: 1, offset: 0, number: 0 };
  #reserved = false;

  constructor(options: LogWriterOptions) {
    this.folder = options.folder;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#strict = options.strict;
    this.#limits = { ...LOG_LIMITS, ...options.limits };
    this.#files = options.files ?? realFiles;
    this.#onWritten = options.onWritten ?? (() => {});
    this.#sync = new SyncCycle({
      files: this.#files, clock: this.#clock, strict: this.#strict,
      onFailure: (error) => this.#syncFailed(error),
    });
    this.#files.makeFolder(this.folder);
    this.#fd = this.#files.open(segmentPath(this.folder, 1));
    this.#reserve();
    if (this.#failure !== null) this.#repair(() => this.#retry());
  }

  /** Why no call may be admitted now; null: calls may be. */
  refusal(): string | null {
    if (this.#failure !== null) return this.#failure;
    const { backlogRecords, backlogBytes } = this.#limits;
    if (this.backlogRecords() > backlogRecords) return `the ledger is ${this.backlogRecords()} records behind`;
    if (this.backlogBytes() > backlogBytes) return `the ledger's log is full: ${this.backlogBytes()} bytes wait to be posted`;
    return null;
  }

  /**
   * Resolves when the record is in the log (strict: on disk).
   * @throws TandemError ledger_unavailable for an admission while the log cannot take it.
   */
  append(type: RecordType, payload: string): Promise<void> {
    if (type === RECORD.admission && this.#failure !== null) throw this.#unavailable(this.#failure);
    this.#number += 1;
    const waiting = this.#batch.add(type, this.#number, payload);
    if (!this.#flushDue && this.#retrying === undefined) {
      this.#flushDue = true;
      setImmediate(() => this.#flush());
    }
    return waiting;
  }

  /** The poster's watermark: what lies before it no longer counts as backlog. */
  posted(position: LogPosition, number: number): void {
    this.#posted = { ...position, number };
    for (const segment of this.#segmentBytes.keys()) if (segment < position.segment) this.#segmentBytes.delete(segment);
  }

  position(): LogPosition {
    return { segment: this.#segment, offset: this.#offset };
  }

  backlogRecords(): number {
    return Math.max(0, this.#number - this.#posted.number);
  }

  backlogBytes(): number {
    let bytes = this.#offset;
    for (const size of this.#segmentBytes.values()) bytes += size;
    return Math.max(0, bytes - this.#posted.offset);
  }

  /** Age of the oldest record that could be lost with the machine; 0 when all is synced. */
  unsyncedAgeMs(): number {
    return this.#sync.ageMs();
  }

  /** Writes and syncs what is there, then closes. Gives up on a disk that refuses. */
  async close(): Promise<void> {
    if (this.#flushDue) this.#flush();
    this.#stop.abort(new Error('the log is closed'));
    await this.#retrying;
    await this.#sync.settle();
    this.#files.close(this.#fd);
    this.#dropReserve();
  }

  #flush(): void {
    this.#flushDue = false;
    if (this.#batch.isEmpty || this.#retrying !== undefined) return;
    const batch = this.#batch;
    this.#batch = this.#sync.recycled() ?? new BatchBuffer();
    try {
      this.#write(batch);
    } catch (error) {
      this.#writeFailed(error as NodeJS.ErrnoException, batch);
    }
  }

  #write(batch: BatchBuffer): void {
    if (this.#offset > 0 && this.#offset + batch.length > this.#limits.segmentBytes) this.#roll();
    try {
      this.#files.write(this.#fd, batch.bytes, batch.length, this.#offset);
    } catch (error) {
      this.#cutTail();
      throw error;
    }
    this.#offset += batch.length;
    this.#onWritten(this.position());
    this.#sync.wrote(this.#fd, batch);
  }

  /** A write that failed may have left whole records, which must not be read as if they counted. */
  #cutTail(): void {
    try {
      this.#files.truncate(this.#fd, this.#offset);
    } catch {
      // The disk refuses everything now; the next write goes over it.
    }
  }

  #roll(): void {
    const next = this.#files.open(segmentPath(this.folder, this.#segment + 1));
    this.#sync.retire(this.#fd);
    this.#segmentBytes.set(this.#segment, this.#offset);
    this.#fd = next;
    this.#segment += 1;
    this.#offset = 0;
  }

  #writeFailed(error: NodeJS.ErrnoException, batch: BatchBuffer): void {
    const reason = reasonOf(error);
    if (this.#failure === null) this.#log.error({ reason, code: error.code }, 'the ledger log cannot be written; no calls are admitted until it can');
    this.#failure = reason;
    this.#batch = batch;
    // What ends a call is never dropped. What would begin one is: its caller is told.
    this.#number = batch.keepEnds(this.#unavailable(reason));
    this.#dropReserve();
    this.#repair(() => this.#retry());
  }

  /** Nothing else is written meanwhile. A second repair follows the first: a disk may fail in two ways at once. */
  #repair(work: () => Promise<void>): void {
    const mine: Promise<void> = (this.#retrying?.then(work) ?? work()).finally(() => {
      if (this.#retrying !== mine) return;
      this.#retrying = undefined;
      this.#flush();
    });
    this.#retrying = mine;
  }

  /** Tries again until the disk takes what is kept, or the log is closed. */
  async #retry(): Promise<void> {
    for (let first = true; ; first = false) {
      if (!first) {
        try {
          await this.#clock.sleep(RETRY_MS, this.#stop.signal);
        } catch {
          this.#batch.fail(this.#unavailable(this.#failure ?? 'the server is stopping'));
          return;
        }
      }
      const batch = this.#batch;
      try {
        if (!batch.isEmpty) {
          this.#write(batch);
          this.#batch = new BatchBuffer();
        }
        this.#reserve();
        if (!this.#reserved && this.#limits.reserveBytes > 0) continue;
        this.#failure = null;
        this.#log.info({}, 'the ledger log can be written again');
        return;
      } catch (error) {
        this.#failure = reasonOf(error as NodeJS.ErrnoException);
      }
    }
  }

  /** After a failed sync the kernel may have dropped the pages: everything since the last good one is written again, elsewhere. */
  #syncFailed(error: NodeJS.ErrnoException): void {
    const reason = reasonOf(error);
    this.#failure = reason;
    this.#log.error({ reason, code: error.code }, 'the ledger log cannot be synced; no calls are admitted until it can');
    this.#repair(() => this.#rewrite(reason));
  }

  async #rewrite(reason: string): Promise<void> {
    this.#failure = reason;
    while (!this.#stop.signal.aborted) {
      try {
        this.#roll();
        for (const batch of this.#sync.unsynced()) {
          this.#files.write(this.#fd, batch.bytes, batch.length, this.#offset);
          this.#offset += batch.length;
        }
        await this.#sync.retry(this.#fd, () => {
          this.#failure = null;
        });
        this.#onWritten(this.position());
        this.#log.info({}, 'the ledger log is synced again');
        return;
      } catch (error) {
        this.#failure = reasonOf(error as NodeJS.ErrnoException);
        await this.#clock.sleep(RETRY_MS, this.#stop.signal).catch(() => {});
      }
    }
    this.#sync.giveUp(this.#unavailable(this.#failure ?? 'the server is stopping'));
  }

  #reserve(): void {
    if (this.#reserved || this.#limits.reserveBytes === 0) return;
    const path = join(this.folder, 'reserve');
    try {
      const fd = this.#files.open(path);
      try {
        this.#files.write(fd, Buffer.alloc(this.#limits.reserveBytes), this.#limits.reserveBytes, 0);
      } finally {
        this.#files.close(fd);
      }
      this.#reserved = true;
    } catch (error) {
      this.#failure = reasonOf(error as NodeJS.ErrnoException);
      this.#removeReserve();
    }
  }

  #dropReserve(): void {
    if (this.#reserved) this.#removeReserve();
    this.#reserved = false;
  }

  #removeReserve(): void {
    try {
      this.#files.remove(join(this.folder, 'reserve'));
    } catch {
      // It was not there: nothing to free.
    }
  }

  #unavailable(reason: string): TandemError {
    return new TandemError('ledger_unavailable', { params: { reason }, retryAfterSeconds: 1 });
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return "the disk of the ledger's log is full";
  if (error.code === 'EROFS') return "the disk of the ledger's log is read-only";
  return `the ledger's log cannot be written (${error.code ?? 'unknown error'})`;
}
