import { sql } from 'kysely';
import { TandemError } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { keyLabel, projectLabel } from '../bill/labels.ts';
import { monthEndMs, type Month } from '../bill/months.ts';
import { monthLines } from '../bill/sums.ts';
import { entryRows } from '../credits/entries.ts';
import { settleCredits } from '../credits/settle.ts';
import { lockBooks, writeBooks } from '../journal/journal.ts';
import type { JournalRowOf, JournalledRow } from '../journal/row-hash.ts';
import type { MoneyPathPort, NamesPort } from '../ports.ts';
import { keepPostingOut } from './late.ts';

export interface CloseContext {
  readonly database: Database;
  readonly newId: () => string;
  readonly names: NamesPort;
  readonly moneyPath: MoneyPathPort;
  readonly nowMs: number;
}

/**
 * Closes a month into the organisation's next invoice, in the caller's transaction.
 * @throws TandemError month_closed when it is; month_not_closable when it is not over, not wholly posted, or
 *   when an earlier month with usage is open.
 */
export async function closeMonth(context: CloseContext, tx: Executor, organisationId: string, currency: string, month: Month, author: string): Promise<JournalRowOf<'invoice'>> {
  const { database, newId, names, nowMs } = context;
  const refuse = (reason: string) => new TandemError('month_not_closable', { params: { month, reason } });
  const endMs = monthEndMs(month);
  if (nowMs < endMs) throw refuse(`it ends at ${new Date(endMs).toISOString()}`);

  await keepPostingOut(tx);
  await lockBooks(database, tx, organisationId);
  const own = database.scoped(organisationId, tx);
  const closed = await own.selectFrom('invoices').select('number').where('month', '=', month).executeTakeFirst();
  if (closed !== undefined) throw new TandemError('month_closed', { params: { month, number: closed.number } });
  const postedThrough = (await context.moneyPath.postedThrough(tx)) ?? new Date(nowMs);
  if (postedThrough.getTime() < endMs) throw refuse(`usage is posted only through ${postedThrough.toISOString()}`);
  const earlier = await firstOpenMonth(tx, organisationId);
  if (earlier !== null && earlier < month) throw refuse(`${earlier} has usage and is still open`);

  const at = new Date(nowMs);
  const prepaid = names.organisation(organisationId)?.billing === 'prepaid';
  await settleCredits(database, tx, newId, { organisationId, currency, prepaid, at, expireBefore: null });
  const lines = await monthLines(tx, organisationId, month);
  const total = lines.reduce((sum, line) => sum + line.charge, 0n);
  const invoice: JournalRowOf<'invoice'> = {
    id: newId(), organisation_id: organisationId, number: await nextNumber(tx, organisationId, at), month, currency, total: String(total),
    credits: String(await coveredOf(tx, organisationId, month)), requests: String(lines.reduce((sum, line) => sum + line.requests, 0n)),
    posted_through: postedThrough, closed_at: at, closed_by: author,
  };
  await writeBooks(database, tx, organisationId, [
    { kind: 'invoice', row: invoice },
    ...lines.map((line, position): JournalledRow => ({ kind: 'line', row: {
      id: newId(), organisation_id: organisationId, invoice_id: invoice.id, position: position + 1, project_id: line.projectId,
      project_name: projectLabel(names, organisationId, line.projectId), key_id: line.keyId,
      key_name: keyLabel(names, line.keyId), resource: line.resource,
      requests: String(line.requests), quantities: line.quantities, charge: String(line.charge), cost: line.cost === null ? null : String(line.cost),
    } })),
    ...entryRows(newId, { organisationId, kind: 'invoice', currency, at, sides: [{ account: 'revenue', amount: total, month }, { account: 'receivable', amount: -total, month }] }),
  ]);
  return invoice;
}

/** Months that have usage, ended before `beforeMs` and are open, oldest first, of every organisation. */
export async function openMonths(executor: Executor, beforeMs: number): Promise<{ organisationId: string; month: Month }[]> {
  const { rows } = await sql<{ organisation_id: string; month: string }>`
    select distinct u.organisation_id, to_char(u.day, 'YYYY-MM') as month from usage_days u
    where u.bucket = 'total' and u.day < date_trunc('month', ${new Date(beforeMs).toISOString().slice(0, 10)}::date)
      and not exists (select from invoices i where i.organisation_id = u.organisation_id and i.month = to_char(u.day, 'YYYY-MM'))
    order by 2, 1`.execute(executor);
  return rows.map((row) => ({ organisationId: row.organisation_id, month: row.month }));
}

async function firstOpenMonth(tx: Executor, organisationId: string): Promise<Month | null> {
  const { rows } = await sql<{ month: string | null }>`
    select to_char(min(u.day), 'YYYY-MM') as month from usage_days u
    where u.organisation_id = ${organisationId} and u.bucket = 'total'
      and not exists (select from invoices i where i.organisation_id = u.organisation_id and i.month = to_char(u.day, 'YYYY-MM'))`.execute(tx);
  return rows[0]?.month ?? null;
}

/** Numbers run 1, 2, 3 … per organisation and year of closing. The books' lock keeps two closings apart, so there is no gap. */
async function nextNumber(tx: Executor, organisationId: string, at: Date): Promise<string> {
  const year = String(at.getUTCFullYear());
  const { last } = await tx.selectFrom('invoices').select(sql<string | null>`max(number)`.as('last'))
    .where('organisation_id', '=', organisationId).where('number', 'like', `${year}-%`).executeTakeFirstOrThrow();
  const next = last === null ? 1 : Number(last.slice(5)) + 1;
  return `${year}-${String(next).padStart(6, '0')}`;
}

async function coveredOf(tx: Executor, organisationId: string, month: Month): Promise<bigint> {
  const { amount } = await tx.selectFrom('ledger_entries').select(sql<string>`coalesce(sum(amount), 0)::text`.as('amount'))
    .where('organisation_id', '=', organisationId).where('month', '=', month).where('account', '=', 'receivable').where('kind', '=', 'draw').executeTakeFirstOrThrow();
  return BigInt(amount);
}
