import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { NAMES_AT_MOST, OTHERS } from './counted.ts';
import { HOLDS_SUBJECT, NAMES_COUNTED } from './names-in-events.ts';
import { windowEnd, type Windowed } from './window.ts';

/** A budget that was just written, as far as its counting goes. */
export interface NewWindow extends Windowed {
  readonly id: string;
  readonly organisationId: string;
  readonly scope: { readonly kind: 'organisation' | 'project' | 'key'; readonly id: string };
}

/**
 * What the scope has been charged in the window so far, picodollars. Whole days are read from the sums; only a window that
 * begins inside a day asks the events.
 */
export async function spentInWindow(executor: Executor, budget: NewWindow, startMs: number): Promise<bigint> {
  const { organisationId, scope } = budget;
  const fromMs = fromOf(budget, startMs);
  const endMs = windowEnd(budget.period, startMs);
  const column = { organisation: sql`organisation_id`, project: sql`project_id`, key: sql`key_id` }[scope.kind];
  const wholeDays = fromMs % 86_400_000 === 0;
  const { rows: [row] } = wholeDays
    ? await sql<{ spent: string }>`select coalesce(sum(charge), 0)::text as spent from usage_rollups
        where organisation_id = ${organisationId} and ${column} = ${scope.id} and bucket = 'total'
          and day >= ${dayOf(fromMs)}::date ${endMs === null ? sql`` : sql`and day < ${dayOf(endMs)}::date`}`.execute(executor)
    : await sql<{ spent: string }>`select coalesce(sum(charge), 0)::text as spent from usage_events
        where organisation_id = ${organisationId} and ${column} = ${scope.id} and occurred_at >= ${new Date(fromMs)}`.execute(executor);
  return BigInt(row?.spent ?? 0);
}

/** The same for one model, user or tag of the scope: the events are asked. */
export async function spentBySubject(executor: Executor, budget: NewWindow, startMs: number): Promise<bigint> {
  const { rows: [row] } = await sql<{ spent: string }>`select coalesce(sum(e.charge), 0)::text as spent from budgets b join usage_events e on ${inWindow(budget, startMs)}
    where b.id = ${budget.id} and ${HOLDS_SUBJECT}`.execute(executor);
  return BigInt(row?.spent ?? 0);
}

/** And for each: opens the window of every name that was charged anything in it, of as many as are told apart. */
export async function openSpentNames(tx: Executor, budget: NewWindow, startMs: number, atMost = NAMES_AT_MOST): Promise<void> {
  await sql`with named as (
      select n.name, e.id, e.charge from budgets b join usage_events e on ${inWindow(budget, startMs)} cross join lateral ${NAMES_COUNTED} n
      where b.id = ${budget.id}
    ), told as (
      select name from named group by name order by sum(charge) desc, name limit ${atMost}
    ), counted as (
      select distinct case when told.name is null then ${OTHERS} else '=' || named.name end as counted, named.id, named.charge from named left join told using (name)
    )
    insert into budget_name_windows (organisation_id, budget_id, window_start, counted, amount, spent, leased)
    select b.organisation_id, b.id, ${new Date(startMs)}, counted.counted, b.amount, sum(counted.charge), 0 from counted cross join budgets b
    where b.id = ${budget.id} group by b.organisation_id, b.id, counted.counted, b.amount`.execute(tx);
}

function inWindow(budget: NewWindow, startMs: number) {
  const { organisationId, scope } = budget;
  const column = { organisation: sql`e.organisation_id`, project: sql`e.project_id`, key: sql`e.key_id` }[scope.kind];
  const endMs = windowEnd(budget.period, startMs);
  return sql`e.organisation_id = ${organisationId} and ${column} = ${scope.id} and e.occurred_at >= ${new Date(fromOf(budget, startMs))} ${endMs === null ? sql`` : sql`and e.occurred_at < ${new Date(endMs)}`}`;
}

function fromOf(budget: Windowed, startMs: number): number {
  return budget.period === 'total' ? budget.firstWindowMs : startMs;
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
