import { createHash, hash } from 'node:crypto';
import { canonicalJson, jsonText } from './canonical.ts';

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
  /** Bucket → whole number as text, as canonical JSON. */
  readonly quantities: string;
  readonly charge: bigint;
  readonly cost: bigint | null;
  readonly currency: string;
  readonly priceVersionId: string | null;
  readonly outcome: string;
  readonly counted: string;
  /** Canonical JSON. */
  readonly attributes: string;
  readonly epoch: string | null;
  readonly sequence: bigint | null;
}

/** The same as it is read from the database. */
export interface ReadEvent extends Omit<HashedEvent, 'quantities' | 'attributes'> {
  readonly quantities: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * SHA-256 over everything that a usage event says. Stored beside the event; a changed column no longer
 * fits it. Who changes the hash as well breaks the chain that `chainHash` makes.
 */
export function eventHash(event: Omit<HashedEvent, 'epoch' | 'sequence'>, epoch: string | null, sequence: bigint | null): Buffer {
  const text = (value: string | null) => (value === null ? 'null' : jsonText(value));
  const whole = (value: bigint | null) => (value === null ? 'null' : `"${value}"`);
  return hash('sha256', `[${text(event.id)},${text(event.organisationId)},${text(event.projectId)},${text(event.keyId)},${text(event.kind)},${text(event.resource)},${text(event.tier)},` +
    `${text(event.serviceTier)},${event.occurredAtMs},${event.quantities},${whole(event.charge)},${whole(event.cost)},${text(event.currency)},${text(event.priceVersionId)},` +
    `${text(event.outcome)},${text(event.counted)},${event.attributes},${text(epoch)},${whole(sequence)}]`, 'buffer');
}

/** The hash of an event that was read. */
export function readHash(event: ReadEvent): Buffer {
  return eventHash({ ...event, quantities: canonicalJson(event.quantities), attributes: canonicalJson(event.attributes) }, event.epoch, event.sequence);
}

/** What was hashed before there were service tiers: events of then keep their hash. */
export function formerHash(event: ReadEvent): Buffer {
  if (event.serviceTier !== 'default') return Buffer.alloc(0);
  const text = JSON.stringify([
    event.id, event.organisationId, event.projectId, event.keyId, event.kind, event.resource, event.tier, event.occurredAtMs,
    sorted(event.quantities), String(event.charge), event.cost === null ? null : String(event.cost), event.currency, event.priceVersionId,
    event.outcome, event.counted, sorted(event.attributes), event.epoch, event.sequence === null ? null : String(event.sequence),
  ]);
  return hash('sha256', text, 'buffer');
}

/** The hash of a batch: over the batch before it and the hashes of its own rows, in their order. */
export function chainHash(previous: Buffer, hashes: readonly Buffer[]): Buffer {
  const chain = createHash('sha256').update(previous);
  for (const one of hashes) chain.update(one);
  return chain.digest();
}

/** An object as the list of its names and values, sorted: the form that the journal hashes too. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const source = value as Readonly<Record<string, unknown>>;
  return Object.keys(source).sort().flatMap((name) => (source[name] === undefined ? [] : [[name, sorted(source[name])]]));
}
