import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { TandemError, isTandemError, parsePico } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Executor } from '../../db/index.ts';
import { ifSeen, seesCosts } from '../costs.ts';
import type { Month } from '../bill/months.ts';
import { byPlace, callsAmong, otherEntries } from '../bill/calls.ts';
import { writeBooks } from '../journal/journal.ts';
import { contentHash, rowContent, type JournalRowOf } from '../journal/row-hash.ts';
import type { BookPorts } from '../ports.ts';
import { closeMonth, openMonths } from './close.ts';
import { adjustmentRows } from './late.ts';

export interface InvoiceView {
  readonly id: string;
  readonly number: string;
  readonly month: Month;
  readonly currency: string;
  readonly total: string;
  /** What credits have paid of it. */
  readonly credits: string;
  readonly adjustments: string;
  /** total + adjustments - credits. */
  readonly due: string;
  readonly closedAt: string;
}

export interface BillLineView {
  readonly projectId: string;
  readonly projectName: string;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly resource: string;
  readonly requests: string;
  readonly quantities: Readonly<Record<string, string>>;
  readonly charge: string;
  /** Null: not known. Absent: the caller does not see costs. */
  readonly cost?: string | null;
}

export interface AdjustmentView {
  readonly id: string;
  readonly amount: string;
  readonly reason: string;
  readonly author: string;
  readonly at: string;
}

export interface InvoiceDetail extends InvoiceView {
  readonly lines: BillLineView[];
  readonly adjustmentList: AdjustmentView[];
  /** SHA-256 over the invoice and its lines as they were closed; the journal chains the same content. */
  readonly hash: string;
}

/** Months close by themselves this long after their end: time for the last calls to end and be posted. */
const CLOSE_AFTER_MS = 6 * 3_600_000;

/** Closed months: immutable and numbered. What comes later is an adjustment. */
export class Invoices {
  readonly #options: BookPorts;

  constructor(options: BookPorts) {
    this.#options = options;
  }

  async list(principal: Principal): Promise<{ items: InvoiceView[]; nextCursor: null }> {
    demand(principal, 'bill.read');
    if (principal.projectId !== null) return { items: [], nextCursor: null };
    const { database } = this.#options;
    const rows = await database.scoped(principal.organisationId).selectFrom('invoices').selectAll().orderBy('month', 'desc').execute();
    const items = await Promise.all(rows.map((row) => invoiceView(database.unscoped('sums of the invoice just read'), row)));
    return { items, nextCursor: null };
  }

  /** @throws TandemError resource_not_found. */
  async show(principal: Principal, id: string): Promise<InvoiceDetail> {
    demand(principal, 'bill.read');
    const { database } = this.#options;
    const own = database.scoped(principal.organisationId);
    const row = await this.#find(principal, id);
    const lines = await own.selectFrom('invoice_lines').selectAll().where('invoice_id', '=', id).orderBy('position').execute();
    const adjustments = await own.selectFrom('adjustments').selectAll().where('invoice_id', '=', id).orderBy('at').orderBy('id').execute();
    const executor = database.unscoped('sums of the invoice just read');
    const othersAt = byPlace(await otherEntries(executor, principal.organisationId, row.month, { invoiceId: id }));
    const hash = createHash('sha256').update(contentHash('invoice', rowContent(row)));
    for (const line of lines) hash.update(contentHash('line', rowContent(line)));
    return {
      ...(await invoiceView(executor, row)),
      lines: lines.map((line) => lineView(line, seesCosts(principal), othersAt)),
      adjustmentList: adjustments.map(adjustmentView),
      hash: hash.digest('hex'),
    };
  }

