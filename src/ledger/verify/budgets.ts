import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { OTHERS, nameIn } from '../budgets/counted.ts';
import { HOLDS_SUBJECT, NAMES_COUNTED } from '../budgets/names-in-events.ts';
import { Findings, type VerifyScope } from './findings.ts';

interface Compared {
  id: string;
  /** Of a budget for each: whose window. */
  counted: string;
  window_start: Date | null;
  stored: string | null;
  recomputed: string | null;
}

const COUNTS_FROM = sql`case b.period when 'total' then b.first_window else date_trunc(b.period, b.first_window, 'UTC') end`;
const WINDOW_START = sql`case b.period when 'total' then 'epoch'::timestamptz else date_trunc(b.period, e.occurred_at, 'UTC') end`;
const IN_SCOPE = sql`e.organisation_id = b.organisation_id and e.occurred_at >= b.counts_from
  and case b.scope_kind when 'organisation' then true when 'project' then e.project_id = b.scope_id else e.key_id = b.scope_id or e.key_id = any(b.successors) end`;

function whose(counted: string): string {
  const name = nameIn(counted);
  return name === null ? (counted === OTHERS ? ' (the others)' : '') : ` (${name === '' ? 'calls without a name' : name})`;
}

/**
 * What every budget has spent, summed up again from the events of its scope and window; that what is leased
 * is the sum of its slices; and that a prepaid balance is what the credits' entries say.
 * A day's or month's budget counts from the start of its first window, a total from the budget's making.
 */
