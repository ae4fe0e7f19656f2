/**
 * What this room asks of the rooms below it: the parts of their faces that it uses, so that tests can stand in
 * for them and a reader sees how little that is.
 */
import type { Picodollars } from '../base/index.ts';
import type { Principal } from '../access/index.ts';
import type { Executor } from '../db/index.ts';
import type { PriceVersion, Quantities } from '../ledger/prices/types.ts';
import type { RatedLine } from '../ledger/rating/rate.ts';

export type { Principal } from '../access/index.ts';
export type { Bucket, PriceVersion, Quantities } from '../ledger/prices/types.ts';
export type { RatedLine } from '../ledger/rating/rate.ts';
export { rate } from '../ledger/rating/rate.ts';

/** One call before it is made: what it could cost at most. */
export interface Admission {
  readonly id: string;
  readonly organisationId: string;
  readonly projectId: string | null;
  readonly keyId: string | null;
  readonly resource: string;
  readonly tier: 'standard' | 'contributor';
  readonly admittedAtMs: number;
  readonly worst: Quantities;
  readonly capBucket?: 'output';
}

export type Outcome = 'completed' | 'client_left' | 'failed' | 'cut' | 'deadline';

/** One try on one backend: what it used and what that costs the operator. */
export interface Attempt {
  readonly backendId: string;
  readonly backendModel: string;
  readonly outcome: Outcome;
  readonly quantities: Quantities;
  readonly cost: Picodollars | null;
  readonly costPriceId: string | null;
  readonly httpStatus: number | null;
  readonly ms: number;
}

export interface Timings {
  readonly queueMs: number;
  readonly connectMs: number;
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

/** How the quantities were counted: by the backend, by the model's own tokenizer, or from lengths where neither was to be had. */
export type Counted = 'backend' | 'tokenizer' | 'mixed' | 'estimate';

export interface CallEnd {
  readonly outcome: Outcome;
  readonly quantities: Quantities;
  readonly counted: Counted;
  readonly attempts: readonly Attempt[];
  readonly timings: Timings;
  readonly finishReason: string | null;
  readonly streamed: boolean;
}

export interface Settlement {
  readonly charge: Picodollars;
  readonly currency: string;
  readonly lines: readonly RatedLine[];
}

export interface Hold {
  readonly id: string;
  readonly amount: Picodollars;
  readonly price: PriceVersion;
  progress(quantities: Quantities): void;
  settle(end: CallEnd): Promise<Settlement>;
  release(end: CallEnd): Promise<void>;
}

export interface LedgerPort {
  admit(admission: Admission): Promise<Hold>;
  readonly priceBook: PricePort;
}

/** Prices in memory. */
export interface PricePort {
  priceAt(organisationId: string, resource: string, tier: 'standard' | 'contributor', atMs: number, side?: 'sell' | 'cost', backendId?: string | null): PriceVersion | undefined;
}

/** The audit trail: an entry in the transaction of the change it tells of. */
export interface AccessPort {
  readonly audit: {
    record(tx: Executor, by: Pick<Principal, 'organisationId' | 'actor'>, entry: {
      readonly action: string;
      readonly resourceKind: string;
      readonly resourceId: string | null;
      readonly change: Readonly<Record<string, unknown>>;
    }): Promise<void>;
  };
}
