import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { Findings, type VerifyScope } from './findings.ts';

/**
 * What every budget has spent, summed up again from the events of its scope and window; that what is leased
 * is the sum of its slices; and that a prepaid balance is what the credits' entries say.
 * A day's or month's budget counts from the start of its first window, a total from the budget's making.
 */
export async function verifyBudgets(executor: Executor, scope: VerifyScope): Promise<Findings> {
  const findings = new Findings('budgets', 'What budgets have spent, and what is leased of them, is what the events and slices give');
  const mine = scope.organisationId === null ? sql`true` : sql`b.organisation_id = ${scope.organisationId}`;

  // One pass over the events per period and kind of scope that has budgets, not one per budget.
  const { rows: spent } = await sql<{ id: string; kind: string; window_start: Date | null; stored: string | null; recomputed: string | null }>`
    with live as (
      select b.*, case b.period when 'total' then b.first_window else date_trunc(b.period, b.first_window, 'UTC') end as counts_from
      from budgets b where b.removed_at is null and ${mine}
    ), counted as (
      select l.id, case l.period when 'total' then 'epoch'::timestamptz else date_trunc(l.period, e.occurred_at, 'UTC') end as window_start, sum(e.charge) as spent
      from live l join usage_events e on e.organisation_id = l.organisation_id and e.occurred_at >= l.counts_from
        and case l.scope_kind when 'organisation' then true when 'project' then e.project_id = l.scope_id else e.key_id = l.scope_id or e.key_id = any(l.successors) end
      group by 1, 2
    ), kept as (
      select w.budget_id as id, w.window_start, w.spent from budget_windows w join live l on l.id = w.budget_id
    )
    select coalesce(k.id, c.id) as id, (select kind from live where live.id = coalesce(k.id, c.id)) as kind, coalesce(k.window_start, c.window_start) as window_start,
      k.spent::text as stored, c.spent::text as recomputed
    from kept k full join counted c on k.id = c.id and k.window_start = c.window_start order by 1, 3`.execute(executor);
  for (const row of spent) {
    findings.count(1);
    const [stored, recomputed] = [BigInt(row.stored ?? '0'), BigInt(row.recomputed ?? '0')];
    if (stored !== recomputed) {
      findings.fault(`the budget ${row.id}, window from ${row.window_start?.toISOString() ?? '?'}: the field spent is ${row.stored ?? 'missing'}, the events give ${recomputed}`, stored - recomputed);
    }
  }

  const { rows: leased } = await sql<{ id: string; window_start: Date; leased: string; slices: string }>`
    select w.budget_id as id, w.window_start, w.leased::text as leased, coalesce(sum(s.amount), 0)::text as slices
    from budget_windows w join budgets b on b.id = w.budget_id left join slices s on s.budget_id = w.budget_id and s.window_start = w.window_start
    where ${mine} group by w.budget_id, w.window_start, w.leased having w.leased <> coalesce(sum(s.amount), 0)`.execute(executor);
  for (const row of leased) findings.fault(`the budget ${row.id}, window from ${row.window_start.toISOString()}: the field leased is ${row.leased}, its slices are ${row.slices}`);

  const { rows: left } = await sql<{ budget_id: string; epoch_id: string; amount: string }>`
    select s.budget_id, s.epoch_id, s.amount::text as amount from slices s join epochs e on e.id = s.epoch_id join budgets b on b.id = s.budget_id
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
