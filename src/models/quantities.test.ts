import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rate, type PriceVersion } from './ports.ts';
import { cachedReplyQuantities, toQuantities, worstQuantities, type TokenCounts } from './quantities.ts';
import { readUsage } from './dialects/chat/usage.ts';

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

const tokens = fc.nat(10_000);
const everyKind: fc.Arbitrary<TokenCounts> = fc.record({
  input: tokens, cacheRead: tokens, cacheWrite: tokens, cacheWriteLong: tokens, audioInput: tokens, imageInput: tokens, output: tokens, reasoning: tokens, audioOutput: tokens,
}, { requiredKeys: ['input', 'cacheRead', 'output', 'reasoning'] });
const everyPrice = fc.record({
  input: unit, output: unit, cache_read: unit, cache_write: unit, cache_write_1h: unit, audio_input: unit, image_input: unit, reasoning: unit, audio_output: unit, request: unit,
}, { requiredKeys: ['input', 'output'] });

test('tokens of every kind are counted once, whatever of it a list prices', () => {
  fc.assert(fc.property(everyKind, everyPrice, (counts, buckets) => {
    const price = { buckets, resource: 'm' };
    const used = toQuantities(counts, price);
    const { request: _requests, ...kinds } = used;
    const sum = Object.values(kinds).reduce((total, quantity) => total + quantity, 0n);
    expect(sum).toBe(BigInt(Object.values(counts).reduce((total, count) => total + count, 0)));
    expect(() => rate(used, price)).not.toThrow();
  }));
});

test('an hour\'s cache writes count as cache writes before they count as input', () => {
  const one = { price: 1n, per: 1n };
  const usage = { input: 5, cacheRead: 0, cacheWrite: 3, cacheWriteLong: 2, output: 1, reasoning: 0 };
  expect(toQuantities(usage, { buckets: { input: one, output: one } })).toEqual({ input: 10n, output: 1n });
  expect(toQuantities(usage, { buckets: { input: one, output: one, cache_write: one } })).toEqual({ input: 5n, cache_write: 5n, output: 1n });
  expect(toQuantities(usage, { buckets: { input: one, output: one, cache_write: one, cache_write_1h: one } })).toEqual({ input: 5n, cache_write: 3n, cache_write_1h: 2n, output: 1n });
});

test('a reply from the response cache costs what the list says of such replies, and no token', () => {
  const one = { price: 7n, per: 1n };
  const priced = { resource: 'm', buckets: { input: one, output: one, cached_reply: one } };
  expect(rate(cachedReplyQuantities(priced), priced).charge).toBe(7n);
  expect(cachedReplyQuantities({ buckets: { input: one, output: one } })).toEqual({});
});

test('audio is apart from text, and cached audio counts as cached', () => {
  expect(readUsage({
    prompt_tokens: 100, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 80, audio_tokens: 30 }, completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 40 },
  })).toEqual({ input: 0, cacheRead: 80, audioInput: 20, output: 10, reasoning: 0, audioOutput: 40 });
});
