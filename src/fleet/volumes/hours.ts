export const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const GIB = 2n ** 30n;

/** Hours of one calendar day (UTC), counted from when a volume was first kept. */
export interface Hours {
  readonly from: number;
  readonly hours: number;
}

/** What of a volume is paid: each GiB that is begun, and one at least. */
export function gibOf(bytes: string | null): bigint {
  const whole = (BigInt(bytes ?? '0') + GIB - 1n) / GIB;
  return whole < 1n ? 1n : whole;
}

/** How many hours of a volume have begun before a time. */
export function begunHours(keptMs: number, atMs: number): number {
  return Math.max(0, Math.ceil((atMs - keptMs) / HOUR_MS));
}

/**
 * Hours of a volume that are not in the books yet: those of days that are over, and at the end all that have begun. Day by day, so that each counts in its
 * own month.
 * @param metered how many hours are in the books already.
 */
export function hoursDue(keptMs: number, metered: number, atMs: number, isEnd: boolean): Hours[] {
  const target = begunHours(keptMs, isEnd ? atMs : Math.floor(atMs / DAY_MS) * DAY_MS);
  const due: Hours[] = [];
  for (let from = metered; from < target;) {
    const beginsMs = keptMs + from * HOUR_MS;
    const nextDayMs = (Math.floor(beginsMs / DAY_MS) + 1) * DAY_MS;
    const to = Math.min(target, begunHours(keptMs, nextDayMs));
    due.push({ from, hours: to - from });
    from = to;
  }
  return due;
}
