import type { Admission, Hold, LedgerPort } from './ports.ts';

/**
 * The ledger for a call that repeats one which was delivered and charged, and whose reply a crash lost: it is recorded with
 * what it costs the operator, holds nothing of a budget and charges nothing.
 */
export function unbilled(ledger: LedgerPort): LedgerPort {
  return {
    priceBook: ledger.priceBook,
    epochId: ledger.epochId,
    sight: ledger.sight,
    delivered: (...calls) => ledger.delivered(...calls),
    place: () => ledger.place(),
    countRequest: (request) => ledger.countRequest(request),
    async admit(admission: Admission, onEnd): Promise<Hold> {
      const hold = await ledger.admit({ ...admission, worst: {} }, onEnd);
      return {
        id: hold.id, amount: 0n, price: hold.price,
        // Progress is what a crash charges for: this call has none.
        progress() {},
        settle: async (end) => {
          await hold.release(end);
          return { charge: 0n, currency: hold.price.currency, lines: [] };
        },
        release: (end) => hold.release(end),
      };
    },
  };
}
