/** A calendar month in UTC, as YYYY-MM. */
export type Month = string;

export function monthOf(atMs: number): Month {
  return new Date(atMs).toISOString().slice(0, 7);
}

/** The month's first moment, UTC milliseconds. */
export function monthStartMs(month: Month): number {
  return Date.parse(`${month}-01T00:00:00.000Z`);
}

/** The first moment that is no longer in the month. */
export function monthEndMs(month: Month): number {
  const start = new Date(monthStartMs(month));
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
}

/** First day of the month and first day of the next, as Postgres reads dates. */
export function monthDays(month: Month): { from: string; to: string } {
  return { from: `${month}-01`, to: `${monthOf(monthEndMs(month))}-01` };
}
