import { usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print, readInput } from '../context.ts';
import { amountArgument, moneyText, perMillion } from '../output/money.ts';
import { table, type Column, type Place } from '../output/table.ts';
import { timeText } from '../output/text.ts';
import { oneOf } from './keys.ts';
import { findBackend } from './models.ts';

type Price = Reply<'/api/prices', 'GET'>['items'][number];

/** Of leases: GPUs by the started minute, priced for an hour of it; Macs by blocks. */
const TIMES = [
  ['gpuHour', '--gpu-hour', 'minute', '60', 'an hour'], ['gibMonth', '--gib-month', 'hour', '720', 'a GiB a month'], ['hour', '--hour', 'hour', '1', 'an hour'], ['day', '--day', 'day', '1', 'a day'], ['week', '--week', 'week', '1', 'a week'], ['month', '--month', 'month', '1', 'a month'],
] as const;
/** What the operator's people are worth has a verb of its own. */
const OF_PEOPLE = [['', '', 'minute', '1', 'a minute'], ['', '', 'request', '1', 'a step']] as const;

/** What can be priced from here: option, flag, bucket, and how many units the price is given for. */
const PRICED = [
  ['input', '--input', 'input', '1000000'], ['cached', '--cached', 'cache_read', '1000000'], ['cacheWrite', '--cache-write', 'cache_write', '1000000'],
  ['cacheWrite1h', '--cache-write-1h', 'cache_write_1h', '1000000'], ['audioInput', '--audio-input', 'audio_input', '1000000'],
  ['imageInput', '--image-input', 'image_input', '1000000'], ['output', '--output', 'output', '1000000'], ['reasoning', '--reasoning', 'reasoning', '1000000'],
  ['audioOutput', '--audio-output', 'audio_output', '1000000'], ['request', '--request', 'request', '1'], ['cachedReply', '--cached-reply', 'cached_reply', '1'],
  ...TIMES,
] as const;

export const list: Run = async (context, { options }) => {
  const { items } = await context.client().call('GET', '/api/prices', { query: { history: options['history'] === true ? 'true' : 'false' } });
  print(context, items, (rows) => (rows.length === 0 ? 'No prices yet. Set one: tandem prices set MODEL --input 1.00 --output 3.00 --source TEXT' : listText(rows, context.out)));
};

/** Tokens and time stand apart for people, since no price is of both; a program gets all in one, time last. */
function listText(rows: readonly Price[], place: Place): string {
  const [first, middle, last]: Column<Price>[][] = [[
    { title: 'MODEL', value: (price) => price.resource },
    { title: 'TIER', value: (price) => price.tier },
    { title: 'SIDE', value: (price) => price.side },
  ], [
    { title: 'IN /M', align: 'right', value: (price) => unit(price, 'input') },
    { title: 'CACHED /M', align: 'right', value: (price) => unit(price, 'cache_read') },
    { title: 'OUT /M', align: 'right', value: (price) => unit(price, 'output') },
  ], [
    { title: 'SINCE', value: (price) => timeText(price.effectiveFrom), keep: 'spare' },
    { title: 'SOURCE', value: (price) => price.source },
  ]];
  const byTime: Column<Price> = { title: 'PRICE', value: (price) => timesOf(price).join(', ') || '-', keep: 'whole' };
  if (place.isTTY !== true) return table(rows, [...first!, ...middle!, ...last!, byTime], place);
  const [timed, tokens] = [rows.filter((price) => timesOf(price).length > 0), rows.filter((price) => timesOf(price).length === 0)];
  const shown = [
    ...(tokens.length === 0 ? [] : [table(tokens, [...first!, ...middle!, ...last!], place)]),
    ...(timed.length === 0 ? [] : [table(timed, [{ ...first![0]!, title: 'MACHINE', keep: 'whole' }, first![2]!, byTime, ...last!], place)]),
  ].join('\n\n');
  return place.isTTY === true && rows.some((price) => price.flexBuckets !== null) ? `${shown}\n\nOn flex a call costs half of this, where no flex price stands here.` : shown;
}

