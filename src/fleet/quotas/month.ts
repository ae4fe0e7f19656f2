/** A calendar month, UTC, as milliseconds: its begin, and that of the next. */
export interface Month {
  readonly startMs: number;
  readonly endMs: number;
}

export function monthAt(nowMs: number): Month {
  const at = new Date(nowMs);
  return { startMs: Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1), endMs: Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1) };
}

/** Started minutes of a stretch that lie in the month. */
export function minutesIn({ startMs, endMs }: Month, fromMs: number, untilMs: number): number {
  return Math.max(0, Math.ceil((Math.min(untilMs, endMs) - Math.max(fromMs, startMs)) / 60_000));
}
