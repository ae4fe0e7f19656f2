import { usageError } from '../cli-error.ts';
import { errorOf, readAll, type Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { timeArgument } from '../output/duration.ts';
import { table } from '../output/table.ts';
import { countText, rotationText, timeText } from '../output/text.ts';
import { oneOf } from './keys.ts';

type Feed = Reply<'/api/feeds', 'GET'>['items'][number];

/** Written as it comes: a file of ten million rows takes no more memory than one of ten. */
export const exportUsage: Run = async (context, { options }) => {
  const search = new URLSearchParams({ format: oneOf(options['format'] ?? 'csv', ['csv', 'jsonl'], '--format') });
  for (const name of ['from', 'to'] as const) {
    const value = options[name];
    if (typeof value === 'string') search.set(name, timeArgument(value, context.nowMs(), `--${name}`));
  }
  if (typeof options['after'] === 'string') search.set('after', options['after']);
  const response = await context.client().open('GET', `/api/usage/export?${search}`, undefined);
  if (response.statusCode !== 200) throw errorOf(response.statusCode ?? 0, await readAll(response));
  if (typeof options['out'] === 'string') {
    const [{ createWriteStream }, { pipeline }] = await Promise.all([import('node:fs'), import('node:stream/promises')]);
    await pipeline(response, createWriteStream(options['out'], { flags: 'wx', mode: 0o600 }));
    print(context, { written: options['out'] }, () => `Wrote ${String(options['out'])}.`);
    return;
  }
  for await (const chunk of response) context.out.write((chunk as Buffer).toString());
};

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/feeds', {});
  print(context, items, (rows) => (rows.length === 0 ? 'Usage is sent nowhere yet. Add an address: tandem feeds add URL' : table(rows, [
    { title: 'URL', value: (feed) => feed.url },
    { title: 'FORMAT', value: (feed) => feed.format },
    { title: 'STATE', value: (feed) => feed.state },
    { title: 'SENT', align: 'right', value: (feed) => countText(feed.sent) },
    { title: 'LAST TAKEN', value: (feed) => timeText(feed.lastSentAt) },
    { title: 'GOES ON FROM', value: (feed) => (feed.resumesFrom === null ? 'all is sent' : timeText(feed.resumesFrom)) },
    { title: 'NEXT TRY', value: (feed) => timeText(feed.nextTryAt) },
    { title: 'PROBLEM', value: (feed) => feed.lastProblem ?? '-' },
    { title: 'ID', value: (feed) => feed.id },
  ], context.out)));
};

export const add: Run = async (context, { args, options }) => {
  const made = await context.client().call('POST', '/api/feeds', {
    body: {
      url: args[0]!, format: oneOf(options['format'] ?? 'tandem', ['tandem', 'stripe'], '--format'),
      ...(typeof options['customer'] === 'string' && { customer: options['customer'] }), ...(typeof options['from'] === 'string' && { from: timeArgument(options['from'], context.nowMs(), '--from') }),
    },
  });
  print(context, made, () => `Every usage event is sent to ${made.feed.url}. The signing secret is shown once:\n\n  ${made.secret}\n`);
};

export const pause: Run = async (context, { args }) => change(context, args[0]!, { paused: true }, () => 'Paused. What is used meanwhile follows when it goes on: tandem feeds resume ID');
export const resume: Run = async (context, { args }) => change(context, args[0]!, { paused: false }, (feed) => `Going on with ${feed.url}.`);
export const replay: Run = async (context, { args, options }) => {
  if (typeof options['from'] !== 'string') throw usageError('--from is missing.', 'Say from when: --from 2026-11-01');
  return change(context, args[0]!, { replayFrom: timeArgument(options['from'], context.nowMs(), '--from') }, (feed) => `Sending again to ${feed.url}. Receivers know repeated events by their id.`);
};

export const rotate: Run = async (context, { args }) => {
  const made = await context.client().call('POST', '/api/feeds/{id}/rotate', { path: { id: args[0]! }, body: {} });
  print(context, made, rotationText);
};

export const remove: Run = async (context, { args }) => {
  await context.client().call('DELETE', '/api/feeds/{id}', { path: { id: args[0]! } });
  print(context, { removed: args[0] }, () => 'Removed the feed.');
};

async function change(context: Context, id: string, body: { paused?: boolean; replayFrom?: string }, said: (feed: Feed) => string): Promise<void> {
  const feed = await context.client().call('PATCH', '/api/feeds/{id}', { path: { id }, body });
  print(context, feed, said);
}
