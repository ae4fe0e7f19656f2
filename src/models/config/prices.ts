import { formatAmount, parseAmount } from '../../base/index.ts';
import { completeBuckets, type Bucket } from '../../ledger/index.ts';
import { PER_ONE, isAmount, type ConfigPrice } from './form.ts';

export type Buckets = Readonly<Partial<Record<Bucket, { readonly price: string; readonly per: string }>>>;
type Short = ConfigPrice['buckets'];

const MILLION = 1_000_000n;
const perOf = (bucket: Bucket) => (PER_ONE.has(bucket) ? 1n : MILLION);

/** A price of the file in the ledger's form, with the kinds filled in that the ledger fills in. */
export function longBuckets(short: Short): Buckets {
  const given = Object.fromEntries(Object.entries(short).map(([bucket, unit]) => {
    if (typeof unit === 'object') return [bucket, { price: BigInt(unit.price), per: BigInt(unit.per) }];
    return [bucket, { price: parseAmount(unit)!, per: perOf(bucket as Bucket) }];
  }));
  return Object.fromEntries(Object.entries(completeBuckets(given)).map(([bucket, unit]) => [bucket, { price: String(unit.price), per: String(unit.per) }]));
}

/** The short form where it says the same exactly and has room for it. */
export function shortBuckets(long: Buckets): Short {
  return Object.fromEntries(Object.entries(long).map(([bucket, unit]) => {
    const whole = BigInt(unit.price) * perOf(bucket as Bucket);
    const per = BigInt(unit.per);
    const short = formatAmount(whole / per);
    return [bucket, whole % per === 0n && isAmount(short) ? short : unit];
  }));
}
