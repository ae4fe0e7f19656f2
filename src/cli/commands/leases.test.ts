import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const PROJECT = '0192f0c1-0000-7000-8000-000000000002';
const at = '2026-11-26T07:00:00.000Z';
const lease = {
  id: ID, name: 'train', projectId: PROJECT, askedBy: 'ada', access: 'shell', state: 'waiting', reason: 'the one machine of that kind is in use', wait: { code: 'busy', holders: [], forecastAt: '2026-11-26T09:30:00.000Z' },
  pool: 'gpus', resource: 'gpu/h100-80gb', count: 2, leastDay: false, machines: [], startsAt: null, startedAt: null, endsAt: null, paidUntil: null, stoppedAt: null, endedAt: null, createdAt: at, minutes: { asked: 240, paid: 0, outOfReach: 0 },
  cost: { currency: 'USD', soFar: '0', booked: '0', atEnd: '16000000000000', thisMonth: '0', atMost: '20000000000000' }, moneyShort: false,
};
const running = { ...lease, state: 'running', reason: null, wait: null, machines: [{ machineId: 'node-7', units: ['gpu-0', 'gpu-1'], stage: 'granted', bounds: { limits: { cpuMillis: 15_750, memoryBytes: 273_804_165_120, processes: 4_096, diskBytes: null }, network: 'internet', resolvers: ['10.0.0.2'], unbound: [{ what: 'disk', why: 'mkfs.ext4 is not there' }] } }], startedAt: at, endsAt: '2026-11-26T11:00:00.000Z', paidUntil: '2026-11-26T11:00:00.000Z', minutes: { asked: 240, paid: 61, outOfReach: 3 }, cost: { ...lease.cost, soFar: '4066666666667' } };
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('leases are quoted, asked for, looked at, extended, handed over and ended', async () => {
  const { server, url, seen } = await stubServer({
    'GET /api/projects': { json: { items: [{ id: PROJECT, name: 'training', slug: 'training' }], nextCursor: null } },
    'POST /api/leases/quote': { json: { pool: 'macs', resource: 'mac/m4', count: 1, currency: 'USD', leastDay: true, minutes: 4_320, cost: '30000000000000', perHour: '10000000000000', perDay: '10000000000000', wait: { code: 'busy', reason: 'the one machine of that kind is in use', forecastAt: at } } },
    'POST /api/leases': { status: 201, json: lease }, 'GET /api/leases': { json: { items: [running], nextCursor: null } },
    [`GET /api/leases/${ID}`]: { json: { lease: running, events: [{ at, kind: 'running', detail: 'until \u001b[2Jlater' }] } },
    [`POST /api/leases/${ID}/extend`]: { json: { ...running, endsAt: '2026-11-26T13:00:00.000Z' } }, [`POST /api/leases/${ID}/hand-over`]: { json: running }, [`POST /api/leases/${ID}/end`]: { json: running },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const quoted = (await run(['mac', 'lease', '--class', 'm4', '--for', '3d', '--quote'], env)).out;
  for (const part of ['1 × mac/m4, pool macs', '$30.00 for 3 days', 'a day is paid', 'about 2026-11-26 07:00 UTC: the one machine']) expect(quoted).toContain(part);
  expect(seen.at(-1)!.body).toMatchObject({ kind: 'mac', macClass: 'm4', minutes: 4_320, access: 'shell' });
  const asked = (await run(['gpu', 'lease', '--gpus', '2', '--gpu', 'h100-80gb', '--for', '4h', '--at-most', '20.00', '--project', 'training', '--label', 'rack=a1', '--key', 'mine', '--name', 'train'], env)).out;
  for (const part of ['train  waiting: the one machine', 'forecast   2026-11-26 09:30 UTC', `tandem ssh ${ID}`]) expect(asked).toContain(part);
  expect(seen.at(-1)!.body).toMatchObject({ key: 'mine', kind: 'gpu', gpus: 2, gpu: 'h100-80gb', minutes: 240, atMost: '20000000000000', projectId: PROJECT, labels: { rack: 'a1' } });
  await run(['node', 'lease', '--for', '2h', '--pool', 'builders'], env);
  expect(seen.at(-1)!.body).toMatchObject({ kind: 'node', pool: 'builders', minutes: 120, name: 'node lease' });
  for (const part of ['running', '2 × gpu/h100-80gb', '$4.066666666667', ID]) expect((await run(['leases'], env)).out).toContain(part);
  const shown = (await run(['leases', 'show', ID], env)).out;
  for (const part of ['node-7  gpu-0 gpu-1  granted', '61 minutes; 3 minutes out of reach are not paid', 'at its end $16.00', 'running: until', 'may use    15.8 cores, 273.8 GB of memory, 4,096 processes\n', 'reaches    the internet\n', 'unbound    disk: mkfs.ext4 is not there\n']) expect(shown).toContain(part);
  expect(shown).not.toContain('\u001b');
  expect((await run(['screen', ID], env)).out).toContain(`${url}/fleet/leases/${ID}/screen\n`);
  expect((await run(['leases', 'extend', ID, '2h'], env)).out).toBe('train lasts until 2026-11-26 13:00 UTC and comes to $16.00.\n');
  expect(seen.at(-1)!.body).toEqual({ minutes: 120, atMost: null });
  expect((await run(['leases', 'hand-over', ID, 'training'], env)).out).toContain('paid by the project training');
  expect((await run(['leases', 'end', ID], env)).out).toContain('It has cost $4.066666666667.');
  for (const wrong of [['gpu', 'lease', '--gpus', 'two'], ['gpu', 'lease', '--whole', '--gpus', '2'], ['gpu', 'lease', '--gpu', 'h100-80gb', '--slice', '1g.10gb'], ['gpu', 'lease', '--whole', '--slice', 'any'], ['gpu', 'serve', 'm', '--cpu', '--gpu', 'h100'], ['gpu', 'serve', 'm', '--slice', '1g.10gb', '--gpu', 'h100'], ['mac', 'lease', '--for', '30s'], ['gpu', 'lease', '--label', 'rack']]) expect((await run(wrong, env)).code).toBe(2);
});

test('pools are listed with what is in use, and their terms set whether they had any or not', async () => {
  const pool = { id: null, name: 'macs', own: true, kinds: ['stand-in'], resources: ['mac/stand-in'], openTo: 'own', leastDay: 'others', idleMinutes: null, resource: null, limits: null, network: 'internet', networkAllow: [], resolvers: [], ranksNetwork: null, machines: { all: 3, leased: 1, idle: 1, wiping: 1, closed: 0 }, units: { all: 3, leased: 2 }, standIn: true };
  const set = { ...pool, id: ID, openTo: 'all' };
  const empty = { ...set, name: 'mcas', machines: { all: 0, leased: 0, idle: 0, wiping: 0, closed: 0 } };
  const mcas = '0192f0c1-0000-7000-8000-000000000003';
  const answers = {
    'GET /api/pools': { json: { items: [pool, { ...empty, id: mcas }], nextCursor: null } }, [`PATCH /api/pools/${ID}`]: { json: set }, [`DELETE /api/pools/${mcas}`]: { status: 204 },
    'POST /api/pools': ({ body }: { body: unknown }) => ({ status: 201, json: (body as { name: string }).name === 'macs' ? set : { ...empty, name: 'gpsu' } }),
  };
  const { server, url, seen } = await stubServer(answers);
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  for (const part of ['macs (stand-in, not macOS)', 'mac/stand-in', '3', 'own']) expect((await run(['pools'], env)).out).toContain(part);
  expect((await run(['pools', 'set', 'macs', '--open-to', 'all', '--idle', '4h'], env)).out).toContain('macs: open to all');
  expect(seen.at(-1)!.body).toEqual({ name: 'macs', openTo: 'all', idleMinutes: 240 });
  await run(['pools', 'set', 'macs', '--network', 'none', '--allow', '10.1.0.0/16,10.2.0.5', '--resolvers', 'none', '--ranks-network', '10.4.0.0/16', '--cpus', '1.5', '--memory-mb', 'share'], env);
  expect(seen.at(-1)!.body).toEqual({ name: 'macs', network: 'none', networkAllow: ['10.1.0.0/16', '10.2.0.5'], resolvers: [], ranksNetwork: '10.4.0.0/16', limits: { cpus: 1.5, memoryMb: null, processes: null, diskMb: null } });
  const slip = await run(['pools', 'set', 'gpsu', '--open-to', 'all'], env);
  expect(slip.out).toContain('The pool is new, and no machine is in it: tandem node add --pool gpsu. Was it a slip? tandem pools remove gpsu');
  expect((await run(['pools', 'remove', 'macs'], env)).err).toContain('Nothing is set for the pool macs: it is there because machines are in it.');
  expect((await run(['pools', 'remove', 'nothing'], env)).err).toContain('There is no pool nothing of yours.');
  expect((await run(['pools', 'remove', 'mcas'], env)).out).toBe('Removed the pool mcas.\n');
  expect(seen.at(-1)).toMatchObject({ method: 'DELETE' });
  expect((await run(['pools', 'set', 'macs', '--cpus', 'many'], env)).err).toContain('--cpus is not a number: many');
});

test('time is priced by the hour of a GPU and by blocks', async () => {
  const price = { resource: 'mac/m4', tier: 'standard', side: 'sell', currency: 'USD', effectiveFrom: at, buckets: { day: { price: '12000000000000', per: '1' }, week: { price: '60000000000000', per: '1' } } };
  const { server, url, seen } = await stubServer({ 'POST /api/prices': { status: 201, json: price } });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  expect((await run(['prices', 'set', 'mac/m4', '--day', '12.00', '--week', '60.00', '--source', 'us'], env)).out).toContain('$12.00 a day, $60.00 a week.');
  await run(['prices', 'set', 'volume/gib', '--gib-month', '0.10', '--source', 'us'], env);
  expect(seen.at(-1)!.body).toMatchObject({ buckets: { hour: { price: '100000000000', per: '720' } } });
  await run(['prices', 'set', 'gpu/h100-80gb', '--gpu-hour', '2.00', '--source', 'us'], env);
  expect(seen.at(-1)!.body).toMatchObject({ buckets: { minute: { price: '2000000000000', per: '60' } } });
});
