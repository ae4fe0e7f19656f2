import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('what a served model\'s program printed is shown as it was, without anything that a terminal acts on', async () => {
  const serving = { id: ID, name: 'team/llama' };
  const output: Record<string, unknown> = { replica: 2, running: true, text: 'loading\u001b[2J\nRuntimeError: no such model\n' };
  const { server, url, seen } = await stubServer({
    'GET /api/servings': { json: { items: [serving], nextCursor: null } }, [`GET /api/servings/${ID}`]: { json: { serving, replicas: [{ number: 3, reason: 'its lease ended: no money' }, { number: 2, reason: null }] } },
    [`GET /api/servings/${ID}/output`]: { json: output },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const { out } = await run(['gpu', 'logs', 'team/llama', '--replica', '2'], env);
  expect(out).toContain('\nRuntimeError: no such model\n');
  expect(out).not.toContain('\u001b');
  expect(seen.at(-1)!.path).toContain('replica=2');
  Object.assign(output, { replica: 3, running: false, text: null });
  expect((await run(['gpu', 'logs', 'team/llama'], env)).out).toBe('No program of team/llama runs, and what the last one printed went with its lease: its lease ended: no money.\n');
  expect((await run(['gpu', 'logs', 'team/llama', '--replica', 'two'], env)).code).toBe(2);
  expect((await run(['gpu', 'logs', 'nobody'], env)).err).toContain('tandem gpu list');
});

test('what is served is said to need a price where it has none', async () => {
  const prices: { resource: string }[] = [];
  const { server, url } = await stubServer({ 'POST /api/servings': { json: { serving: { id: ID, name: 'team/llama' }, replicas: [] } }, 'GET /api/prices': { json: { items: prices } } });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const serve = async (): Promise<string> => (await run(['gpu', 'serve', '/srv/llama.gguf', '--as', 'team/llama', '--engine', 'llama-cpp'], env)).out;
  expect(await serve()).toContain('Calls need a price: tandem prices set team/llama');
  prices.push({ resource: 'team/llama' });
  expect(await serve()).toBe('team/llama is being started. See how far it is: tandem gpu show team/llama\n');
});
