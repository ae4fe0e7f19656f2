import type { JournalledRow } from '../journal/row-hash.ts';

/** One side of a transaction: amounts of one transaction sum to zero. */
interface Side {
  readonly account: 'credit' | 'funding' | 'expired' | 'revenue' | 'receivable';
  readonly amount: bigint;
  readonly creditId?: string;
  readonly month?: string;
}

interface Transaction {
  readonly organisationId: string;
  readonly kind: 'credit' | 'draw' | 'expiry' | 'invoice' | 'adjustment';
  readonly currency: string;
  readonly at: Date;
  readonly sides: readonly Side[];
}

/** The rows of one double-entry transaction; none when it moves nothing. */
export function entryRows(newId: () => string, transaction: Transaction): JournalledRow[] {
  const { organisationId, kind, currency, at, sides } = transaction;
  const sum = sides.reduce((total, side) => total + side.amount, 0n);
  if (sum !== 0n) throw new Error(`the entries of a transaction of kind ${kind} sum to ${sum}, not to zero`);
  const moving = sides.filter((side) => side.amount !== 0n);
  if (moving.length === 0) return [];
  const transactionId = newId();
  return moving.map((side) => ({
    kind: 'entry',
    row: {
      id: newId(), organisation_id: organisationId, transaction_id: transactionId, kind, account: side.account, amount: String(side.amount), currency,
      credit_id: side.creditId ?? null, month: side.month ?? null, at,
    },
  }));
}
