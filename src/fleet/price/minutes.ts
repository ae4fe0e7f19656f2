/** A time in which a machine of a lease was out of reach, or a card of its own broken; null: it still is. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number | null;
}

const MINUTE = 60_000;

/** Started minutes between a lease's start and a time. */
export function startedMinutes(startMs: number, atMs: number): number {
  return Math.max(0, Math.ceil((atMs - startMs) / MINUTE));
}

/** How many of the minutes [from, to) since the start were touched by no outage: those are paid, the others recorded. */
export function paidMinutes(startMs: number, outages: readonly Outage[], from: number, to: number): number {
  let paid = 0;
  for (let minute = from; minute < to; minute += 1) {
    const begins = startMs + minute * MINUTE;
    if (!outages.some(({ fromMs, untilMs }) => fromMs < begins + MINUTE && (untilMs ?? Number.POSITIVE_INFINITY) > begins)) paid += 1;
  }
  return paid;
}

/** How far a lease's minutes are in the books. */
export interface Booked {
  /** Minutes since the start that were looked at. */
  readonly wall: number;
  /** Of those, the paid ones. */
  readonly paid: number;
}

/** One event's minutes: `minutes` since the start from `from` on, of which `paid` are paid, the rest out of reach. */
export interface Stretch {
  readonly from: number;
  readonly minutes: number;
  readonly paid: number;
}

/**
 * The stretches that are due: whole hours since the start, and at the end what is left. A stretch has at most an hour, and ends where an hour
 * of paid minutes ends, since money is set aside by those.
 */
export function dueStretches(startMs: number, outages: readonly Outage[], booked: Booked, atMs: number, final: boolean): Stretch[] {
  const stretches: Stretch[] = [];
  const elapsed = final ? startedMinutes(startMs, atMs) : Math.floor((atMs - startMs) / MINUTE);
  const until = final ? elapsed : Math.floor(elapsed / 60) * 60;
  let { wall, paid } = booked;
  while (wall < until) {
    let minutes = 0;
    let counted = 0;
    while (wall + minutes < until && minutes < 60) {
      const one = paidMinutes(startMs, outages, wall + minutes, wall + minutes + 1);
      minutes += 1;
      counted += one;
      if (one === 1 && (paid + counted) % 60 === 0) break;
    }
    stretches.push({ from: wall, minutes, paid: counted });
    wall += minutes;
    paid += counted;
  }
  return stretches;
}

/** Up to when a lease is paid by what is set aside: minutes that are not paid push it on. */
export function paidUntilMs(startMs: number, outages: readonly Outage[], booked: Booked, held: number, nowMs: number): number {
  const seen = Math.max(booked.wall, Math.floor((nowMs - startMs) / MINUTE));
  const out = seen - booked.wall - paidMinutes(startMs, outages, booked.wall, seen);
  return startMs + (booked.wall + out + held - booked.paid) * MINUTE;
}
