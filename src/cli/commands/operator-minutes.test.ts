import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const at = '2026-11-23T07:00:00.000Z';
const minutes = {
  month: '2026-11', nodes: 4.5, minutes: 132, steps: 3, minutesPerNode: 29.33, price: null, cost: null, kinds: [{ kind: 'sick', count: 1, minutes: 132 }, { kind: 'step', count: 3, minutes: 0 }],
  setup: { count: 2, meanSeconds: 14, longestSeconds: 20 }, waiting: [{ kind: 'sick', subject: 'n', name: 'gpu-2\u001b[2J', detail: 'GPU 3 is lost', since: at, minutes: 130 }],
};
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('operator minutes are shown with what waits now, and get a price', async () => {
  const { server, url, seen } = await stubServer({ 'GET /api/operator-minutes': { json: minutes }, 'POST /api/prices': { status: 201, json: { id: 'p' } } });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const { out } = await run(['operator-minutes', '--month', '2026-11'], env);
  for (const part of ['2026-11: machines waited 132 minutes for a person, and 3 steps were done by hand', '4.5 on average, 29.33 minutes a node', 'in 14 s on average, 20 s at most', 'not known. Say it: tandem operator-minutes price', 'GPU 3 is lost']) expect(out).toContain(part);
  expect(out).not.toContain('\u001b');
  expect((await run(['operator-minutes', 'price', '--minute', '1.20'], env)).out).toContain('Nobody is charged for it');
  expect(seen.at(-1)!.body).toMatchObject({ resource: 'operator/minutes', buckets: { minute: { price: '1200000000000', per: '1' }, request: { price: '0', per: '1' } } });
  expect((await run(['operator-minutes', 'price'], env)).code).not.toBe(0);
});
