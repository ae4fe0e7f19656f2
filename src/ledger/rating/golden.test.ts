import { expect, test } from 'vitest';
import { completeBuckets } from '../prices/complete.ts';
import { rate } from './rate.ts';

/**
 * Invoices worked out by hand from published prices: whatever changes in how usage is read or rated, these amounts stay.
 * Prices of Claude Sonnet 4.5, US dollars per million tokens: input 3, cache read 0.30, cache write 3.75 (five minutes) and 6
 * (an hour), output 15 (docs.anthropic.com/en/docs/about-claude/pricing, as in the LiteLLM price map's entry).
 */
const perMillion = (cents: bigint) => ({ price: cents * 10_000_000_000n, per: 1_000_000n });
const sonnet = {
  resource: 'claude-sonnet-4-5',
  buckets: completeBuckets({ input: perMillion(300n), cache_read: perMillion(30n), cache_write: perMillion(375n), cache_write_1h: perMillion(600n), output: perMillion(1_500n) }),
};

test('tokens that were written to a cache are charged once, and not as input again', () => {
  // A message with 21 new tokens, 188,086 written for five minutes, 456 for an hour and 1,800 read; 393 answered.
  const { lines, charge } = rate({ input: 21n, cache_read: 1_800n, cache_write: 188_086n, cache_write_1h: 456n, output: 393n }, sonnet);
  expect(lines.map(({ bucket, amount }) => [bucket, amount])).toEqual([
    ['input', 63_000_000n], ['cache_read', 540_000_000n], ['cache_write', 705_322_500_000n], ['cache_write_1h', 2_736_000_000n], ['output', 5_895_000_000n],
  ]);
  // $0.7145565. Counting the written tokens as input as well would make it $1.2801825.
  expect(charge).toBe(714_556_500_000n);
});
