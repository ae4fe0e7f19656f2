import { createHash, hash } from 'node:crypto';

/** A usage event as it is stored, whatever its columns: the values that its hash covers. */
export interface HashedEvent {
  readonly id: string;
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly kind: string;
  readonly resource: string;
  readonly tier: string;
  readonly serviceTier: string;
  readonly occurredAtMs: number;
  /** Bucket → whole number as text. */
  readonly quantities: Readonly<Record<string, string>>;
  readonly charge: bigint;
  readonly cost: bigint | null;
  readonly currency: string;
  readonly priceVersionId: string | null;
  readonly outcome: string;
  readonly counted: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly epoch: string | null;
  readonly sequence: bigint | null;
}

/**
 * SHA-256 over everything that a usage event says. Stored beside the event; a changed column no longer
 * fits it. Who changes the hash as well breaks the chain that `chainHash` makes.
 */
export function eventHash(event: HashedEvent): Buffer {
  const text = JSON.stringify([
    event.id, event.organisationId, event.projectId, event.keyId, event.kind, event.resource, event.tier, event.occurredAtMs,
    sorted(event.quantities), String(event.charge), event.cost === null ? null : String(event.cost), event.currency, event.priceVersionId,
    event.outcome, event.counted, sorted(event.attributes), event.epoch, event.sequence === null ? null : String(event.sequence),
    // Last, and only where it says something: events from before there were service tiers keep their hash.
    ...(event.serviceTier === 'default' ? [] : [event.serviceTier]),
  ]);
  return hash('sha256', text, 'buffer');
}

/** The hash of a batch: over the batch before it and the hashes of its own rows, in their order. */
export function chainHash(previous: Buffer, hashes: readonly Buffer[]): Buffer {
  const chain = createHash('sha256').update(previous);
  for (const one of hashes) chain.update(one);
  return chain.digest();
}

/** jsonb keeps objects in an order of its own, so every object is written with its names sorted. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  // Ten thousand events a second pass here: loops instead of chains.
  const source = value as Readonly<Record<string, unknown>>;
  const entries: [string, unknown][] = [];
  for (const name of Object.keys(source).sort()) {
    const one = source[name];
    if (one !== undefined) entries.push([name, typeof one === 'object' ? sorted(one) : one]);
  }
  return entries;
}
