import { sql, type Selectable } from 'kysely';
import { TandemError, parsePico } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Executor, Schema } from '../../db/index.ts';
import { keepPostingOut } from '../invoices/late.ts';
import { lockBooks, writeBooks } from '../journal/journal.ts';
import type { BookPorts } from '../ports.ts';
import { leftAfterPending, readBalances } from './balances.ts';
import { entryRows } from './entries.ts';
import { settleCredits } from './settle.ts';

export interface CreditView {
  readonly id: string;
  readonly kind: 'prepaid' | 'grant';
  readonly amount: string;
  /** After everything that is posted by now. */
  readonly left: string;
  readonly currency: string;
  readonly grantedAt: string;
  readonly expiresAt: string | null;
  readonly reason: string;
  readonly author: string;
}

export interface NewCredit {
  /** Chosen by the caller: the same id is credited once. */
  readonly id: string;
  readonly kind: 'prepaid' | 'grant';
  readonly amount: string;
  readonly expiresAt: string | null;
  readonly reason: string;
}

/** A credit whose last calls are still not posted after this long expires without them. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** Prepaid credit and grants: given once, used earliest expiry first, ended by an entry. */
export class Credits {
  readonly #options: BookPorts;

  constructor(options: BookPorts) {
    this.#options = options;
  }

  /** The organisation's; a caller that is bound to a project sees none. */
  async list(principal: Principal): Promise<{ items: CreditView[]; nextCursor: null }> {
    demand(principal, 'bill.read');
    if (principal.projectId !== null) return { items: [], nextCursor: null };
    const { database } = this.#options;
    const rows = await database.scoped(principal.organisationId).selectFrom('credits').selectAll().orderBy('granted_at').orderBy('id').execute();
    const left = await this.#left(database.unscoped('balances are summed for the organisation given'), principal.organisationId);
    return { items: rows.map((row) => view(row, left.get(row.id) ?? 0n)), nextCursor: null };
  }

