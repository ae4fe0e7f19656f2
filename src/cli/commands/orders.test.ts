import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const at = '2026-11-23T07:00:00.000Z';
const order = {
  id: ID, provider: 'paris', offer: 'M4-M', wanted: 'have', state: 'delivering', reason: 'starting\u001b[31m', next: null, estimateAt: at, machineId: 'm-1', reinstalls: 0, orderedBy: 'admin', createdAt: at, deliveredAt: null,
  billedSince: at, paidUntil: at, deletableAt: at, neededUntil: null, releaseAt: at, goneAt: null,
  arrival: { pool: 'macs', state: 'person', nodeId: null, hostKey: 'ssh-ed25519 AAAA', hostKeyFrom: 'first-use', by: null, steps: [{ step: 'enter', state: 'person', attempts: 3, reason: 'the machine lets neither in', next: 'Give the provider the key.', startedAt: at, endedAt: null }] },
  cost: { currency: 'EUR', perHour: '290000000000', ceiling: '20000000000000', soFar: '6960000000000' },
};
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('machines are ordered with a ceiling, shown, adopted and given back', async () => {
  const { server, url, seen } = await stubServer({
    'GET /api/orders': { json: { items: [order], nextCursor: null } },
    [`GET /api/orders/${ID}`]: { json: order },
    'POST /api/orders': { status: 201, json: order },
    'POST /api/orders/adopt': { status: 201, json: order },
    [`POST /api/orders/${ID}/release`]: { json: order },
    [`POST /api/orders/${ID}/reinstall`]: { json: order },
    [`POST /api/orders/${ID}/enter`]: { json: { host: '198.51.100.7', port: 22, user: 'm1', password: 'first-password', hostKey: null } },
    'GET /api/orphans': { json: { items: [{ provider: 'paris', machineId: 'm-9', name: 'by hand', tag: null, offer: 'M4-M', state: 'ready', perHour: null, currency: null, billedSince: at, firstSeenAt: at, lastSeenAt: at }], nextCursor: null } },
    'GET /api/providers': { json: { items: [{ name: 'paris', kind: 'scaleway', reinstalls: true }], nextCursor: null } },
    'GET /api/providers/paris': { json: { name: 'paris', kind: 'scaleway', reinstalls: true, offers: [{ name: 'M4-M', machine: 'mac', about: 'Apple M4', perHour: null, minimumHours: 24, available: true }] } },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  expect((await run(['orders', 'list'], env)).out).toContain('delivering');
  const shown = (await run(['orders', 'show', ID], env)).out;
  expect(shown).toContain('M4-M at paris  delivering: starting');
  expect(shown).not.toContain('\u001b');
  expect(shown).toContain('enter    person after 3 tries: the machine lets neither in\n           Give the provider the key.');
  expect((await run(['orders', 'create', 'paris', 'M4-M', '--at-most', '20.00', '--key', 'mine'], env)).out).toContain(`tandem orders show ${ID}`);
  expect(seen.at(-1)!.body).toEqual({ provider: 'paris', offer: 'M4-M', ceiling: '20000000000000', key: 'mine', neededUntil: null, pool: 'default', name: null });
  expect((await run(['orders', 'create', 'paris', 'M4-M'], env)).code).not.toBe(0);
  expect((await run(['orders', 'adopt', 'paris', 'm-1', '--at-most', '20.00'], env)).out).toContain('Adopted');
  expect((await run(['orders', 'release', ID], env)).out).toContain('It is given back at 2026-11-23 07:00 UTC');
  expect((await run(['orders', 'reinstall', ID], env)).out).toContain(`tandem orders show ${ID}`);
  expect((await run(['orders', 'enter', ID], env)).out).toContain('ssh -p 22 m1@198.51.100.7\npassword   first-password\nhost key   the provider reports none');
  expect((await run(['orders', 'orphans'], env)).out).toMatch(/m-9.*unknown/);
  expect((await run(['providers', 'list'], env)).out).toContain('scaleway');
  expect((await run(['providers', 'check', 'paris'], env)).out).toContain('unknown');
});

test('so many GPUs are planned and ordered by one command', async () => {
  const plan = { provider: 'california', offer: 'gpu_8x_h100', about: '8x H100 (80 GB)', machines: 8, gpus: 64, available: false, currency: 'USD', perHour: '191360000000000', atLeast: '0', failed: ['utah'] };
  const { server, url, seen } = await stubServer({ 'POST /api/orders/plan': { json: plan }, 'POST /api/orders/several': { status: 201, json: { items: [order], nextCursor: null } } });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const planned = await run(['gpu', 'order', '--gpus', '64', '--gpu', 'h100', '--plan'], env);
  expect(planned.out).toContain('8 × gpu_8x_h100 (8x H100 (80 GB)) at california: 64 GPUs, $191.36 an hour together');
  expect(planned.out).toContain('Accounts that did not answer: utah');
  expect(seen.map(({ path }) => path)).toEqual(['/api/orders/plan']);
  expect((await run(['gpu', 'order', '--gpus', '64', '--at-most', '2000.00', '--all', '30m', '--key', 'mine', '--name', 'train'], env)).out).toContain('Ordered. They become nodes of the pool default by themselves');
  expect(seen.at(-1)!.body).toEqual({ provider: 'california', offer: 'gpu_8x_h100', count: 8, ceiling: '2000000000000000', key: 'mine', neededUntil: null, pool: 'default', name: 'train', allWithinMinutes: 30 });
  expect((await run(['gpu', 'order', '--gpus', '64'], env)).code).not.toBe(0);
});
