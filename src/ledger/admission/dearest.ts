import { divideUp, type Picodollars } from '../../base/index.ts';
import type { Capped } from '../events/call.ts';
import type { Bucket, PriceVersion, Quantities, UnitPrice } from '../prices/types.ts';
import { BUCKETS } from '../prices/types.ts';
import { unknownPrice } from '../rating/rate.ts';

/** What a counted unit may turn out to be: cached, audio or reasoning tokens are told apart only when the call ends. */
const INPUTS: readonly Bucket[] = ['input', 'cache_read', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input'];
const OUTPUTS: readonly Bucket[] = ['output', 'reasoning', 'audio_output'];
const MAY_BECOME: { readonly [B in Bucket]?: readonly Bucket[] } = Object.fromEntries([INPUTS, OUTPUTS].flatMap((kin) => kin.map((bucket) => [bucket, kin])));

type Priced = Pick<PriceVersion, 'buckets' | 'resource'>;

/**
 * What a call of these quantities costs at most: each unit in the dearest bucket that it may end up in, each
 * line rounded up, plus one picodollar for every further line that it may be split into.
 * @throws TandemError price_unknown when a bucket with a quantity has no price.
 */
export function dearest(worst: Quantities, version: Priced): Picodollars {
  let amount = 0n;
  for (const bucket of BUCKETS) {
    const quantity = worst[bucket];
    if (quantity === undefined || quantity === 0n) continue;
    if (quantity < 0n) throw new RangeError(`a quantity is not negative: ${bucket}`);
    const { unit, more } = dearestUnit(bucket, version);
    amount += divideUp(quantity * unit.price, unit.per) + more;
  }
  return amount;
}

/** The dearest that a unit of a bucket may cost, and a picodollar for each further line that it may be split into. */
interface DearestUnit {
  readonly unit: UnitPrice;
  readonly more: bigint;
}

/** Price versions never change, and calls under one are many. */
const KNOWN = new WeakMap<PriceVersion['buckets'], { [B in Bucket]?: DearestUnit }>();

function dearestUnit(bucket: Bucket, { buckets, resource }: Priced): DearestUnit {
  let known = KNOWN.get(buckets);
  if (known === undefined) KNOWN.set(buckets, (known = {}));
  return (known[bucket] ??= findDearest(bucket, buckets, resource));
}

function findDearest(bucket: Bucket, buckets: PriceVersion['buckets'], resource: string): DearestUnit {
  const own = buckets[bucket];
  if (own === undefined) throw unknownPrice(resource, bucket);
  let unit = own;
  let lines = 1n;
  for (const other of MAY_BECOME[bucket] ?? []) {
    const candidate = buckets[other];
    if (candidate === undefined || other === bucket) continue;
    lines += 1n;
    if (isDearer(candidate, unit)) unit = candidate;
  }
  return { unit, more: unit.price === 0n ? 0n : lines - 1n };
}

/** The most of `bucket` that fits into `left` beside the other quantities; null: not even one unit. */
export function largestFitting(worst: Quantities, bucket: Bucket, left: Picodollars, version: Priced): bigint | null {
  const fits = (quantity: bigint) => dearest({ ...worst, [bucket]: quantity }, version) <= left;
  if (!fits(1n)) return null;
  let low = 1n;
  let high = worst[bucket] ?? 1n;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (fits(middle)) low = middle;
    else high = middle - 1n;
  }
  return low;
}

/** The largest cap whose answers, over all attempts, come to no more than so many. */
export function capWithin(output: bigint, { choices, bounds }: Capped): bigint {
  const comesTo = (cap: bigint) => bounds.reduce((sum, bound) => sum + (cap * BigInt(choices) < bound ? cap * BigInt(choices) : bound), 0n);
  let low = 0n;
  let high = bounds.reduce((most, bound) => (bound > most ? bound : most), 0n) / BigInt(choices) + 1n;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (comesTo(middle) <= output) low = middle;
    else high = middle - 1n;
  }
  return low;
}

function isDearer(a: UnitPrice, b: UnitPrice): boolean {
  return a.price * b.per > b.price * a.per;
}
