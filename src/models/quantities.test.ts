import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rate, type PriceVersion } from './ports.ts';
import { toQuantities, worstQuantities } from './quantities.ts';
import { readUsage } from './remote/usage.ts';

const unit = fc.record({ price: fc.bigInt({ min: 0n, max: 10n ** 15n }), per: fc.constantFrom(1n, 1_000n, 1_000_000n) });
const buckets = fc.record({ input: unit, output: unit, cache_read: unit, cache_write: unit, reasoning: unit, request: unit }, { requiredKeys: ['input', 'output'] });

test('every token is in exactly one bucket that has a price, and none is above the worst case', () => {
  fc.assert(fc.property(buckets, fc.nat(100_000), fc.nat(100_000), fc.nat(), fc.nat(), (prices, prompt, answer, cached, thought) => {
    const price = { buckets: prices, resource: 'm' } as Pick<PriceVersion, 'buckets' | 'resource'>;
    const usage = readUsage({
      prompt_tokens: prompt, completion_tokens: answer, prompt_tokens_details: { cached_tokens: cached % (prompt + 1) }, completion_tokens_details: { reasoning_tokens: thought % (answer + 1) },
    })!;
    const used = toQuantities(usage, price);
    const worst = worstQuantities(prompt, answer, price);
    expect((used.input ?? 0n) + (used.cache_read ?? 0n)).toBe(worst.input);
    expect((used.output ?? 0n) + (used.reasoning ?? 0n)).toBe(worst.output);
    expect(used.request).toBe(worst.request);
    expect(() => rate(used, price)).not.toThrow();
  }));
});

test.each([
  [undefined], [null], [{}], [{ prompt_tokens: 1 }], [{ prompt_tokens: -1, completion_tokens: 1 }], [{ prompt_tokens: 1.5, completion_tokens: 1 }], [{ prompt_tokens: '1', completion_tokens: 1 }], [{ prompt_tokens: 1e300, completion_tokens: 1 }],
])('the usage %j is unknown, not zero', (usage) => {
  expect(readUsage(usage)).toBeUndefined();
});

test('details beyond their whole are cut to it, and a usage of zero is zero', () => {
  expect(readUsage({ prompt_tokens: 5, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 9 }, completion_tokens_details: { reasoning_tokens: 9 } })).toEqual({ input: 0, cacheRead: 5, output: 0, reasoning: 5 });
  expect(readUsage({ prompt_tokens: 0, completion_tokens: 0 })).toEqual({ input: 0, cacheRead: 0, output: 0, reasoning: 0 });
});

test('what a list does not price counts as what it is a kind of', () => {
  const one = { price: 1n, per: 1n };
  const usage = { input: 5, cacheRead: 4, output: 2, reasoning: 10 };
  expect(toQuantities(usage, { buckets: { input: one, output: one } })).toEqual({ input: 9n, output: 12n });
  expect(toQuantities(usage, { buckets: { input: one, output: one, cache_read: one, reasoning: one, request: one } })).toEqual({ input: 5n, cache_read: 4n, output: 2n, reasoning: 10n, request: 1n });
});
