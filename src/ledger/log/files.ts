import { closeSync, existsSync, fdatasync, fsyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs';

/** What the log asks of the file system: one place to plant a full disk or a broken one in tests. */
export interface LogFiles {
  makeFolder(path: string): void;
  /** Opens for writing, makes the file when it is missing. */
  open(path: string): number;
  /** Writes all bytes at a position, or throws. */
  write(fd: number, buffer: Buffer, length: number, position: number): void;
  sync(fd: number, done: (error: Error | null) => void): void;
  truncate(fd: number, length: number): void;
  close(fd: number): void;
  remove(path: string): void;
  list(folder: string): string[];
  size(path: string): number;
}

export const realFiles: LogFiles = {
  makeFolder(path) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  open(path) {
    const made = !existsSync(path);
    const fd = openSync(path, made ? 'wx' : 'r+', 0o600);
    if (made) syncFolder(path.slice(0, path.lastIndexOf('/')));
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
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  size: (path) => statSync(path).size,
};

/** A new file's name is durable only when its folder is synced. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
