import { BUCKETS, type Bucket, type Quantities } from '../prices/types.ts';

const KNOWN = new Set<string>(BUCKETS);
const WHOLE = /^\d{1,38}$/;

/** Bucket → whole number as text, as jsonb holds it, as quantities. @throws RangeError for anything else. */
export function quantitiesFromJson(json: Readonly<Record<string, string>>): Quantities {
  const quantities: { -readonly [B in Bucket]?: bigint } = {};
  for (const [bucket, text] of Object.entries(json)) {
    if (!KNOWN.has(bucket)) throw new RangeError(`there is no bucket ${bucket}`);
    if (typeof text !== 'string' || !WHOLE.test(text)) throw new RangeError(`the quantity of ${bucket} is not a whole number`);
    quantities[bucket as Bucket] = BigInt(text);
  }
  return quantities;
}

export function quantitiesToJson(quantities: Quantities): Record<string, string> {
  return Object.fromEntries(Object.entries(quantities).map(([bucket, quantity]) => [bucket, String(quantity)]));
}
