import { crc32 } from 'node:zlib';

/** Types of record; the number is on disk, so it never changes its meaning. */
export const RECORD = { admission: 1, progress: 2, final: 3 } as const;
export type RecordType = (typeof RECORD)[keyof typeof RECORD];

/** length u32 (of what follows the checksum) · crc32 u32 (over the same) · type u8 · number f64 · payload. Little endian. */
export const HEADER_BYTES = 8;
const FIXED_BYTES = 9;
/** No payload comes near this; a longer length in a file is damage. */
export const MAX_PAYLOAD_BYTES = 1_048_576;

export interface LogRecord {
  readonly type: RecordType;
  /** 1, 2, 3 … within an epoch, over all its segments: tells a repeated record from a new one. */
  readonly number: number;
  readonly payload: string;
  /** Byte position behind the record in its segment. */
  readonly end: number;
}

/** Bytes that a payload needs at most: three per UTF-16 unit, and the frame. */
export function recordBound(payload: string): number {
  return HEADER_BYTES + FIXED_BYTES + payload.length * 3;
}

/** Writes one record at `at` and returns the position behind it. The caller made sure of `recordBound` bytes. */
export function writeRecord(target: Buffer, at: number, type: RecordType, number: number, payload: string): number {
  const start = at + HEADER_BYTES;
  target[start] = type;
  target.writeDoubleLE(number, start + 1);
  const length = FIXED_BYTES + target.write(payload, start + FIXED_BYTES, 'utf8');
  target.writeUInt32LE(length, at);
  target.writeUInt32LE(crc32(target.subarray(start, start + length)), at + 4);
  return start + length;
}

/**
 * Reads one record. `short`: the bytes end inside it (a torn tail, or more is to be read);
 * `damaged`: length, checksum or type cannot be right.
 */
export function readRecord(source: Buffer, at: number, end: number, base = 0): LogRecord | 'short' | 'damaged' {
  if (end - at < HEADER_BYTES) return 'short';
  const length = source.readUInt32LE(at);
  if (length < FIXED_BYTES || length > FIXED_BYTES + MAX_PAYLOAD_BYTES) return 'damaged';
  const start = at + HEADER_BYTES;
  if (end - start < length) return 'short';
  if (crc32(source.subarray(start, start + length)) !== source.readUInt32LE(at + 4)) return 'damaged';
  const type = source[start];
  if (type !== RECORD.admission && type !== RECORD.progress && type !== RECORD.final) return 'damaged';
  return { type, number: source.readDoubleLE(start + 1), payload: source.toString('utf8', start + FIXED_BYTES, start + length), end: base + start + length };
}
