import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { plainArray, textArray } from '../events/arrays.ts';
import { NAMES_AT_MOST, OTHERS } from './counted.ts';
import { windowStart } from './window.ts';

/** One name's window of a budget that counts each by itself. */
export interface NameWindow {
  readonly budgetId: string;
  readonly startMs: number;
  readonly counted: string;
}

export const keyOf = ({ budgetId, startMs, counted }: NameWindow): string => `${budgetId} ${startMs} ${counted}`;

interface Row {
  budget_id: string;
  window_start: Date;
  counted: string;
}

const fromRow = (row: Row): NameWindow => ({ budgetId: row.budget_id, startMs: row.window_start.getTime(), counted: row.counted });

/** The windows as rows `(budget_id, window_start, counted)`, in the order given. */
export function asRows(windows: readonly NameWindow[]) {
  return sql`unnest(${plainArray(windows.map((one) => one.budgetId))}::text::uuid[], ${plainArray(windows.map((one) => new Date(one.startMs).toISOString()))}::text::timestamptz[],
    ${textArray(windows.map((one) => one.counted))}::text::text[])`;
}

/**
 * Sees to it that names have windows, as long as there is room for them: a window that tells so many apart takes no more,
 * and what it once told apart it does until its end. So which count a name is in can be said afterwards, from the windows alone.
 * Budgets are locked before windows, each in one order.
 * @returns the keys of those that have one; the others share the window of those past the bound, which is opened for them.
 */
export async function openNames(tx: Executor, wanted: readonly NameWindow[], atMost = NAMES_AT_MOST): Promise<ReadonlySet<string>> {
  const known = await whichAre(tx, wanted);
  if (known.size === wanted.length) return known;
  const missing = wanted.filter((one) => !known.has(keyOf(one)));
  await sql`select id from budgets where id = any(${plainArray([...new Set(missing.map((one) => one.budgetId))])}::text::uuid[]) order by id for no key update`.execute(tx);
  // Whoever had the lock before may have opened some: what is asked from here on sees it.
  const told = new Set([...known, ...(await whichAre(tx, missing))]);
  const rooms = await roomIn(tx, missing, atMost);
  const opened: NameWindow[] = [];
  for (const one of missing) {
    if (told.has(keyOf(one))) continue;
    const window = keyOf({ ...one, counted: OTHERS });
    const room = rooms.get(window) ?? atMost;
    opened.push(room > 0 ? one : { ...one, counted: OTHERS });
    if (room > 0) told.add(keyOf(one));
    rooms.set(window, room - 1);
  }
  await sql`insert into budget_name_windows (organisation_id, budget_id, window_start, counted, amount, spent, leased)
    select distinct b.organisation_id, b.id, asked.start, asked.counted, b.amount, 0, 0 from ${asRows(opened)} as asked (budget_id, start, counted)
    join budgets b on b.id = asked.budget_id where b.removed_at is null on conflict do nothing`.execute(tx);
  return told;
}

/** What a window tells apart. */
export async function namesOf(executor: Executor, budgetId: string, startMs: number): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ counted: string }>`select counted from budget_name_windows where budget_id = ${budgetId} and window_start = ${new Date(startMs)} and counted <> ${OTHERS}`.execute(executor);
  return new Set(rows.map(({ counted }) => counted));
}

/** Windows of names that ended are kept for so long. */
const KEPT_MS = 62 * 86_400_000;

/**
 * Forgets windows of names that ended long ago: a day's budget makes a row for each name and day. Such a budget then counts
 * from the first window that is kept, for verification too; posting must stand still meanwhile. What somebody still holds of stays.
 */
export async function forgetOldNames(tx: Executor, nowMs: number): Promise<void> {
  for (const period of ['day', 'month'] as const) {
    const from = new Date(windowStart(period, nowMs - KEPT_MS));
    const { rows } = await sql<{ id: string }>`select b.id from budgets b where b.removed_at is null and b.period = ${period} and b.subject_kind is not null and b.subject is null
      and exists (select from budget_name_windows w where w.budget_id = b.id and w.window_start < ${from})
      and not exists (select from budget_name_windows w where w.budget_id = b.id and w.window_start < ${from} and w.leased <> 0)
      order by b.id for no key update`.execute(tx);
    if (rows.length === 0) continue;
    const ids = plainArray(rows.map(({ id }) => id));
    await sql`update budgets set first_window = ${from} where id = any(${ids}::text::uuid[]) and first_window < ${from}`.execute(tx);
    for (const table of ['budget_name_windows', 'budget_name_slices', 'budget_name_alerts']) {
      await sql`delete from ${sql.table(table)} where budget_id = any(${ids}::text::uuid[]) and window_start < ${from}`.execute(tx);
    }
  }
}

async function whichAre(executor: Executor, windows: readonly NameWindow[]): Promise<Set<string>> {
  const { rows } = await sql<Row>`select w.budget_id, w.window_start, w.counted from ${asRows(windows)} as asked (budget_id, start, counted)
    join budget_name_windows w on w.budget_id = asked.budget_id and w.window_start = asked.start and w.counted = asked.counted`.execute(executor);
  return new Set(rows.map((row) => keyOf(fromRow(row))));
}

async function roomIn(tx: Executor, windows: readonly NameWindow[], atMost: number): Promise<Map<string, number>> {
  const { rows } = await sql<Row & { names: number }>`select w.budget_id, w.window_start, ${OTHERS} as counted, count(*)::int as names from budget_name_windows w
    where (w.budget_id, w.window_start) in (select asked.budget_id, asked.start from ${asRows(windows)} as asked (budget_id, start, counted)) and w.counted <> ${OTHERS}
    group by 1, 2`.execute(tx);
  return new Map(rows.map((row) => [keyOf(fromRow(row)), atMost - row.names]));
}
