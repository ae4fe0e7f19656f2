import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { Findings, type VerifyScope } from './findings.ts';

/** The events that an adjustment names, as far as they are ids: somebody may have put anything there. */
const EVENT_IDS = sql`(select (case when one ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then one end)::uuid as id
  from jsonb_array_elements_text(case jsonb_typeof(a.event_ids) when 'array' then a.event_ids else '[]' end) as ids (one)) as e`;

/** Invoices against their lines, their lines against the raw events, their numbers, and what came after. */
export async function verifyInvoices(executor: Executor, scope: VerifyScope): Promise<Findings> {
  const findings = new Findings('invoices', 'Invoices are the sums of their lines and of the events, and their numbers have no gap');
  const mine = scope.organisationId === null ? sql`true` : sql`i.organisation_id = ${scope.organisationId}`;

  const { rows: totals } = await sql<{ id: string; number: string; organisation_id: string; total: string; lines: string; requests: string; line_requests: string }>`
    select i.id, i.number, i.organisation_id, i.total::text as total, coalesce(sum(l.charge), 0)::text as lines, i.requests::text as requests, coalesce(sum(l.requests), 0)::text as line_requests
    from invoices i left join invoice_lines l on l.invoice_id = i.id where ${mine} group by i.id order by i.organisation_id, i.number`.execute(executor);
  const last = new Map<string, number>();
  for (const row of totals) {
    findings.count(1);
    if (row.total !== row.lines) findings.fault(`the invoice ${row.number}: the field total is ${row.total}, its lines sum to ${row.lines}`, BigInt(row.total) - BigInt(row.lines));
    if (row.requests !== row.line_requests) findings.fault(`the invoice ${row.number}: the field requests is ${row.requests}, its lines sum to ${row.line_requests}`);
    const [year, number] = row.number.split('-') as [string, string];
    const series = `${row.organisation_id} ${year}`;
    const expected = (last.get(series) ?? 0) + 1;
    if (Number(number) !== expected) findings.fault(`the invoice ${row.number}: the number before it is missing, ${year}-${String(expected).padStart(6, '0')} was expected`);
    last.set(series, Number(number));
  }

  const { rows: lines } = await sql<{ number: string; project_id: string; key_id: string | null; resource: string; stored: string | null; recomputed: string | null; requests: boolean }>`
    with late as (
      select a.organisation_id, e.id from adjustments a cross join lateral ${EVENT_IDS} where a.kind = 'late'
    ), counted as (
      select i.id as invoice_id, u.project_id, u.key_id, u.resource, sum(u.charge) as charge, count(*) as requests
      from invoices i join usage_events u on u.organisation_id = i.organisation_id
        and u.occurred_at >= (i.month || '-01')::date::timestamp at time zone 'UTC' and u.occurred_at < ((i.month || '-01')::date + interval '1 month') at time zone 'UTC'
      where ${mine} and not exists (select from late where late.organisation_id = u.organisation_id and late.id = u.id)
      group by 1, 2, 3, 4
    ), kept as (
      select l.invoice_id, l.project_id, l.key_id, l.resource, l.charge, l.requests from invoice_lines l join invoices i on i.id = l.invoice_id where ${mine}
    )
    select i.number, coalesce(k.project_id, c.project_id) as project_id, coalesce(k.key_id, c.key_id) as key_id, coalesce(k.resource, c.resource) as resource,
      k.charge::text as stored, c.charge::text as recomputed, k.charge is not distinct from c.charge as requests
    from kept k full join counted c on k.invoice_id = c.invoice_id and k.project_id = c.project_id and k.resource = c.resource
      and coalesce(k.key_id, '00000000-0000-0000-0000-000000000000'::uuid) = coalesce(c.key_id, '00000000-0000-0000-0000-000000000000'::uuid)
    join invoices i on i.id = coalesce(k.invoice_id, c.invoice_id)
    where k.charge is distinct from c.charge or k.requests is distinct from c.requests order by 1 limit 1000`.execute(executor);
  for (const row of lines) {
    const what = row.requests ? 'its requests are not those of the events' : `it is ${row.stored ?? 'missing'}, the events give ${row.recomputed ?? 'nothing'}`;
    findings.fault(`the invoice ${row.number}, line of project ${row.project_id}, key ${row.key_id ?? '(none)'}, ${row.resource}: ${what}`, BigInt(row.stored ?? '0') - BigInt(row.recomputed ?? '0'));
  }

  const { rows: late } = await sql<{ id: string; amount: string; recomputed: string }>`
    select a.id, a.amount::text as amount, coalesce(sum(u.charge), 0)::text as recomputed
    from adjustments a join invoices i on i.id = a.invoice_id left join lateral ${EVENT_IDS} on true
    left join usage_events u on u.organisation_id = a.organisation_id and u.id = e.id
    where a.kind = 'late' and ${mine} group by a.id having a.amount <> coalesce(sum(u.charge), 0)`.execute(executor);
  for (const row of late) findings.fault(`the adjustment ${row.id} for late usage: the field amount is ${row.amount}, its events give ${row.recomputed}`, BigInt(row.amount) - BigInt(row.recomputed));
  return findings;
}

