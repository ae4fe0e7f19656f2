import { TandemError, divideUp, multiplyPrice, type Picodollars } from '../../base/index.ts';
import { BUCKETS, type Bucket, type PriceVersion, type Quantities, type UnitPrice } from '../prices/types.ts';

/** The rules as they are said to people, beside every bill. */
export const ROUNDING_RULE =
  'Each line is quantity × price ÷ the quantity that the price is stated for, rounded once to a whole picodollar (10^-12), half to even. A charge is the sum of its lines.';

/** One bucket of one event, priced: `amount` = quantity × price / per, rounded half to even. */
export interface RatedLine {
  readonly bucket: Bucket;
  readonly quantity: bigint;
  readonly price: Picodollars;
  readonly per: bigint;
  readonly amount: Picodollars;
}

export interface Rated {
  /** In the order of `BUCKETS`; buckets without a quantity have no line. */
  readonly lines: RatedLine[];
  /** The sum of the lines, exactly. */
  readonly charge: Picodollars;
}

/** A rating's version, as far as rating looks at it. */
type Priced = Pick<PriceVersion, 'buckets' | 'resource'>;

/**
 * Prices what was used. Pure: the same quantities and version give the same lines for ever, which is what
 * `bill --verify` rests on. A zero price gives a line of zero; a missing one is an error.
 * @throws TandemError price_unknown when a bucket with a quantity above zero has no price.
 * @throws RangeError for a negative quantity.
 */
export function rate(quantities: Quantities, version: Priced): Rated {
  const lines: RatedLine[] = [];
  let charge = 0n;
  for (const bucket of BUCKETS) {
    const quantity = quantities[bucket] ?? 0n;
    if (quantity === 0n) continue;
    const unit = unitOf(version, bucket, quantity);
    const amount = multiplyPrice(quantity, unit.price, unit.per);
    lines.push({ bucket, quantity, price: unit.price, per: unit.per, amount });
    charge += amount;
  }
  return { lines, charge };
}

/**
 * A bound on every charge that `rate` can give for these quantities or smaller ones: each line rounded up.
 * For holds.
 * @throws TandemError price_unknown as `rate` does.
 */
export function rateUp(quantities: Quantities, version: Priced): Picodollars {
  let bound = 0n;
  for (const bucket of BUCKETS) {
    const quantity = quantities[bucket] ?? 0n;
    if (quantity === 0n) continue;
    const unit = unitOf(version, bucket, quantity);
    bound += divideUp(quantity * unit.price, unit.per);
  }
  return bound;
}

function unitOf(version: Priced, bucket: Bucket, quantity: bigint): UnitPrice {
  if (quantity < 0n) throw new RangeError(`a quantity is not negative: ${bucket}`);
  const unit = version.buckets[bucket];
  if (unit === undefined) throw unknownPrice(version.resource, bucket);
  return unit;
}

/** The error for what has no price: it names the model and, where one is known, the bucket. */
export function unknownPrice(resource: string, bucket: Bucket | null): TandemError {
  return new TandemError('price_unknown', {
    params: { resource, bucket: bucket === null ? 'anything' : bucket },
    facts: { resource, bucket },
  });
}
