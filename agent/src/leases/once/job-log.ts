import { closeSync, existsSync, mkdirSync, openSync, readSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a job has printed from a place on, as far as it is kept. */
export interface LogPart {
  /** How many bytes came before the first of these. */
  readonly from: number;
  readonly bytes: Buffer;
  /** Before this nothing is kept any more. */
  readonly first: number;
  /** All that it has printed. */
  readonly total: number;
}

const PART_BYTES = 4 * 1024 * 1024;
const MOST_PARTS = 2;

/** What a job prints, in files that are named by where they begin. The last 4 to 8 MiB are kept. */
export class JobLog {
  readonly #folder: string;
  readonly #partBytes: number;
  #file: number | undefined;
  #room = 0;
  #total: number;

  constructor(folder: string, partBytes = PART_BYTES) {
    this.#folder = folder;
    this.#partBytes = partBytes;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#total = endOf(folder, partsOf(folder));
  }

  add(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0;) {
      if (this.#file === undefined || this.#room === 0) this.#begin();
      const written = writeSync(this.#file!, rest, 0, Math.min(rest.length, this.#room));
      this.#room -= written;
      this.#total += written;
      rest = rest.subarray(written);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #begin(): void {
    this.close();
    this.#file = openSync(join(this.#folder, String(this.#total)), 'wx', 0o600);
    this.#room = this.#partBytes;
    for (const part of partsOf(this.#folder).slice(0, -MOST_PARTS)) rmSync(join(this.#folder, String(part)));
  }
}

/** @param from null: the end. What is not kept any more is left out: the answer says where it begins. */
export function readLog(folder: string, from: number | null, most: number): LogPart {
  const parts = existsSync(folder) ? partsOf(folder) : [];
  const [first, total] = [parts[0] ?? 0, endOf(folder, parts)];
  const start = Math.min(total, Math.max(first, from ?? total - most));
  const pieces: Buffer[] = [];
  let at = start;
  for (const [index, part] of parts.entries()) {
    const end = Math.min(parts[index + 1] ?? total, start + most);
    if (end <= at || part > at) continue;
    const piece = Buffer.alloc(end - at);
    const file = openSync(join(folder, String(part)), 'r');
    try {
      pieces.push(piece.subarray(0, readSync(file, piece, 0, piece.length, at - part)));
    } finally {
      closeSync(file);
    }
    at = end;
  }
  return { from: start, bytes: Buffer.concat(pieces), first, total };
}

function partsOf(folder: string): number[] {
  return readdirSync(folder).filter((name) => /^\d{1,15}$/.test(name)).map(Number).toSorted((a, b) => a - b);
}

function endOf(folder: string, parts: readonly number[]): number {
  const last = parts.at(-1);
  return last === undefined ? 0 : last + statSync(join(folder, String(last))).size;
}
