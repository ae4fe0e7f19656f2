import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { join } from 'node:path';
import { usageError } from '../cli-error.ts';
import type { Client, Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { csvLine } from '../output/csv-line.ts';
import { plural } from '../output/text.ts';

type UsageEvent = Reply<'/api/usage', 'GET'>['items'][number];
const BUCKETS = ['input', 'cache_read', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input', 'output', 'reasoning', 'audio_output', 'request', 'cached_reply'] as const;
const COLUMNS = ['id', 'occurredAt', 'recordedAt', 'kind', 'resource', 'serviceTier', 'projectId', 'projectName', 'keyId', 'keyName', 'outcome', 'counted', 'currency', 'charge'] as const;

interface Written {
  readonly file: string;
  readonly entries: number;
}

/**
 * Everything that is this organisation's, as files that nothing but a text editor is needed for. `tandem.config.json` is taken in again by
 * `tandem apply`; the rest is a record. Lists are written page by page, so their length does not matter.
 */
export const exportAll: Run = async (context, { args, options }) => {
  const folder = args[0]!;
  const there = await readdir(folder).catch(() => []);
  if (there.length > 0) throw usageError(`${folder} is not empty, and an export never writes over anything.`, 'Name a new folder.');
  await mkdir(join(folder, 'invoices'), { recursive: true, mode: 0o700 });
  const client = context.client();
  const written: Written[] = [];
  const json = async (file: string, value: unknown, entries: number) => {
    await writeFile(join(folder, file), `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    written.push({ file, entries });
  };
  const { config } = await client.call('GET', '/api/config', {});
  await json('tandem.config.json', config, thingsOf(config));
  const lists = {
    'models.json': await client.call('GET', '/api/models', {}), 'backends.json': await client.call('GET', '/api/backends', {}), 'projects.json': await client.call('GET', '/api/projects', {}),
    'prices.json': await client.call('GET', '/api/prices', { query: { history: 'true' } }), 'budgets.json': await client.call('GET', '/api/budgets', {}), 'limits.json': await client.call('GET', '/api/limits', {}),
    'members.json': await client.call('GET', '/api/members', {}), 'service-accounts.json': await client.call('GET', '/api/service-accounts', {}), 'credits.json': await client.call('GET', '/api/credits', {}),
    'webhooks.json': await client.call('GET', '/api/webhooks', {}), 'feeds.json': await client.call('GET', '/api/feeds', {}), 'hooks.json': await client.call('GET', '/api/hooks', {}),
    'servings.json': await client.call('GET', '/api/servings', {}), 'pools.json': await client.call('GET', '/api/pools', {}), 'nodes.json': await client.call('GET', '/api/nodes', {}),
    'quotas.json': await client.call('GET', '/api/quotas', {}), 'volumes.json': await client.call('GET', '/api/volumes', {}), 'orders.json': await client.call('GET', '/api/orders', {}),
  };
  for (const [file, { items }] of Object.entries(lists)) await json(file, items, items.length);
  written.push(await paged(join(folder, 'keys.jsonl'), 'keys.jsonl', (cursor) => client.call('GET', '/api/keys', { query: { limit: 500, ...cursor } })));
  written.push(await paged(join(folder, 'leases.jsonl'), 'leases.jsonl', (cursor) => client.call('GET', '/api/leases', { query: { limit: 500, ...cursor } })));
  const { items: invoices } = await client.call('GET', '/api/invoices', {});
  for (const { id, number } of invoices) await json(`invoices/${number.replace(/[^A-Za-z0-9._-]/g, '_')}.json`, await client.call('GET', '/api/invoices/{id}', { path: { id } }), 1);
  if (options['usage'] !== false) written.push(...await usage(folder, client));
  written.push(await paged(join(folder, 'trail.jsonl'), 'trail.jsonl', (cursor) => client.call('GET', '/api/events', { query: { limit: 500, ...cursor } })));
  print(context, { folder, files: written }, () => [
    ...written.map(({ file, entries }) => `${file}: ${plural(entries, 'entry').replace('entrys', 'entries')}`), '',
    `Written to ${folder}. Secrets are in none of it: keys of backends stay sealed here, and API keys are known by their hash alone.`,
    `Take the configuration in elsewhere: tandem plan ${join(folder, 'tandem.config.json')}`,
  ].join('\n'));
};

/** As many as `tandem plan` says of the same file: each key of a backend is one of its own. */
function thingsOf(config: Reply<'/api/config', 'GET'>['config']): number {
  const listed = Object.values(config).reduce<number>((sum, part) => sum + (Array.isArray(part) ? part.length : 0), 0);
  return listed + (config.backends ?? []).reduce((sum, { keys }) => sum + (keys?.length ?? 0), 0);
}

type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };

/** A list of any length, one JSON object a line. */
async function paged<T>(path: string, file: string, read: (cursor: { cursor?: string }) => Promise<Page<T>>, also?: (items: readonly T[]) => Promise<void>): Promise<Written> {
  const out = createWriteStream(path, { mode: 0o600 });
  let entries = 0;
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read(cursor === null ? {} : { cursor });
    await write(out, page.items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    await also?.(page.items);
    entries += page.items.length;
    cursor = page.nextCursor;
  } while (cursor !== null);
  out.end();
  await finished(out);
  return { file, entries };
}

/** Events as JSON lines and, with the same content, as a table. */
async function usage(folder: string, client: Client): Promise<Written[]> {
  // Who may not see what calls cost the operator gets events without it, and no empty column.
  const { permissions } = await client.call('GET', '/api/whoami', {});
  const columns = permissions.includes('costs.read') ? [...COLUMNS, 'cost' as const] : COLUMNS;
  const csv = createWriteStream(join(folder, 'usage.csv'), { mode: 0o600 });
  await write(csv, csvLine([...columns, ...BUCKETS]));
  const written = await paged<UsageEvent>(join(folder, 'usage.jsonl'), 'usage.jsonl', (cursor) => client.call('GET', '/api/usage', { query: { limit: 500, ...cursor } }), (items) =>
    write(csv, items.map((event) => csvLine([...columns.map((column) => event[column]), ...BUCKETS.map((bucket) => event.quantities[bucket])])).join('')));
  csv.end();
  await finished(csv);
  return [written, { file: 'usage.csv', entries: written.entries }];
}

async function write(out: WriteStream, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}
