import type { Database, Executor } from '../../db/index.ts';
import { lockBooks, writeBooks } from '../journal/journal.ts';
import { leftAfterPending, readBalances } from './balances.ts';
import { entryRows } from './entries.ts';

export interface Settling {
  readonly organisationId: string;
  readonly currency: string;
  readonly prepaid: boolean;
  readonly at: Date;
  /** Credits that expired before this lose what is left of them. */
  readonly expireBefore: Date | null;
}

/**
 * Writes what posted usage draws from the credits, then ends the credits that have expired. In the caller's
 * transaction, which holds the organisation's books from here on.
 * @returns what expired.
 */
export async function settleCredits(database: Pick<Database, 'scoped'>, tx: Executor, newId: () => string, settling: Settling): Promise<bigint> {
  const { organisationId, currency, at, expireBefore } = settling;
  await lockBooks(database, tx, organisationId);
  const balances = await readBalances(tx, organisationId, settling.prepaid);
  const draws = balances.pending.flatMap((draw) => entryRows(newId, {
    organisationId, kind: 'draw', currency, at,
    sides: [{ account: 'credit', amount: -draw.amount, creditId: draw.creditId }, { account: 'receivable', amount: draw.amount, month: draw.month }],
  }));
  let expired = 0n;
  const ended = balances.credits.filter((credit) => expireBefore !== null && credit.expiresAtMs !== null && credit.expiresAtMs <= expireBefore.getTime());
  const expiries = ended.flatMap((credit) => {
    const left = leftAfterPending(balances, credit);
    expired += left;
    return entryRows(newId, { organisationId, kind: 'expiry', currency, at, sides: [{ account: 'credit', amount: -left, creditId: credit.id }, { account: 'expired', amount: left, creditId: credit.id }] });
  });
  await writeBooks(database, tx, organisationId, [...draws, ...expiries]);
  return expired;
}
