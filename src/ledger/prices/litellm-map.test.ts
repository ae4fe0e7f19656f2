import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readLiteLlmMap } from './litellm-map.ts';

const map = JSON.parse(readFileSync(new URL('./fixtures/litellm-excerpt.json', import.meta.url), 'utf8')) as Record<string, unknown>;
const entries = new Map(readLiteLlmMap(map).filter(({ tier }) => tier === 'standard').map((entry) => [entry.resource, entry]));
const buckets = (name: string) => {
  const entry = entries.get(name);
  return entry !== undefined && 'buckets' in entry ? entry.buckets : undefined;
};
const skipped = (name: string) => {
  const entry = entries.get(name);
  return entry !== undefined && 'skipped' in entry ? entry.skipped : undefined;
};
const perMillion = (price: bigint) => ({ price, per: 1_000_000n });

test('entries that are paid by the token are read exactly, and what the map leaves out is charged like its parent', () => {
  expect(buckets('meta/muse-spark-1.3')).toEqual({
    input: perMillion(1_250_000_000_000n), cache_read: perMillion(150_000_000_000n), cache_write: perMillion(1_250_000_000_000n),
    output: perMillion(4_250_000_000_000n), reasoning: perMillion(4_250_000_000_000n),
  });
  expect(buckets('claude-sonnet-4-5')).toMatchObject({ cache_write: perMillion(3_750_000_000_000n), cache_read: perMillion(300_000_000_000n) });
  expect(buckets('claude-sonnet-4-5')).toHaveProperty('cache_write_1h', perMillion(6_000_000_000_000n));
  expect(buckets('dashscope/qwen-turbo')).toMatchObject({ output: perMillion(200_000_000_000n), reasoning: perMillion(500_000_000_000n) });
  expect(buckets('morph/morph-dsv4flash')).toMatchObject({ input: perMillion(141_953_125_000n) });
  expect(buckets('text-embedding-3-small')).toMatchObject({ input: perMillion(20_000_000_000n), output: perMillion(0n) });
});

test('audio and image tokens have prices of their own where the map has', () => {
  const [one] = readLiteLlmMap({ 'a/b': { mode: 'chat', input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, input_cost_per_audio_token: 4e-5, output_cost_per_audio_token: 8e-5, input_cost_per_image_token: 5e-6 } });
  expect(one).toMatchObject({ buckets: { audio_input: perMillion(40_000_000_000_000n), audio_output: perMillion(80_000_000_000_000n), image_input: perMillion(5_000_000_000_000n) } });
});

test('what one price cannot express is left out and says why', () => {
  expect(skipped('gemini-2.5-pro')).toContain('above_200k_tokens');
  expect(skipped('meta/muse-image-1.0')).toContain('image_generation');
  expect(skipped('meta_llama/Llama-3.3-70B-Instruct')).toContain('input_cost_per_token');
  expect(skipped('bedrock/*/1-month-commitment/cohere.command-text-v14')).toContain('alias');
  expect(entries.has('sample_spec')).toBe(false);
});

test('bad entries are left out, not read as zero', () => {
  const read = (entry: unknown) => readLiteLlmMap({ one: entry })[0];
  for (const cost of [-1e-6, 'free', '1e-6', true, {}, Number.NaN]) expect(read({ input_cost_per_token: cost, output_cost_per_token: 1e-6 })).toHaveProperty('skipped');
  for (const entry of [null, 7, 'x', [], {}]) expect(read(entry)).toHaveProperty('skipped');
  expect(read({ input_cost_per_token: 0, output_cost_per_token: 0, mode: 'chat' })).toHaveProperty('skipped', expect.stringContaining('explicit price of 0'));
});

test('tiers of service have lists of their own where the map has, and what it leaves out there costs as it does without', () => {
  const read = (entry: object) => readLiteLlmMap({ one: { mode: 'chat', input_cost_per_token: 2e-6, output_cost_per_token: 8e-6, cache_read_input_token_cost: 5e-7, ...entry } }).slice(1);
  expect(read({ input_cost_per_token_priority: 3.5e-6, output_cost_per_token_priority: 1.4e-5, input_cost_per_token_flex: 1e-6 })).toEqual([
    { resource: 'one', tier: 'flex', source: null, buckets: expect.objectContaining({ input: perMillion(1_000_000_000_000n), output: perMillion(8_000_000_000_000n), cache_read: perMillion(500_000_000_000n) }) },
    { resource: 'one', tier: 'priority', source: null, buckets: expect.objectContaining({ input: perMillion(3_500_000_000_000n), output: perMillion(14_000_000_000_000n), cache_read: perMillion(500_000_000_000n) }) },
  ]);
  expect(read({})).toEqual([]);
  expect(read({ output_cost_per_token_flex: 'half' })).toEqual([{ resource: 'one', tier: 'flex', skipped: 'output_cost_per_token_flex is not a price: half' }]);
  expect(readLiteLlmMap(map).filter(({ resource, tier }) => resource === 'gpt-4o' && tier === 'priority')).toHaveLength(1);
  expect(readLiteLlmMap({ one: { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6, input_cost_per_token_above_200k_tokens_priority: 1e-6 } })).toMatchObject([{ skipped: expect.stringContaining('above_200k_tokens_priority') as string }]);
});
