import type { Selectable } from 'kysely';
import type { Schema } from '../../db/index.ts';
import { quantitiesFromJson } from '../rating/quantities.ts';
import { ratedOn } from '../prices/service-tier.ts';
import { rate } from '../rating/rate.ts';
import type { ReadEvent } from '../rating/event-hash.ts';
import type { PriceVersion } from '../prices/types.ts';

export type StoredEvent = Selectable<Schema['usage_events']>;

/** A stored row as `readHash` takes it. */
export function hashedEvent(row: StoredEvent): ReadEvent {
  return {
    id: row.id, organisationId: row.organisation_id, projectId: row.project_id, keyId: row.key_id, kind: row.kind, resource: row.resource, tier: row.tier, serviceTier: row.service_tier,
    occurredAtMs: row.occurred_at.getTime(), quantities: row.quantities, charge: BigInt(row.charge), cost: row.cost === null ? null : BigInt(row.cost),
    currency: row.currency, priceVersionId: row.price_version_id, outcome: row.outcome, counted: row.counted, attributes: row.attributes,
    epoch: row.epoch_id, sequence: BigInt(row.sequence),
  };
}

/**
 * What the event's quantities cost by its price version: the rated lines, less what its hold did not cover
 * (`attributes.excess`). Undefined when they cannot be rated.
 */
export function recomputeCharge(event: Pick<ReadEvent, 'quantities' | 'attributes' | 'serviceTier'>, price: PriceVersion | undefined): bigint | undefined {
  const { quantities } = event;
  // What stands in a column may be anything, where somebody changed it.
  if (typeof quantities !== 'object' || quantities === null || Array.isArray(quantities)) return undefined;
  if (Object.values(quantities).every((quantity) => quantity === '0')) return 0n;
  if (price === undefined) return undefined;
  try {
    return rate(quantitiesFromJson(quantities), ratedOn(price, event.serviceTier)).charge - excessOf(event.attributes);
  } catch {
    return undefined;
  }
}

/** What the event's hold did not cover: the operator's, not the caller's. */
export function excessOf(attributes: unknown): bigint {
  const excess = typeof attributes === 'object' && attributes !== null ? (attributes as Record<string, unknown>)['excess'] : undefined;
  return typeof excess === 'string' && /^\d{1,38}$/.test(excess) ? BigInt(excess) : 0n;
}
