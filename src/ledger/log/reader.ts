import { closeSync, openSync, readSync, readdirSync } from 'node:fs';
import { readRecord, type LogRecord } from './record.ts';
import { isBefore, segmentNumbers, segmentPath, type LogPosition } from './segments.ts';

/** Half a thousand records or so: a poster reads in slices. What is read is copied out of it, so one is enough. */
const chunk = Buffer.allocUnsafeSlow(262_144);

export interface LogBatch {
  readonly records: LogRecord[];
  /** Where the next batch starts. */
  readonly next: LogPosition;
  /** Nothing more is to be read before the limit, or before the valid end. */
  readonly drained: boolean;
}

/**
 * Reads up to `most` records from `from`. A live log is read up to `limit`, which its writer says is
 * written; a dead one (`limit` null) to its end, where a torn or damaged record and what follows it is cut.
 * @throws Error when a live log is damaged before its limit, or a segment in the middle is missing.
 */
export function readLog(folder: string, from: LogPosition, limit: LogPosition | null, most: number): LogBatch {
  const segments = segmentNumbers(listFolder(folder));
  const records: LogRecord[] = [];
  let at = from;
  for (const segment of segments) {
    if (segment < from.segment) continue;
    if (limit !== null && segment > limit.segment) break;
    if (segment > at.segment) at = { segment, offset: 0 };
    const end = limit !== null && segment === limit.segment ? limit.offset : null;
    const offset = readSegment(segmentPath(folder, segment), at.offset, end, most, records);
    at = { segment, offset };
    if (records.length >= most) return { records, next: at, drained: false };
    if (limit !== null && segment === limit.segment && isBefore(at, limit)) {
      throw new Error(`the log ${segmentPath(folder, segment)} is damaged at byte ${offset}`);
    }
  }
  return { records, next: at, drained: true };
}

function readSegment(path: string, offset: number, limit: number | null, most: number, into: LogRecord[]): number {
  const fd = openSync(path, 'r');
  try {
    let buffer = chunk;
    let position = offset;
    while (into.length < most) {
      const wanted = limit === null ? buffer.length : Math.min(buffer.length, limit - position);
      const length = wanted > 0 ? readSync(fd, buffer, 0, wanted, position) : 0;
      let at = 0;
      let outcome: LogRecord | 'short' | 'damaged' = 'short';
      while (into.length < most) {
        outcome = readRecord(buffer, at, length, position);
        if (typeof outcome === 'string') break;
        into.push(outcome);
        at = outcome.end - position;
      }
      position += at;
      if (into.length >= most || outcome === 'damaged') return position;
      if (at > 0) continue;
      // Nothing whole in a full buffer: the record is longer than it. Nothing whole in less: the end.
      if (length < buffer.length) return position;
      buffer = Buffer.allocUnsafe(buffer.length * 2);
    }
    return position;
  } finally {
    closeSync(fd);
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