  /** @throws TandemError month_closed, month_not_closable. */
  async close(principal: Principal, input: { month: Month }): Promise<InvoiceView> {
    demand(principal, 'bill.write');
    const { database, audit } = this.#options;
    return database.transaction(async (tx) => {
      const row = await closeMonth(this.#closing(), tx, principal.organisationId, principal.currency, input.month, principal.actor.label);
      await audit.record(tx, principal, { action: 'invoice.close', resourceKind: 'invoice', resourceId: row.id, change: { number: row.number, month: row.month, total: row.total } });
      return invoiceView(tx, row);
    });
  }

  /** Closes what is over for some hours and wholly posted, in every organisation. Called about once an hour. */
  async closeDue(): Promise<InvoiceView[]> {
    const { database, clock, log, names, audit } = this.#options;
    const closed: InvoiceView[] = [];
    const open = await openMonths(database.unscoped('months close in every organisation'), clock.nowMs() - CLOSE_AFTER_MS);
    for (const { organisationId, month } of open) {
      const currency = names.organisation(organisationId)?.currency;
      if (currency === undefined) continue;
      try {
        closed.push(await database.transaction(async (tx) => {
          const row = await closeMonth(this.#closing(), tx, organisationId, currency, month, 'system');
          const by = { organisationId, actor: { kind: 'system' as const, id: null, label: 'system' } };
          await audit.record(tx, by, { action: 'invoice.close', resourceKind: 'invoice', resourceId: row.id, change: { number: row.number, month: row.month, total: row.total } });
          return invoiceView(tx, row);
        }));
      } catch (error) {
        if (!isTandemError(error, 'month_not_closable') && !isTandemError(error, 'month_closed')) throw error;
        log.warn({ organisationId, month, reason: error.message }, 'a month stays open');
      }
    }
    return closed;
  }

  /** @throws TandemError resource_not_found, invalid_request. */
  async adjust(principal: Principal, invoiceId: string, input: { amount: string; reason: string }): Promise<AdjustmentView> {
    demand(principal, 'bill.write');
    const { database, clock, newId, audit } = this.#options;
    const amount = parsePico(input.amount);
    if (amount === undefined || amount === 0n) throw new TandemError('invalid_request', { params: { reason: 'An adjustment is a number of picodollars that is not zero, as a string.' }, param: 'amount' });
    const invoice = await this.#find(principal, invoiceId);
    const rows = adjustmentRows(newId, {
      organisationId: principal.organisationId, invoiceId, month: invoice.month, currency: invoice.currency, kind: 'manual', amount,
      reason: input.reason, author: principal.actor.label, at: new Date(clock.nowMs()), eventIds: [],
    });
    const { row } = rows[0];
    await database.transaction(async (tx) => {
      await writeBooks(database, tx, principal.organisationId, rows);
      await audit.record(tx, principal, { action: 'adjustment.create', resourceKind: 'invoice', resourceId: invoiceId, change: { adjustmentId: row.id, amount: row.amount, reason: row.reason } });
    });
    return adjustmentView(row);
  }

  #closing() {
    const { database, clock, newId, names, moneyPath } = this.#options;
    return { database, newId, names, moneyPath, nowMs: clock.nowMs() };
  }

  async #find(principal: Principal, id: string): Promise<JournalRowOf<'invoice'>> {
    const row = await this.#options.database.scoped(principal.organisationId).selectFrom('invoices').selectAll().where('id', '=', id).executeTakeFirst();
    // An invoice is the organisation's: a caller that is bound to one project does not see it.
    if (row === undefined || principal.projectId !== null) throw new TandemError('resource_not_found', { params: { kind: 'invoice', id, verb: 'bill' } });
    return row;
  }
}

/** An invoice with what came after it: later draws from credits and adjustments. */
export async function invoiceView(executor: Executor, row: JournalRowOf<'invoice'>): Promise<InvoiceView> {
  const { credits } = await executor.selectFrom('ledger_entries').select(sql<string>`coalesce(sum(amount), 0)::text`.as('credits'))
    .where('organisation_id', '=', row.organisation_id).where('month', '=', row.month).where('account', '=', 'receivable').where('kind', '=', 'draw').executeTakeFirstOrThrow();
  const { adjustments } = await executor.selectFrom('adjustments').select(sql<string>`coalesce(sum(amount), 0)::text`.as('adjustments')).where('invoice_id', '=', row.id).executeTakeFirstOrThrow();
  return {
    id: row.id, number: row.number, month: row.month, currency: row.currency, total: row.total, credits, adjustments,
    due: String(BigInt(row.total) + BigInt(adjustments) - BigInt(credits)), closedAt: row.closed_at.toISOString(),
  };
}

/** `othersAt`: what of the invoiced entries are no calls, by where a line counts them. The line itself keeps all entries. */
export function lineView(row: JournalRowOf<'line'>, seen: boolean, othersAt: ReturnType<typeof byPlace>): BillLineView {
  const place = { projectId: row.project_id, keyId: row.key_id, resource: row.resource };
  return {
    ...place, projectName: row.project_name, keyName: row.key_name, requests: callsAmong(row.requests, othersAt(place)),
    quantities: row.quantities, charge: row.charge, ...ifSeen(seen, { cost: row.cost }),
  };
}

function adjustmentView(row: JournalRowOf<'adjustment'>): AdjustmentView {
  return { id: row.id, amount: row.amount, reason: row.reason, author: row.author, at: row.at.toISOString() };
}
