import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import type { Range } from '../sight/range.ts';

/** Whole weeks within a range: from one Monday up to another, UTC, all days as `YYYY-MM-DD`. */
export interface Weeks {
  readonly from: string;
  readonly to: string;
  /** From this day on the sums by week have none: they get a day when it is over. */
  readonly daysFrom: string;
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** The first Monday of 1970, whose first day was a Thursday. */
const MONDAY_MS = 4 * DAY_MS;

const mondayUpTo = (atMs: number) => MONDAY_MS + Math.floor((atMs - MONDAY_MS) / WEEK_MS) * WEEK_MS;
const mondayFrom = (atMs: number) => MONDAY_MS + Math.ceil((atMs - MONDAY_MS) / WEEK_MS) * WEEK_MS;
const dayOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);

/** What an organisation's sums have. */
interface Kept {
  /** Whether there is anything outside the range, but in the week of its first day; and in that of its last. */
  readonly before: boolean;
  readonly after: boolean;
  /** The first day that is not in the sums by week, UTC. */
  readonly next: string;
}

/** The weeks of which a range of days has everything that there is; null: none. */
export function wholeWeeks({ fromMs, toMs }: Range, { before, after, next }: Kept): Weeks | null {
  const [firstMs, endMs] = [before ? mondayFrom(fromMs) : mondayUpTo(fromMs), after ? mondayUpTo(toMs) : mondayFrom(toMs)];
  const nextMs = Date.parse(next);
  return firstMs < Math.min(endMs, nextMs) ? { from: dayOf(firstMs), to: dayOf(endMs), daysFrom: dayOf(Math.min(endMs, nextMs)) } : null;
}

/** The same for the sums of an organisation: the week that still runs is whole where the range goes up to now. */
export async function weeksOf(executor: Executor, organisationId: string, range: Range): Promise<Weeks | null> {
  const some = (fromMs: number, toMs: number) => sql`exists (select from spend_days where organisation_id = ${organisationId} and day >= ${dayOf(fromMs)}::date and day < ${dayOf(toMs)}::date)`;
  const { rows: [kept] } = await sql<Kept>`select ${some(mondayUpTo(range.fromMs), range.fromMs)} as before, ${some(range.toMs, mondayFrom(range.toMs))} as after, (through + 1)::text as next
    from spend_week_marks where organisation_id = ${organisationId}`.execute(executor);
  return kept === undefined ? null : wholeWeeks(range, kept);
}
