import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS } from '../../ledger/index.ts';
import { longBuckets, shortBuckets } from './prices.ts';

const unit = fc.record({ price: fc.oneof(fc.bigInt(0n, 10n ** 18n), fc.bigInt(0n, 10n ** 38n - 1n)).map(String), per: fc.constantFrom('1', '3', '1000', '1000000', '7000000') });
const buckets = fc.dictionary(fc.constantFrom(...BUCKETS), unit);
const value = ({ price, per }: { price: string; per: string }, other: { price: string; per: string }) => BigInt(price) * BigInt(other.per) === BigInt(other.price) * BigInt(per);

test('a price that is written short and read again is the same price', () => {
  fc.assert(fc.property(buckets, (given) => {
    const back = longBuckets(shortBuckets(given));
    for (const [bucket, one] of Object.entries(given)) expect(value(back[bucket as keyof typeof back]!, one)).toBe(true);
  }));
});

test('short prices are for a million tokens, one request and one cached reply', () => {
  expect(longBuckets({ input: '1.25', request: '0.01' })).toMatchObject({ input: { price: '1250000000000', per: '1000000' }, cache_read: { price: '1250000000000', per: '1000000' }, request: { price: '10000000000', per: '1' } });
  expect(shortBuckets({ output: { price: '4250000', per: '1' }, input: { price: '1', per: '3000000' } })).toEqual({ output: '4.25', input: { price: '1', per: '3000000' } });
});
