import type { PriceBuckets, PriceTier } from './types.ts';

interface Seed {
  readonly resource: string;
  readonly tier: PriceTier;
  readonly buckets: PriceBuckets;
  readonly source: string;
}

/** US dollars for a million tokens, in ten-thousandths of a dollar, so that every figure is whole. */
function perMillion(input: bigint, cached: bigint, output: bigint): PriceBuckets {
  const unit = (tenThousandths: bigint) => ({ price: tenThousandths * 100_000_000n, per: 1_000_000n });
  return { input: unit(input), cache_read: unit(cached), output: unit(output) };
}

const META = 'Meta Model API, published price per million tokens, https://ai.developer.meta.com/docs/pricing-rate-limits, as of 2026-11-22';
const OWN = 'Tandem\'s default for the embedded model, 2026-11-23: a sample that the operator replaces';

/** The prices that a new installation starts with. The cost of the local engine is not known, so none is stated. */
export const SEEDS: readonly Seed[] = [
  { resource: 'muse-spark', tier: 'standard', buckets: perMillion(12_500n, 1_500n, 42_500n), source: `${META}, standard tier` },
  { resource: 'muse-spark', tier: 'contributor', buckets: perMillion(1_000n, 20n, 2_000n), source: `${META}, contributor tier` },
  { resource: 'tandem/local', tier: 'standard', buckets: perMillion(200n, 20n, 800n), source: OWN },
  { resource: 'mac/stand-in', tier: 'standard', buckets: { minute: { price: 0n, per: 60n } }, source: 'Tandem\'s default, 2026-11-26: Linux in the place of a Mac is no Mac, and nothing is charged for it' },
  { resource: 'operator/minutes', tier: 'standard', buckets: { minute: { price: 0n, per: 1n }, request: { price: 0n, per: 1n } }, source: 'Tandem\'s default, 2026-11-26: what a minute and a step of the operator\'s people are worth is for the operator to say' },
  { resource: 'tandem/local', tier: 'contributor', buckets: perMillion(200n, 20n, 800n), source: OWN },
];
