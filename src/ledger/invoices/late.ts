import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import { writeBooks } from '../journal/journal.ts';
import type { JournalledRow } from '../journal/row-hash.ts';
import { entryRows } from '../credits/entries.ts';

/** Any fixed number: posting shares this lock, closing a month has it alone. */
const POSTING_LOCK = 0x7a6d_0003;

interface OrganisationMonth {
  readonly organisationId: string;
  /** YYYY-MM, UTC, of the events' admission. */
  readonly month: string;
}

/** Usage that was posted after its month was closed. */
export interface LateUsage extends OrganisationMonth {
  readonly eventIds: readonly string[];
  readonly charge: bigint;
}

/** How a month is named in the set that `closedMonthsOf` returns. */
export function monthKey(organisationId: string, month: string): string {
  return `${organisationId} ${month}`;
}

/** Until the transaction ends nobody has the lock alone: no month is closed and no budget made. */
export async function sharePosting(tx: Executor): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${POSTING_LOCK})`.execute(tx);
}

/** Until the transaction ends no usage is posted: for closing. */
export async function keepPostingOut(tx: Executor): Promise<void> {
  await sql`select pg_advisory_xact_lock(${POSTING_LOCK})`.execute(tx);
}

/**
 * Which of these months are closed, as `monthKey`s. Takes the lock that keeps months from being closed until
 * the transaction ends: call it before sums are written in the same transaction.
 */
export async function closedMonthsOf(tx: Executor, months: readonly OrganisationMonth[]): Promise<ReadonlySet<string>> {
  await sharePosting(tx);
  if (months.length === 0) return new Set();
  const { rows } = await sql<{ organisation_id: string; month: string }>`
    select i.organisation_id, i.month from invoices i
    join unnest(${months.map((one) => one.organisationId)}::uuid[], ${months.map((one) => one.month)}::text[]) as asked (organisation_id, month)
      on i.organisation_id = asked.organisation_id and i.month = asked.month`.execute(tx);
  return new Set(rows.map((row) => monthKey(row.organisation_id, row.month)));
}

/**
 * Writes an adjustment of the closed invoice for each: reason `late usage`, author `system`. In the transaction
 * that writes the events; call it last there, since it takes the organisations' books.
 */
export async function recordLateUsage(
  context: { readonly database: Pick<Database, 'scoped'>; readonly newId: () => string; readonly nowMs: number }, tx: Executor, late: readonly LateUsage[],
): Promise<void> {
  const at = new Date(context.nowMs);
  // In one order everywhere, so that two posters cannot wait for each other's books.
  for (const one of late.toSorted((a, b) => (monthKey(a.organisationId, a.month) < monthKey(b.organisationId, b.month) ? -1 : 1))) {
    const invoice = await context.database.scoped(one.organisationId, tx).selectFrom('invoices').select(['id', 'currency']).where('month', '=', one.month).executeTakeFirstOrThrow();
    await writeBooks(context.database, tx, one.organisationId, adjustmentRows(context.newId, {
      organisationId: one.organisationId, invoiceId: invoice.id, month: one.month, currency: invoice.currency, kind: 'late', amount: one.charge,
      reason: 'late usage', author: 'system', at, eventIds: one.eventIds,
    }));
  }
}

interface NewAdjustment {
  readonly organisationId: string;
  readonly invoiceId: string;
  readonly month: string;
  readonly currency: string;
  readonly kind: 'manual' | 'late';
  readonly amount: bigint;
  readonly reason: string;
  readonly author: string;
  readonly at: Date;
  readonly eventIds: readonly string[];
}

/** An adjustment and its double entry. */
export function adjustmentRows(newId: () => string, given: NewAdjustment): [Extract<JournalledRow, { kind: 'adjustment' }>, ...JournalledRow[]] {
  const { organisationId, month, currency, amount, at } = given;
  return [
    { kind: 'adjustment', row: {
      id: newId(), organisation_id: organisationId, invoice_id: given.invoiceId, kind: given.kind, amount: String(amount), reason: given.reason,
      author: given.author, at, event_ids: [...given.eventIds],
    } },
    ...entryRows(newId, { organisationId, kind: 'adjustment', currency, at, sides: [{ account: 'revenue', amount, month }, { account: 'receivable', amount: -amount, month }] }),
  ];
}
