import { closeSync, existsSync, fdatasync, fsyncSync, ftruncateSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the log asks of the file system: one place to plant a full disk or a broken one in tests. */
export interface LogFiles {
  /** Makes it, and what is missing above it, to last. */
  makeFolder(path: string): void;
  /** Opens for writing, makes the file when it is missing. */
  open(path: string): number;
  /** Writes all bytes at a position, or throws. */
  write(fd: number, buffer: Buffer, length: number, position: number): void;
  sync(fd: number, done: (error: Error | null) => void): void;
  truncate(fd: number, length: number): void;
  close(fd: number): void;
  remove(path: string): void;
}

export const realFiles: LogFiles = {
  makeFolder(path) {
    const first = mkdirSync(path, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
  },
  open(path) {
    const made = !existsSync(path);
    const fd = openSync(path, made ? 'wx' : 'r+', 0o600);
    if (made) syncFolder(dirname(path));
    return fd;
  },
  write(fd, buffer, length, position) {
    let done = 0;
    while (done < length) done += writeSync(fd, buffer, done, length - done, position + done);
  },
  sync: (fd, done) => fdatasync(fd, done),
  truncate: ftruncateSync,
  close: closeSync,
  remove: unlinkSync,
};

/** A new name is durable only when the folder that it stands in is synced. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
