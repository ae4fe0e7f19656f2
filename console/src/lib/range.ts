import { useNow } from './clock.ts';
import { dayText, shortTime } from './format.ts';
import { useUrlState } from './url.ts';

/** The ranges that a page offers, by the name that the address and the CLI have for them. */
export const RANGES = [['1h', 'Last hour'], ['24h', 'Last 24 hours'], ['7d', 'Last 7 days'], ['30d', 'Last 30 days'], ['90d', 'Last 90 days']] as const;
const HOURS: Readonly<Record<string, number>> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720, '90d': 2160 };
const HOUR = 3_600_000;

export interface ShownRange {
  readonly from: string;
  readonly to: string | undefined;
  /** The name of a range up to now; undefined where a stretch was chosen in a plot. */
  readonly last: string | undefined;
  /** A part of a sentence: "in the last 24 hours". */
  readonly words: string;
}

/** A range by its name up to `now`, or a stretch chosen by hand. Starts are at whole minutes, so that a page does not ask anew at every look. */
export function shownRange(state: { readonly range?: string; readonly from?: string; readonly to?: string }, now: number, fallback: string): ShownRange {
  const [from, to] = [state.from, state.to].map((one) => (one !== undefined && one.includes('T') && !Number.isNaN(Date.parse(one)) ? one : undefined));
  if (from !== undefined && to !== undefined && Date.parse(from) < Date.parse(to)) {
    const wholeDays = [from, to].every((one) => one.endsWith('T00:00:00.000Z'));
    return { from, to, last: undefined, words: wholeDays ? `from ${dayText(from)} to ${dayText(new Date(Date.parse(to) - 1).toISOString())}` : `from ${shortTime(from)} to ${shortTime(to)} UTC` };
  }
  const last = state.range !== undefined && state.range in HOURS ? state.range : fallback;
  const start = Math.floor(now / 60_000) * 60_000 - HOURS[last]! * HOUR;
  const name = RANGES.find(([id]) => id === last)?.[1] ?? '';
  return { from: new Date(start).toISOString(), to: undefined, last, words: `in the ${name.toLowerCase()}` };
}

/** The range that stands in the address. */
export function useRange(fallback: string): ShownRange {
  const [{ range, from, to }] = useUrlState();
  const now = useNow(60_000);
  return shownRange({ ...(range === undefined ? {} : { range }), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }, now, fallback);
}

/** As options of the CLI. */
export function rangeOptions({ from, to, last }: ShownRange): Record<string, string | undefined> {
  return last === undefined ? { from, to } : { last };
}
