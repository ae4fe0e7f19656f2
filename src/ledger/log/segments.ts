import { join } from 'node:path';

/** A place in an epoch's log. */
export interface LogPosition {
  /** 1, 2, 3 …; 0: before the first segment. */
  readonly segment: number;
  /** Bytes from the segment's start. */
  readonly offset: number;
}

export const LOG_START: LogPosition = { segment: 1, offset: 0 };

export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(6, '0')}.log`);
}

/** The segments' numbers among a folder's names, ascending. */
export function segmentNumbers(names: readonly string[]): number[] {
  return names.flatMap((name) => (/^\d{6,}\.log$/.test(name) ? [Number.parseInt(name, 10)] : [])).sort((a, b) => a - b);
}

export function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}
