import { createHash, hash } from 'node:crypto';
import { canonicalJson, jsonText } from './canonical.ts';

/** What many events have in common, as far as their hash covers it. */
export interface HashedPlace {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly kind: string;
  readonly resource: string;
  readonly tier: string;
  readonly serviceTier: string;
  readonly currency: string;
  readonly priceVersionId: string | null;
}

/** What each says for itself. */
export interface HashedUse {
  readonly id: string;
  readonly occurredAtMs: number;
  /** Bucket → whole number as text, as canonical JSON. */
  readonly quantities: string;
  readonly charge: bigint;
  readonly cost: bigint | null;
  readonly outcome: string;
  readonly counted: string;
  /** Canonical JSON. */
  readonly attributes: string;
}

/** An event as it is read from the database. */
export interface ReadEvent extends HashedPlace, Omit<HashedUse, 'quantities' | 'attributes'> {
  readonly quantities: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly epoch: string | null;
  readonly sequence: bigint | null;
}

/** A place's parts of what is hashed: made once for all of its events. */
export interface PlaceText {
  readonly before: string;
  readonly after: string;
}

export function placeText(place: HashedPlace): PlaceText {
  const { organisationId, projectId, keyId, kind, resource, tier, serviceTier, currency, priceVersionId } = place;
  return { before: [organisationId, projectId, keyId, kind, resource, tier, serviceTier].map(text).join(','), after: [currency, priceVersionId].map(text).join(',') };
}

/**
 * What a usage event says, all of it, in the form that is hashed with SHA-256. The hash is stored beside the event; a changed
 * column no longer fits it. Who changes the hash as well breaks the chain that `chainHash` makes.
 */
export function hashedText(place: PlaceText, use: HashedUse, epoch: string | null, sequence: bigint | number | null): string {
  return `[${text(use.id)},${place.before},${use.occurredAtMs},${use.quantities},"${use.charge}",${use.cost === null ? 'null' : `"${use.cost}"`},${place.after},` +
    `${text(use.outcome)},${text(use.counted)},${use.attributes},${text(epoch)},${sequence === null ? 'null' : `"${sequence}"`}]`;
}

function text(value: string | null): string {
  return value === null ? 'null' : jsonText(value);
}

/** The hash of an event that was read. */
export function readHash(event: ReadEvent): Buffer {
  const use = { ...event, quantities: canonicalJson(event.quantities), attributes: canonicalJson(event.attributes) };
  return hash('sha256', hashedText(placeText(event), use, event.epoch, event.sequence), 'buffer');
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
