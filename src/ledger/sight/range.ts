import { TandemError } from '../../base/index.ts';

/** A stretch of time, UTC milliseconds: from `fromMs` on and before `toMs`. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

const LONGEST_MS = 400 * 86_400_000;

/** The range asked for; without a start the last `defaultMs` up to its end, without an end up to now. @throws TandemError invalid_request. */
export function rangeOf(asked: { readonly from?: string | undefined; readonly to?: string | undefined }, nowMs: number, defaultMs: number): Range {
  const toMs = asked.to === undefined ? nowMs : Date.parse(asked.to);
  const fromMs = asked.from === undefined ? toMs - defaultMs : Date.parse(asked.from);
  if (fromMs >= toMs) throw wrong('from', 'from: must lie before to.');
  if (toMs - fromMs > LONGEST_MS) throw wrong('from', 'from: at most 400 days can be looked at together.');
  return { fromMs, toMs };
}

export function wrong(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}

/** The smallest UUIDv7 of a time: ids carry the time of admission, so the primary key finds a range of it. */
export function idFloor(atMs: number): string {
  const hex = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
