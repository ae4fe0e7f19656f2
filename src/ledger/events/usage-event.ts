import type { Picodollars } from '../../base/index.ts';
import type { PriceTier } from '../prices/types.ts';
import type { RatedLine } from '../rating/rate.ts';
import type { WindowKey } from './records.ts';

/** A usage event on its way into Postgres. */
export interface UsageEvent {
  readonly id: string;
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly kind: string;
  readonly resource: string;
  readonly tier: PriceTier;
  readonly occurredAtMs: number;
  /** Bucket → whole number as text. */
  readonly quantities: Readonly<Record<string, string>>;
  readonly lines: readonly RatedLine[];
  readonly charge: Picodollars;
  readonly cost: Picodollars | null;
  readonly currency: string;
  readonly priceVersionId: string | null;
  readonly outcome: string;
  readonly counted: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** What it frees of its epoch's slices: the amount by which the gateway lowered each of them. */
  readonly slices: { readonly windows: readonly WindowKey[]; readonly amount: Picodollars } | null;
}