  /**
   * Gives a credit; the same id with the same content gives it once.
   * @throws TandemError id_conflict for the same id with other content, invalid_request.
   */
  async create(principal: Principal, input: NewCredit): Promise<CreditView> {
    demand(principal, 'bill.write');
    const { database, clock, newId, audit, names } = this.#options;
    const { organisationId, currency } = principal;
    const amount = parsePico(input.amount);
    if (amount === undefined || amount <= 0n) throw invalid('amount', 'A credit is more than zero picodollars, as a string.');
    const expiresAt = input.expiresAt === null ? null : new Date(input.expiresAt);
    const prepaid = names.organisation(organisationId)?.billing === 'prepaid';
    return this.#once(input.id, () => database.transaction(async (tx) => {
      // The balance is a budget, whose making waits for posting: the same order of locks as closing a month.
      if (prepaid) await keepPostingOut(tx);
      await lockBooks(database, tx, organisationId);
      const existing = await tx.selectFrom('credits').selectAll().where('id', '=', input.id).executeTakeFirst();
      if (existing !== undefined) {
        const same = existing.organisation_id === organisationId && existing.kind === input.kind && existing.amount === String(amount)
          && existing.reason === input.reason && (existing.expires_at?.getTime() ?? null) === (expiresAt?.getTime() ?? null);
        if (!same) throw new TandemError('id_conflict', { params: { id: input.id }, param: 'id' });
        return view(existing, (await this.#left(tx, organisationId)).get(existing.id) ?? 0n);
      }
      const at = new Date(clock.nowMs());
      if (expiresAt !== null && expiresAt <= at) throw invalid('expiresAt', 'A credit cannot expire in the past.');
      const row = {
        id: input.id, organisation_id: organisationId, kind: input.kind, amount: String(amount), currency, granted_at: at, expires_at: expiresAt,
        reason: input.reason, author: principal.actor.label,
      };
      await writeBooks(database, tx, organisationId, [
        { kind: 'credit', row },
        ...entryRows(newId, { organisationId, kind: 'credit', currency, at, sides: [{ account: 'credit', amount, creditId: row.id }, { account: 'funding', amount: -amount, creditId: row.id }] }),
      ]);
      if (prepaid) await this.#setPrepaid(tx, organisationId);
      await audit.record(tx, principal, {
        action: 'credit.create', resourceKind: 'credit', resourceId: row.id,
        change: { kind: row.kind, amount: row.amount, expiresAt: expiresAt?.toISOString() ?? null, reason: row.reason },
      });
      return view(row, (await this.#left(tx, organisationId)).get(row.id) ?? 0n);
    }));
  }

  /** Two organisations that give the same id at the same moment do not wait for each other: the database tells the second. */
  async #once<T>(id: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if ((error as { constraint?: unknown }).constraint === 'credits_pkey') throw new TandemError('id_conflict', { params: { id }, param: 'id' });
      throw error;
    }
  }

  /**
   * Ends the credits that have expired, of every organisation. A credit still pays for the calls that ended
   * before it did, so it waits until they are posted. Called about once a minute.
   * @returns how many organisations had any.
   */
  async expireDue(): Promise<number> {
    const { database, clock, log, moneyPath } = this.#options;
    const everything = database.unscoped('credits expire in every organisation');
    const now = new Date(clock.nowMs());
    const posted = await moneyPath.postedThrough(everything);
    const waited = now.getTime() - LONGEST_WAIT_MS;
    const before = new Date(Math.min(now.getTime(), Math.max(posted?.getTime() ?? now.getTime(), waited)));
    const { rows } = await sql<{ organisation_id: string; currency: string }>`
      select distinct c.organisation_id, c.currency from credits c
      where c.expires_at <= ${before}
        and (select sum(amount) from ledger_entries e where e.organisation_id = c.organisation_id and e.credit_id = c.id and e.account = 'credit') > 0`.execute(everything);
    for (const { organisation_id: organisationId, currency } of rows) {
      const expired = await database.transaction((tx) => this.#expire(tx, organisationId, currency, before));
      if (expired > 0n) log.info({ organisationId, amount: String(expired) }, 'credit expired');
    }
    return rows.length;
  }

  async #expire(tx: Executor, organisationId: string, currency: string, before: Date): Promise<bigint> {
    const { database, clock, newId, names } = this.#options;
    const prepaid = names.organisation(organisationId)?.billing === 'prepaid';
    if (prepaid) await keepPostingOut(tx);
    const expired = await settleCredits(database, tx, newId, { organisationId, currency, prepaid, at: new Date(clock.nowMs()), expireBefore: before });
    if (prepaid) await this.#setPrepaid(tx, organisationId);
    return expired;
  }

  /** The escrowed balance of a prepaid organisation: all that was given less what expired. Its usage counts against it. */
  async #setPrepaid(tx: Executor, organisationId: string): Promise<void> {
    const { amount } = await tx.selectFrom('ledger_entries').select(sql<string>`coalesce(sum(amount), 0)::text`.as('amount'))
      .where('organisation_id', '=', organisationId).where('account', '=', 'credit').where('kind', 'in', ['credit', 'expiry']).executeTakeFirstOrThrow();
    await this.#options.moneyPath.setPrepaid(tx, organisationId, BigInt(amount));
  }

  async #left(executor: Executor, organisationId: string): Promise<Map<string, bigint>> {
    const balances = await readBalances(executor, organisationId, this.#options.names.organisation(organisationId)?.billing === 'prepaid');
    return new Map(balances.credits.map((credit) => [credit.id, leftAfterPending(balances, credit)]));
  }
}

function view(row: Selectable<Schema['credits']>, left: bigint): CreditView {
  return {
    id: row.id, kind: row.kind, amount: row.amount, left: String(left), currency: row.currency, grantedAt: row.granted_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null, reason: row.reason, author: row.author,
  };
}

function invalid(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}
