import { TandemError } from '../../base/index.ts';
import { rate, type Admission, type CallEnd, type Hold, type LedgerPort, type LimitFigures, type PriceVersion, type Quantities, type Settlement } from '../ports.ts';

/** A price list for tests: $1 in, $0.10 cached, $2 out per million tokens. */
export const TEST_PRICE: PriceVersion = {
  id: '01900000-0000-7000-8000-00000000aaaa', organisationId: '01900000-0000-7000-8000-000000000001', resource: 'any', tier: 'standard', side: 'sell', backendId: null, currency: 'USD',
  buckets: {
    input: { price: 1_000_000_000_000n, per: 1_000_000n }, cache_read: { price: 100_000_000_000n, per: 1_000_000n }, output: { price: 2_000_000_000_000n, per: 1_000_000n },
  },
  effectiveFromMs: 0, source: 'a test',
};

/** What happened to one call's hold. */
export interface Entry {
  readonly admission: Admission;
  readonly progress: Quantities[];
  settled?: CallEnd;
  released?: CallEnd;
}

/** A FAKE of the ledger that remembers what it was told, and refuses a hold that ends twice. */
export class FakeLedger implements LedgerPort {
  readonly entries: Entry[] = [];
  /** Requests that were free of charge. */
  readonly counted: Omit<Admission, 'worst'>[] = [];
  /** What is said to be left of the limits. */
  limits: LimitFigures | null = null;
  refusal: TandemError | undefined;
  settleRefusal: TandemError | undefined;
  /** Called inside `settle`, before it resolves. */
  onSettle: () => void | Promise<void> = () => {};
  price: PriceVersion | undefined = TEST_PRICE;
  costPrice: PriceVersion | undefined;
  readonly priceBook = { priceAt: (...[, , , , side]: Parameters<LedgerPort['priceBook']['priceAt']>) => (side === 'cost' ? this.costPrice : this.price), priceOn: () => this.price };

  readonly epochId = '01900000-0000-7000-8000-00000000eeee';

  readonly sight: LedgerPort['sight'] = {
    request: async () => { throw new TandemError('resource_not_found', { params: { kind: 'request', id: 'x', verb: 'requests' } }); },
    scenarios: async () => [],
    noteAnnotations: () => {},
  };

  place(): { of: number; at: number } {
    return { of: 1, at: 0 };
  }

  async delivered(): Promise<null> {
    return null;
  }

  async countRequest(request: Omit<Admission, 'worst'>): Promise<LimitFigures | null> {
    if (this.refusal) throw this.refusal;
    this.counted.push(request);
    return this.limits;
  }

  async admit(admission: Admission): Promise<Hold> {
    if (this.refusal) throw this.refusal;
    const { price } = this;
    if (!price) throw new TandemError('price_unknown', { params: { resource: admission.resource, bucket: 'anything' } });
    const entry: Entry = { admission, progress: [] };
    this.entries.push(entry);
    const end = () => {
      if (entry.settled ?? entry.released) throw new Error('a hold ends once');
    };
    return {
      id: admission.id, amount: rate(admission.worst, price).charge, price, limits: this.limits,
      progress: (quantities) => { entry.progress.push(quantities); },
      settle: async (callEnd): Promise<Settlement> => {
        end();
        await this.onSettle();
        if (this.settleRefusal) throw this.settleRefusal;
        entry.settled = callEnd;
        const { charge, lines } = rate(callEnd.quantities, price);
        if (charge > rate(admission.worst, price).charge) throw new Error('the charge is above the hold');
        return { charge, lines, currency: price.currency };
      },
      release: async (callEnd) => {
        end();
        entry.released = callEnd;
      },
    };
  }

  /** The only call's entry. */
  only(): Entry {
    if (this.entries.length !== 1) throw new Error(`there were ${this.entries.length} calls`);
    return this.entries[0]!;
  }
}

