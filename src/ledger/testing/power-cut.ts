import { writeSync } from 'node:fs';
import type { LogFiles } from '../log/files.ts';

/** When the power goes. */
export interface PowerCutAt {
  /** From this sync of a segment on, one is never answered. */
  readonly syncs: number;
  /** Which: the next one, or the next of a segment that is full, while the sync of the segment behind it succeeds. */
  readonly which: 'any' | 'full segment';
  /** So many more calls are acknowledged before the power goes; with 0 it goes during that sync. */
  readonly acknowledged: number;
  /** The poster stands still from this many acknowledged calls on, so that it is behind. */
  readonly posterStops: number;
}

/**
 * Real files that know which of their bytes are on disk, and end this process and its poster at a moment given. What
 * they know is written to a file before anybody hears of a sync: `synced PATH BYTES`, and `acknowledged N` when
 * everything is on disk that was written before the Nth call was acknowledged.
 */
export class PowerCut implements LogFiles {
  readonly #files: LogFiles;
  readonly #record: number;
  readonly #at: PowerCutAt;
  readonly #open = new Map<number, { readonly path: string; written: number }>();
  /** Syncs that run, by file, with how many calls were acknowledged when they began. */
  readonly #running = new Map<number, number>();
  #newest = -1;
  #syncs = 0;
  #held = false;
  #acknowledged = 0;
  #acknowledgedSinceHeld = 0;
  #posterPid: (() => number | null) | undefined;

  constructor(files: LogFiles, record: number, at: PowerCutAt) {
    this.#files = files;
    this.#record = record;
    this.#at = at;
  }

  armFor(posterPid: () => number | null): void {
    this.#posterPid = posterPid;
  }

  acknowledged(): void {
    this.#acknowledged += 1;
    if (this.#acknowledged === this.#at.posterStops) this.#signalPoster('SIGSTOP');
    if (!this.#held) return;
    this.#acknowledgedSinceHeld += 1;
    if (this.#acknowledgedSinceHeld === this.#at.acknowledged) this.#cut();
  }

  open(path: string): number {
    const fd = this.#files.open(path);
    this.#open.set(fd, { path, written: 0 });
    if (path.endsWith('.log')) this.#newest = fd;
    return fd;
  }

  write(fd: number, buffer: Buffer, length: number, position: number): void {
    this.#files.write(fd, buffer, length, position);
    const file = this.#open.get(fd)!;
    file.written = Math.max(file.written, position + length);
  }

  sync(fd: number, done: (error: Error | null) => void): void {
    const { path, written } = this.#open.get(fd)!;
    this.#syncs += 1;
    this.#running.set(fd, this.#acknowledged);
    if (!this.#held && this.#posterPid !== undefined && this.#syncs >= this.#at.syncs && (this.#at.which === 'any' || fd !== this.#newest)) {
      this.#held = true;
      // The sync that began in the same moment, of the segment behind a full one, gets its time.
      if (this.#at.acknowledged === 0) setTimeout(() => this.#cut(), 20);
      return;
    }
    this.#files.sync(fd, (error) => {
      if (error === null) this.#note(`synced ${path} ${written}`);
      const before = this.#running.get(fd);
      this.#running.delete(fd);
      if (error === null && this.#running.size === 0) this.#note(`acknowledged ${before}`);
      done(error);
    });
  }

  makeFolder(path: string): void {
    this.#files.makeFolder(path);
  }

  truncate(fd: number, length: number): void {
    this.#files.truncate(fd, length);
    this.#open.get(fd)!.written = length;
  }

  close(fd: number): void {
    this.#open.delete(fd);
    this.#files.close(fd);
  }

  remove(path: string): void {
    this.#files.remove(path);
  }

  #note(line: string): void {
    writeSync(this.#record, `${line}\n`);
  }

  /** Both at once, in the middle of whatever they do: neither can finish what the other left. */
  #cut(): void {
    this.#signalPoster('SIGKILL');
    process.kill(process.pid, 'SIGKILL');
  }

  #signalPoster(signal: 'SIGSTOP' | 'SIGKILL'): void {
    const pid = this.#posterPid?.() ?? null;
    if (pid !== null) process.kill(pid, signal);
  }
}