/** Double entries: each transaction sums to zero, credits are never overdrawn, and what a month owes is what its invoice says. */
export async function verifyEntries(executor: Executor, scope: VerifyScope): Promise<Findings> {
  const findings = new Findings('entries', 'Ledger entries sum to zero, no credit is overdrawn, and what is owed is what was invoiced');
  const mine = scope.organisationId === null ? sql`true` : sql`e.organisation_id = ${scope.organisationId}`;
  const { rows: [counted] } = await sql<{ rows: string }>`select count(*)::text as rows from ledger_entries e where ${mine}`.execute(executor);
  findings.count(BigInt(counted?.rows ?? '0'));

  const { rows: unbalanced } = await sql<{ transaction_id: string; sum: string }>`
    select e.transaction_id, sum(e.amount)::text as sum from ledger_entries e where ${mine} group by 1 having sum(e.amount) <> 0 limit 1000`.execute(executor);
  for (const row of unbalanced) findings.fault(`the transaction ${row.transaction_id}: its entries sum to ${row.sum}, not to zero`, BigInt(row.sum));

  const mineOfCredits = scope.organisationId === null ? sql`true` : sql`c.organisation_id = ${scope.organisationId}`;
  const { rows: credits } = await sql<{ id: string; amount: string; given: string; left: string }>`
    select c.id, c.amount::text as amount, coalesce(sum(e.amount) filter (where e.kind = 'credit'), 0)::text as given, coalesce(sum(e.amount), 0)::text as left
    from credits c left join ledger_entries e on e.organisation_id = c.organisation_id and e.credit_id = c.id and e.account = 'credit'
    where ${mineOfCredits} group by c.id
    having coalesce(sum(e.amount) filter (where e.kind = 'credit'), 0) <> c.amount or coalesce(sum(e.amount), 0) < 0`.execute(executor);
  for (const row of credits) {
    findings.fault(row.amount === row.given ? `the credit ${row.id} is overdrawn: ${row.left} is left of it` : `the credit ${row.id}: the field amount is ${row.amount}, its entries give ${row.given}`, BigInt(row.amount) - BigInt(row.given));
  }

  const mineOfInvoices = scope.organisationId === null ? sql`true` : sql`i.organisation_id = ${scope.organisationId}`;
  const { rows: owed } = await sql<{ number: string; owed: string; entries: string }>`
    select i.number, (i.total + coalesce((select sum(a.amount) from adjustments a where a.invoice_id = i.id), 0))::text as owed,
      (-coalesce((select sum(e.amount) from ledger_entries e where e.organisation_id = i.organisation_id and e.month = i.month and e.account = 'receivable' and e.kind <> 'draw'), 0))::text as entries
    from invoices i where ${mineOfInvoices}`.execute(executor);
  for (const row of owed) {
    if (row.owed !== row.entries) findings.fault(`the invoice ${row.number}: with its adjustments it is ${row.owed}, its entries give ${row.entries}`, BigInt(row.owed) - BigInt(row.entries));
  }
  return findings;
}
