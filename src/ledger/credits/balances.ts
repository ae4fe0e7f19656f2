import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { chargeByMonth } from '../bill/sums.ts';
import { allocate, type Draw, type OpenCredit, type Uncovered } from './allocate.ts';

/** Where an organisation's credits stand: what is written, and what its usage will draw from them. */
export interface Balances {
  /** Every credit with what its ledger entries leave of it. */
  readonly credits: readonly OpenCredit[];
  /** What credits have paid of each month, as written. */
  readonly covered: ReadonlyMap<string, bigint>;
  /** What the usage posted by now will draw, in order; not written yet. */
  readonly pending: readonly Draw[];
}

/**
 * Reads the balances. A month that is closed draws no more: it was invoiced; but a prepaid organisation owes
 * nothing but its usage, so there every month does.
 */
export async function readBalances(executor: Executor, organisationId: string, prepaid: boolean): Promise<Balances> {
  const credits = await openCredits(executor, organisationId);
  const covered = await coveredByMonth(executor, organisationId);
  const closed = prepaid ? new Set<string>() : await closedMonths(executor, organisationId);
  const usage = credits.some((credit) => credit.left > 0n) ? await chargeByMonth(executor, organisationId, null) : [];
  const uncovered = usage.filter(({ month }) => !closed.has(month)).map(({ month, charge }): Uncovered => {
    const open = charge - (covered.get(month) ?? 0n);
    return { month, amount: open > 0n ? open : 0n };
  });
  return { credits, covered, pending: allocate(credits, uncovered) };
}

/** What is left of a credit once the usage posted by now is drawn. */
export function leftAfterPending(balances: Balances, credit: OpenCredit): bigint {
  return balances.pending.reduce((left, draw) => (draw.creditId === credit.id ? left - draw.amount : left), credit.left);
}

/** What credits pay of a month: written and pending. */
export function appliedTo(balances: Balances, month: string): bigint {
  return balances.pending.reduce((sum, draw) => (draw.month === month ? sum + draw.amount : sum), balances.covered.get(month) ?? 0n);
}

async function openCredits(executor: Executor, organisationId: string): Promise<OpenCredit[]> {
  const { rows } = await sql<{ id: string; granted_at: Date; expires_at: Date | null; left: string }>`
    select c.id, c.granted_at, c.expires_at, coalesce(sum(e.amount), 0)::text as left
    from credits c left join ledger_entries e on e.organisation_id = c.organisation_id and e.credit_id = c.id and e.account = 'credit'
    where c.organisation_id = ${organisationId} group by c.id`.execute(executor);
  return rows.map((row) => ({ id: row.id, left: BigInt(row.left), grantedAtMs: row.granted_at.getTime(), expiresAtMs: row.expires_at?.getTime() ?? null }));
}

async function coveredByMonth(executor: Executor, organisationId: string): Promise<Map<string, bigint>> {
  const rows = await executor.selectFrom('ledger_entries').select(['month', sql<string>`sum(amount)::text`.as('amount')])
    .where('organisation_id', '=', organisationId).where('account', '=', 'receivable').where('kind', '=', 'draw').groupBy('month').execute();
  return new Map(rows.map((row) => [row.month ?? '', BigInt(row.amount)]));
}

async function closedMonths(executor: Executor, organisationId: string): Promise<Set<string>> {
  const rows = await executor.selectFrom('invoices').select('month').where('organisation_id', '=', organisationId).execute();
  return new Set(rows.map((row) => row.month));
}
