import type { Ledger } from '../../ledger/index.ts';
import type { Metrics } from './metrics.ts';

type Admitting = Pick<Ledger, 'admit' | 'countRequest' | 'priceBook' | 'epochId' | 'delivered' | 'sight'>;

/**
 * The ledger as `models` uses it, with every end of a call counted on its way: the figures come from what is
 * charged, not from a second count.
 */
export function watchCalls(ledger: Admitting, metrics: Metrics): Admitting {
  return {
    priceBook: ledger.priceBook,
    epochId: ledger.epochId,
    sight: ledger.sight,
    delivered: (...calls) => ledger.delivered(...calls),
    countRequest: (request) => ledger.countRequest(request),
    admit: (admission, onEnd) => ledger.admit(admission, (end, charge, currency) => {
      const { firstTokenMs, totalMs } = end.timings;
      metrics.finished({
        alias: admission.resource, outcome: end.outcome, quantities: end.quantities, charge, currency,
        // Zero says that there was no token.
        firstTokenMs: firstTokenMs > 0 ? firstTokenMs : null, totalMs,
      });
      onEnd?.(end, charge, currency);
    }),
  };
}