export async function verifyBudgets(executor: Executor, scope: VerifyScope): Promise<Findings> {
  const findings = new Findings('budgets', 'What budgets have spent, and what is leased of them, is what the events and slices give');
  const mine = scope.organisationId === null ? sql`true` : sql`b.organisation_id = ${scope.organisationId}`;

  // One pass over the events per period and kind of scope that has budgets, not one per budget.
  const { rows: wholes } = await sql<Compared>`
    with live as (
      select b.*, ${COUNTS_FROM} as counts_from from budgets b where b.removed_at is null and (b.subject_kind is null or b.subject is not null) and ${mine}
    ), counted as (
      select b.id, ${WINDOW_START} as window_start, sum(e.charge) as spent
      from live b join usage_events e on ${IN_SCOPE} and (b.subject_kind is null or ${HOLDS_SUBJECT})
      group by 1, 2
    ), kept as (
      select w.budget_id as id, w.window_start, w.spent from budget_windows w join live b on b.id = w.budget_id
    )
    select coalesce(k.id, c.id) as id, '' as counted, coalesce(k.window_start, c.window_start) as window_start, k.spent::text as stored, c.spent::text as recomputed
    from kept k full join counted c on k.id = c.id and k.window_start = c.window_start order by 1, 3`.execute(executor);
  // Of budgets for each: a name without a window of its own is counted among the others.
  const { rows: names } = await sql<Compared>`
    with live as (
      select b.*, ${COUNTS_FROM} as counts_from from budgets b where b.removed_at is null and b.subject_kind is not null and b.subject is null and ${mine}
    ), named as (
      select distinct b.id, ${WINDOW_START} as window_start, coalesce(w.counted, ${OTHERS}) as counted, e.organisation_id, e.id as event_id, e.charge
      from live b join usage_events e on ${IN_SCOPE} cross join lateral ${NAMES_COUNTED} n
      left join budget_name_windows w on w.budget_id = b.id and w.window_start = ${WINDOW_START} and w.counted = '=' || n.name
    ), counted as (
      select id, window_start, counted, sum(charge) as spent from named group by 1, 2, 3
    ), kept as (
      select w.budget_id as id, w.window_start, w.counted, w.spent from budget_name_windows w join live b on b.id = w.budget_id
    )
    select coalesce(k.id, c.id) as id, coalesce(k.counted, c.counted) as counted, coalesce(k.window_start, c.window_start) as window_start, k.spent::text as stored, c.spent::text as recomputed
    from kept k full join counted c on k.id = c.id and k.window_start = c.window_start and k.counted = c.counted
    where coalesce(k.spent, 0) <> coalesce(c.spent, 0) order by 1, 3, 2 limit 1000`.execute(executor);
  const { rows: [byName] } = await sql<{ windows: string }>`select count(*)::text as windows from budget_name_windows w join budgets b on b.id = w.budget_id where ${mine}`.execute(executor);
  findings.count(BigInt(byName?.windows ?? '0') + BigInt(wholes.length));
  for (const row of [...wholes, ...names]) {
    const [stored, recomputed] = [BigInt(row.stored ?? '0'), BigInt(row.recomputed ?? '0')];
    if (stored !== recomputed) {
      findings.fault(`the budget ${row.id}${whose(row.counted)}, window from ${row.window_start?.toISOString() ?? '?'}: the field spent is ${row.stored ?? 'missing'}, the events give ${recomputed}`, stored - recomputed);
    }
  }

  const { rows: leased } = await sql<{ id: string; counted: string; window_start: Date; leased: string; slices: string }>`
    select w.budget_id as id, '' as counted, w.window_start, w.leased::text as leased, coalesce(sum(s.amount), 0)::text as slices
    from budget_windows w join budgets b on b.id = w.budget_id left join slices s on s.budget_id = w.budget_id and s.window_start = w.window_start
    where ${mine} group by w.budget_id, w.window_start, w.leased having w.leased <> coalesce(sum(s.amount), 0)`.execute(executor);
  const { rows: leasedByName } = await sql<{ id: string; counted: string; window_start: Date; leased: string; slices: string }>`
    select w.budget_id as id, w.counted, w.window_start, w.leased::text as leased, coalesce(sum(s.amount), 0)::text as slices
    from budget_name_windows w join budgets b on b.id = w.budget_id left join budget_name_slices s on s.budget_id = w.budget_id and s.window_start = w.window_start and s.counted = w.counted
    where ${mine} group by w.budget_id, w.counted, w.window_start, w.leased having w.leased <> coalesce(sum(s.amount), 0)`.execute(executor);
  for (const row of [...leased, ...leasedByName]) findings.fault(`the budget ${row.id}${whose(row.counted)}, window from ${row.window_start.toISOString()}: the field leased is ${row.leased}, its slices are ${row.slices}`);

  const { rows: left } = await sql<{ budget_id: string; epoch_id: string; amount: string }>`
    select s.budget_id, s.epoch_id, s.amount::text as amount
    from (select budget_id, epoch_id, amount from slices union all select budget_id, epoch_id, amount from budget_name_slices) s
    join epochs e on e.id = s.epoch_id join budgets b on b.id = s.budget_id
    where e.closed_at is not null and s.amount <> 0 and ${mine}`.execute(executor);
  for (const row of left) findings.fault(`the budget ${row.budget_id}: a slice of ${row.amount} is left over from the epoch ${row.epoch_id}, which is closed`);

  const { rows: prepaid } = await sql<{ id: string; amount: string; given: string }>`
    select b.id, b.amount::text as amount, coalesce(sum(e.amount), 0)::text as given
    from budgets b left join ledger_entries e on e.organisation_id = b.organisation_id and e.account = 'credit' and e.kind in ('credit', 'expiry')
    where b.kind = 'prepaid' and b.removed_at is null and ${mine} group by b.id having b.amount <> coalesce(sum(e.amount), 0)`.execute(executor);
  for (const row of prepaid) findings.fault(`the prepaid balance ${row.id}: the field amount is ${row.amount}, the credits give ${row.given}`, BigInt(row.amount) - BigInt(row.given));
  return findings;
}

/** Calls that were admitted have ended at most once, and none is open whose process is gone and posted to its end. */
export async function verifyHolds(executor: Executor, scope: VerifyScope): Promise<Findings> {
  const findings = new Findings('holds', 'Every hold ended once: none is open that has its event, or whose process is gone');
  const mine = scope.organisationId === null ? sql`true` : sql`h.organisation_id = ${scope.organisationId}`;
  const { rows: [counted] } = await sql<{ rows: string }>`select count(*)::text as rows from holds h where ${mine}`.execute(executor);
  findings.count(BigInt(counted?.rows ?? '0'));
  const { rows } = await sql<{ id: string; epoch_id: string; ended: boolean }>`
    select h.id, h.epoch_id, u.id is not null as ended
    from holds h join epochs e on e.id = h.epoch_id left join usage_events u on u.organisation_id = h.organisation_id and u.id = h.id
    where ${mine} and (u.id is not null or e.closed_at is not null) limit 1000`.execute(executor);
  for (const row of rows) {
    findings.fault(row.ended ? `the hold ${row.id} is open, but its call has ended: its usage event is there` : `the hold ${row.id} is left over from the epoch ${row.epoch_id}, which is closed`);
  }
  return findings;
}
