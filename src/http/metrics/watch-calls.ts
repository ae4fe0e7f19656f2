import type { Attempt, CallEnd, Ledger } from '../../ledger/index.ts';
import type { Metrics } from './metrics.ts';

type Admitting = Pick<Ledger, 'admit' | 'countRequest' | 'priceBook' | 'epochId' | 'delivered' | 'place' | 'sight'>;

/**
 * The ledger as `models` uses it, with every end of a call counted on its way: the figures come from what is
 * charged, not from a second count.
 * @param providerOf OpenTelemetry's name for who is behind a backend.
 */
export function watchCalls(ledger: Admitting, metrics: Metrics, providerOf: (backendId: string) => string = () => 'unknown'): Admitting {
  return {
    priceBook: ledger.priceBook,
    epochId: ledger.epochId,
    sight: ledger.sight,
    delivered: (...calls) => ledger.delivered(...calls),
    place: () => ledger.place(),
    countRequest: (request) => ledger.countRequest(request),
    admit: (admission, onEnd) => ledger.admit(admission, (end, charge, currency) => {
      const { firstTokenMs, totalMs } = end.timings;
      metrics.finished({
        alias: admission.resource, operation: end.dialect === 'embeddings' ? 'embeddings' : 'chat', provider: providerOf(served(end)?.backendId ?? ''), outcome: end.outcome, quantities: end.quantities, charge, currency,
        // Zero says that there was no token.
        firstTokenMs: firstTokenMs > 0 ? firstTokenMs : null, totalMs,
      });
      onEnd?.(end, charge, currency);
    }),
  };
}

/** The attempt whose answer the caller got: the one that says so, else the last. */
function served(end: CallEnd): Attempt | undefined {
  return end.attempts.find((one) => one.delivered === true) ?? end.attempts.at(-1);
}
