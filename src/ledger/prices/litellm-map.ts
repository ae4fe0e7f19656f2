import { completeBuckets } from './complete.ts';
import { unitPriceOf } from './decimal.ts';
import type { Bucket, PriceBuckets, PriceTier, UnitPrice } from './types.ts';

/** One list out of LiteLLM's public price map: its prices, or why it has none that can be used. */
export type MapEntry = { readonly resource: string; readonly tier: PriceTier } & (
  | { readonly buckets: PriceBuckets; readonly source: string | null }
  | { readonly skipped: string }
);

/** Fields of the map, from the price map's own `sample_spec` and schema (LiteLLM 1.109.1). Unit: US dollars for one token. */
const FIELDS: readonly (readonly [string, Bucket])[] = [
  ['input_cost_per_token', 'input'],
  ['cache_read_input_token_cost', 'cache_read'],
  ['cache_creation_input_token_cost', 'cache_write'],
  ['cache_creation_input_token_cost_above_1hr', 'cache_write_1h'],
  ['input_cost_per_audio_token', 'audio_input'],
  ['input_cost_per_image_token', 'image_input'],
  ['output_cost_per_token', 'output'],
  ['output_cost_per_reasoning_token', 'reasoning'],
  ['output_cost_per_audio_token', 'audio_output'],
];
/** The calls of these modes are paid by the token. */
const TOKEN_MODES = new Set(['chat', 'completion', 'responses', 'embedding']);
const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/;
/** Service tiers that the map prices by a suffix. What has none there costs as it does without. */
const SERVICE_TIERS = ['flex', 'priority'] as const;
/** A second price for long prompts. Suffixes after it (such as `_batches`) are other kinds of service. */
const LONG_PROMPT = /_above_\d+k_tokens(?:_flex|_priority)?$/;

/** The map is in US dollars. */
export const MAP_CURRENCY = 'USD';

/** Reads every entry of the map, in its order. Entries that cannot be priced exactly say why. */
export function readLiteLlmMap(map: Readonly<Record<string, unknown>>): MapEntry[] {
  return Object.entries(map).filter(([name]) => name !== 'sample_spec').flatMap(([name, value]) => readEntry(name, value));
}

function readEntry(resource: string, value: unknown): MapEntry[] {
  const skip = (skipped: string, tier: PriceTier = 'standard'): MapEntry => ({ resource, tier, skipped });
  if (!ALIAS.test(resource)) return [skip('the name cannot be a model alias')];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [skip('the entry is not an object')];
  const entry = value as Readonly<Record<string, unknown>>;

  const mode = entry['mode'];
  if (mode !== undefined && mode !== null && !(typeof mode === 'string' && TOKEN_MODES.has(mode))) return [skip(`calls of the mode ${String(mode)} are not paid by the token`)];
  const long = Object.keys(entry).find((field) => LONG_PROMPT.test(field));
  if (long !== undefined) return [skip(`its price depends on the length of the prompt (${long}), which one price cannot express`)];

  const buckets = readBuckets(entry, '');
  if (typeof buckets === 'string') return [skip(buckets)];
  if (buckets.input === undefined) return [skip('it has no input_cost_per_token')];
  if (buckets.output === undefined && mode !== 'embedding') return [skip('it has no output_cost_per_token')];
  if (buckets.input.price === 0n && (buckets.output?.price ?? 0n) === 0n) {
    return [skip('the map says 0, which often means unknown there; set an explicit price of 0 if it is free')];
  }
  const { source: given } = entry;
  const source = typeof given === 'string' ? given : null;
  const tiers = SERVICE_TIERS.flatMap((tier): MapEntry[] => {
    const own = readBuckets(entry, `_${tier}`);
    if (typeof own === 'string') return [skip(own, tier)];
    if (own.input === undefined && own.output === undefined) return [];
    return [{ resource, tier, buckets: completeBuckets({ ...buckets, ...own }), source }];
  });
  return [{ resource, tier: 'standard', buckets: completeBuckets(buckets), source }, ...tiers];
}

/** The prices of the fields with this suffix, or why one of them is none. */
function readBuckets(entry: Readonly<Record<string, unknown>>, suffix: string): { [B in Bucket]?: UnitPrice } | string {
  const buckets: { [B in Bucket]?: UnitPrice } = {};
  for (const [field, bucket] of FIELDS) {
    const cost = entry[`${field}${suffix}`];
    if (cost === undefined || cost === null) continue;
    const price = typeof cost === 'number' ? unitPriceOf(cost) : undefined;
    if (price === undefined) return `${field}${suffix} is not a price: ${String(cost).slice(0, 60)}`;
    buckets[bucket] = price;
  }
  return buckets;
}