export const set: Run = async (context, { args, options }) => {
  const client = context.client();
  const buckets: Record<string, { price: string; per: string }> = {};
  for (const [option, flag, bucket, per] of PRICED) {
    const value = options[option];
    if (typeof value === 'string') buckets[bucket] = { price: amountArgument(value, flag), per };
  }
  if (Object.keys(buckets).length === 0) throw usageError('No price is given.', 'Give prices per million tokens: --input 1.00 --output 3.00');
  if (typeof options['source'] !== 'string') throw usageError('--source is missing.', 'Say where the price comes from: --source "contract 17"');
  const backend = typeof options['costOf'] === 'string' ? await findBackend(client, options['costOf']) : undefined;
  const price = await client.call('POST', '/api/prices', {
    body: { resource: args[0]!, tier: oneOf(options['tier'] ?? 'standard', ['standard', 'contributor', 'priority', 'flex'], '--tier'), buckets, source: options['source'],
      ...(backend ? { side: 'cost' as const, backendId: backend.id } : {}) },
  });
  const times = timesOf(price);
  const what = `${price.resource} (${price.tier}${price.side === 'cost' ? ', what it costs us' : ''}) from ${timeText(price.effectiveFrom)}`;
  print(context, price, () => (times.length > 0 ? `${what}: ${times.join(', ')}.` : `${what}: in ${unit(price, 'input')}, cached ${unit(price, 'cache_read')}, out ${unit(price, 'output')} per million tokens.`));
};

export const importMap: Run = async (context, { args, options }) => {
  const text = await readInput(context, args[0]!);
  let map: Record<string, unknown>;
  try {
    map = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw usageError(`${args[0]} is not JSON.`, 'Get LiteLLM\'s file model_prices_and_context_window.json and give its path.');
  }
  const only = typeof options['only'] === 'string' ? options['only'].split(',').map((name) => name.trim()) : undefined;
  const result = await context.client().call('POST', '/api/prices/import', {
    body: { map, apply: options['apply'] === true, source: `LiteLLM price map, ${args[0] === '-' ? 'standard input' : args[0]!.split('/').at(-1)!}`, ...(only ? { only } : {}) },
  });
  print(context, result, () => {
    const { summary } = result;
    const shown = result.changes.filter(({ change }) => change === 'new' || change === 'changed' || (only !== undefined && change === 'skipped'));
    const rows = shown.length === 0 ? [] : [table(shown, [
      { title: 'CHANGE', value: (change) => change.change },
      { title: 'MODEL', value: (change) => change.resource },
      { title: 'TIER', value: (change) => change.tier },
      { title: 'IN /M', align: 'right', value: (change) => fromTo(change.before?.input, change.after?.input) },
      { title: 'OUT /M', align: 'right', value: (change) => fromTo(change.before?.output, change.after?.output) },
      { title: 'REASON', value: (change) => change.reason ?? '' },
    ], context.out), ''];
    const counts = `${summary.new} new, ${summary.changed} changed, ${summary.same} the same, ${summary.skipped} skipped.`;
    return [...rows, result.applied ? `Applied: ${counts}` : `${counts} Nothing is applied yet: run the same command with --apply.`].join('\n');
  });
};

/** What machines and volumes cost: `$0.60 an hour`. */
function timesOf(price: Price): string[] {
  return [...TIMES, ...(price.resource === 'operator/minutes' ? OF_PEOPLE : [])].flatMap(([, , bucket, per, words]) => {
    const unit = price.buckets[bucket];
    return unit === undefined || unit.per !== per ? [] : [`${moneyText(unit.price, price.currency)} ${words}`];
  });
}

const unit = (price: Price, bucket: 'input' | 'cache_read' | 'output') => perMillion(price.buckets[bucket], price.currency);

function fromTo(before: { price: string; per: string } | undefined, after: { price: string; per: string } | undefined): string {
  return before ? `${perMillion(before, 'USD')} → ${perMillion(after, 'USD')}` : perMillion(after, 'USD');
}
