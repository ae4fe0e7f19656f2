import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { csvLine } from './output/csv-line.ts';
import { run, stubServer } from './testing/terminal.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

const event = (id: string, keyName: string) => ({ id, kind: 'chat', resource: 'team/big', serviceTier: 'default', projectId: 'p', projectName: 'ios', keyId: 'k', keyName, occurredAt: '2026-11-23T07:00:00Z', recordedAt: '2026-11-23T07:00:01Z', quantities: { input: '10', output: '3' }, charge: '-5', cost: null, currency: 'USD', outcome: 'completed', counted: 'backend', attributes: {} });
const list = (items: unknown[]) => ({ json: { items, nextCursor: null } });

const CONFIG = { projects: [{ name: 'ios' }], backends: [{ name: 'one', url: 'http://one.test/v1', keys: [{ label: 'a' }, { label: 'b' }] }, { name: 'two', url: 'http://two.test/v1' }], models: [] };

async function house() {
  const stub = await stubServer({
    'GET /api/config': { json: { config: CONFIG, fingerprint: 'f' } },
    ...Object.fromEntries(['models', 'backends', 'projects', 'prices', 'budgets', 'limits', 'members', 'service-accounts', 'credits', 'events', 'keys', 'webhooks', 'feeds', 'hooks', 'servings', 'pools', 'nodes', 'quotas', 'volumes', 'leases', 'orders'].map((name) => [`GET /api/${name}`, list([{ id: name }])])),
    'GET /api/whoami': { json: { permissions: ['costs.read'] } },
    'GET /api/invoices': list([{ id: 'i1', number: '2026/../000001' }]), 'GET /api/invoices/i1': { json: { id: 'i1', lines: [] } },
    'GET /api/usage': (seen) => (seen.path.includes('cursor=two') ? list([event('e2', 'plain')]) : { json: { items: [event('e1', '=HYPERLINK("x")')], nextCursor: 'two' } }),
  });
  open.push(stub.server);
  const home = mkdtempSync(join(tmpdir(), 'tandem-export-'));
  return { ...stub, home, env: { TANDEM_URL: stub.url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: home } };
}

test('everything is written as files, page by page, and never over anything', async () => {
  const { env, home } = await house();
  const folder = join(home, 'out');
  const { code, out, err } = await run(['export', folder], env);
  expect(code, err).toBe(0);
  expect(out).toContain('usage.jsonl: 2 entries');
  expect(JSON.parse(readFileSync(join(folder, 'tandem.config.json'), 'utf8'))).toEqual(CONFIG);
  // A plan of that file counts the same: a project, two backends and two keys.
  expect(out).toContain('tandem.config.json: 5 entries');
  expect(readFileSync(join(folder, 'usage.jsonl'), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['e1', 'e2']);
  const rows = readFileSync(join(folder, 'usage.csv'), 'utf8').trim().split('\r\n');
  expect(rows).toHaveLength(3);
  expect(rows[1]).toContain(`"'=HYPERLINK(""x"")"`);
  expect(rows[1]).toContain(',USD,-5,,10,');
  expect(existsSync(join(folder, 'invoices', '2026_.._000001.json'))).toBe(true);
  for (const file of ['keys.jsonl', 'trail.jsonl', 'prices.json', 'limits.json', 'members.json', 'webhooks.json', 'feeds.json', 'hooks.json', 'servings.json', 'pools.json', 'nodes.json', 'quotas.json', 'volumes.json', 'leases.jsonl', 'orders.json']) expect(readFileSync(join(folder, file), 'utf8')).toContain('"id"');
  expect((await run(['export', folder], env)).code).toBe(2);
});

test('usage is left out when it is not wanted', async () => {
  const { env, home, seen } = await house();
  expect((await run(['export', join(home, 'out'), '--no-usage', '--json'], env)).code).toBe(0);
  expect(seen.some(({ path }) => path.startsWith('/api/usage'))).toBe(false);
});

test('a line of CSV holds what was meant, and no formula', () => {
  expect(csvLine(['a', 'b "c"', null, 5, '-12', '-x', 'two\nlines'])).toBe('a,"b ""c""",,5,-12,\'-x,"two\nlines"\r\n');
});
