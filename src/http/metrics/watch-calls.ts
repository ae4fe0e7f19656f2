import type { CallEnd, Hold, Ledger } from '../../ledger/index.ts';
import type { Metrics } from './metrics.ts';

type Admitting = Pick<Ledger, 'admit' | 'priceBook'>;

/**
 * The ledger as `models` uses it, with every end of a call counted on its way: the figures come from what is
 * charged, not from a second count.
 */
export function watchCalls(ledger: Admitting, metrics: Metrics): Admitting {
  return {
    priceBook: ledger.priceBook,
    async admit(admission) {
      return new WatchedHold(await ledger.admit(admission), admission.resource, metrics);
    },
  };
}

class WatchedHold implements Hold {
  readonly #hold: Hold;
  readonly #alias: string;
  readonly #metrics: Metrics;

  constructor(hold: Hold, alias: string, metrics: Metrics) {
    this.#hold = hold;
    this.#alias = alias;
    this.#metrics = metrics;
  }

  get id() {
    return this.#hold.id;
  }

  get amount() {
    return this.#hold.amount;
  }

  get price() {
    return this.#hold.price;
  }

  progress(quantities: CallEnd['quantities']): void {
    this.#hold.progress(quantities);
  }

  async settle(end: CallEnd) {
    const settlement = await this.#hold.settle(end);
    this.#count(end, settlement.charge);
    return settlement;
  }

  async release(end: CallEnd): Promise<void> {
    await this.#hold.release(end);
    this.#count(end, 0n);
  }

  #count(end: CallEnd, charge: bigint): void {
    const { firstTokenMs, totalMs } = end.timings;
    this.#metrics.finished({
      alias: this.#alias, outcome: end.outcome, quantities: end.quantities, charge, currency: this.#hold.price.currency,
      // Zero says that there was no token.
      firstTokenMs: firstTokenMs > 0 ? firstTokenMs : null, totalMs,
    });
  }
}
