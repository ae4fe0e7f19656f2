import { uuidTimeMs } from '../../base/index.ts';
import type { PriceVersion } from '../prices/types.ts';
import { formerHash, readHash, type ReadEvent } from '../rating/event-hash.ts';
import { quantitiesFromJson } from '../rating/quantities.ts';
import { excessOf, recomputeCharge } from './stored-event.ts';

/** What a verification knows of the values that fields can have. */
export interface KnownValues {
  readonly price: (id: string) => PriceVersion | undefined;
  readonly priceIds: () => Iterable<string>;
  readonly epochIds: () => Iterable<string>;
  /** The sequence number that belongs where the event stands, when it is known. */
  readonly expectedSequence: bigint | null;
  /** Projects, keys and resources that occur in the organisations' sums. */
  readonly groups: () => Iterable<{ organisationId: string; projectId: string; keyId: string | null; resource: string }>;
}

const WORDS = {
  kind: ['call', 'batch', 'gpu', 'mac', 'bytes', 'build', 'operator'],
  outcome: ['completed', 'client_left', 'failed', 'cut', 'deadline', 'recorded'],
  counted: ['backend', 'tokenizer', 'mixed', 'estimate', 'reported'],
  tier: ['standard', 'contributor'],
  serviceTier: ['default', 'priority', 'flex'],
} as const;
/** What a field is called in the database, where that is not its name here. */
const COLUMNS: Readonly<Record<string, string>> = { serviceTier: 'service_tier' };

/**
 * Which field of an event was changed, given that its stored hash no longer fits: the one field for which a
 * value can be found that fits again. Where none is found the change is in a field whose former value
 * nothing else tells, or in several.
 */
export function nameChangedField(event: ReadEvent, storedHash: Buffer, known: KnownValues): string {
  const fits = (change: Partial<ReadEvent>) => [readHash, formerHash].some((hash) => hash({ ...event, ...change }).equals(storedHash));

  if (!areQuantities(event.quantities)) return 'quantities';
  const charge = recomputeCharge(event, event.priceVersionId === null ? undefined : known.price(event.priceVersionId));
  if (charge !== undefined && fits({ charge })) return 'charge';
  const bucket = changedBucket(event, known, fits);
  if (bucket !== null) return `quantities.${bucket}`;
  const cost = costOfAttempts(event.attributes);
  if (fits({ cost: null }) || (cost !== null && fits({ cost }))) return 'cost';
  for (const [field, words] of Object.entries(WORDS) as [keyof typeof WORDS, readonly string[]][]) {
    if (words.some((word) => fits({ [field]: word }))) return COLUMNS[field] ?? field;
  }
  for (const priceVersionId of [null, ...known.priceIds()]) {
    if (fits({ priceVersionId })) return 'price_version_id';
    const price = priceVersionId === null ? undefined : known.price(priceVersionId);
    if (price !== undefined && fits({ currency: price.currency })) return 'currency';
  }
  if (fits({ occurredAtMs: uuidTimeMs(event.id) })) return 'occurred_at';
  if (known.expectedSequence !== null && fits({ sequence: known.expectedSequence })) return 'sequence';
  for (const epoch of known.epochIds()) if (fits({ epoch })) return 'epoch_id';
  for (const group of known.groups()) {
    if (fits({ keyId: group.keyId })) return 'key_id';
    if (fits({ projectId: group.projectId })) return 'project_id';
    if (fits({ resource: group.resource })) return 'resource';
    if (fits({ organisationId: group.organisationId })) return 'organisation_id';
  }
  return 'attributes (or a time that the id does not tell, or several fields)';
}

/** Whether what stands there can be quantities at all. */
function areQuantities(json: unknown): boolean {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false;
  try {
    quantitiesFromJson(json as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

/** A quantity that, put in the place of one bucket's, makes the charge right and the hash fit. */
function changedBucket(event: ReadEvent, known: KnownValues, fits: (change: Partial<ReadEvent>) => boolean): string | null {
  const price = event.priceVersionId === null ? undefined : known.price(event.priceVersionId);
  if (price === undefined) return null;
  const excess = excessOf(event.attributes);
  for (const [bucket, unit] of Object.entries(price.buckets)) {
    const { [bucket]: _given, ...others } = event.quantities;
    if (fits({ quantities: others })) return bucket;
    const rest = recomputeCharge({ ...event, quantities: others, attributes: {} }, price);
    if (rest === undefined || unit.price === 0n) continue;
    // amount = quantity × price / per, rounded: the quantities that round to it are next to this one.
    const near = ((event.charge + excess - rest) * unit.per) / unit.price;
    for (let quantity = near - 2n; quantity <= near + 2n; quantity += 1n) {
      if (quantity > 0n && fits({ quantities: { ...others, [bucket]: String(quantity) } })) return bucket;
    }
  }
  return null;
}

function costOfAttempts(attributes: unknown): bigint | null {
  const attempts = typeof attributes === 'object' && attributes !== null ? (attributes as Record<string, unknown>)['attempts'] : undefined;
  if (!Array.isArray(attempts)) return null;
  let cost = 0n;
  for (const attempt of attempts as { cost?: unknown }[]) {
    if (typeof attempt?.cost !== 'string' || !/^\d+$/.test(attempt.cost)) return null;
    cost += BigInt(attempt.cost);
  }
  return cost;
}
