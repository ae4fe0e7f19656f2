import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const at = '2026-11-26T07:00:00.000Z';
const job = { state: 'running', exitCode: null, reason: null, keepOpen: false, startedAt: at, endedAt: null, failedRank: null as number | null, way: null as 'direct' | 'server' | null, wayReason: null as string | null, ranks: [] as object[], rank: null as number | null };
const lease = {
  id: ID, name: 'train', projectId: ID, askedBy: 'ada', access: 'job', state: 'waiting', reason: null, wait: null, pool: 'gpus', resource: 'gpu/h100-80gb', count: 1, leastDay: false, machines: [], startsAt: null, startedAt: null, endsAt: null, paidUntil: null,
  stoppedAt: null, endedAt: null, createdAt: at, minutes: { asked: 60, paid: 0, outOfReach: 0 }, cost: { currency: 'USD', soFar: '0', booked: '0', atEnd: '0', thisMonth: '0', atMost: null }, moneyShort: false, record: false, volumeId: null, job: { ...job, state: 'waiting', startedAt: null },
};
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** Prints two parts, and has ended after the second. */
async function server(ended: object) {
  const made = await stubServer({
    'POST /api/leases': { status: 201, json: lease },
    [`GET /api/leases/${ID}/logs?from=0`]: { json: { ...job, from: 0, next: 6, total: 12, first: 0, text: 'begun\n' } },
    [`GET /api/leases/${ID}/logs?from=6`]: { json: { ...job, ...ended, from: 6, next: 12, total: 12, first: 0, text: 'done\u001b[2J\n' } },
  });
  open.push(made.server);
  return { ...made, env: { TANDEM_URL: made.url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')), HF_TOKEN: 'hf_here' } };
}

test('a job is asked for after --, with its environment, and its exit code is the command\'s', async () => {
  const { env, seen } = await server({ state: 'ended', exitCode: 7 });
  const asked = await run(['gpu', 'lease', '--for', '1h', '--env', 'A=1=2', '--env', 'HF_TOKEN', '--env', 'EMPTY=', '--', 'python3', 'train.py', '--rate', '0.1'], env);
  expect(asked.out).toContain(`tandem leases logs ${ID} --follow`);
  expect(asked.out).toContain('job        waits for its machine\n');
  expect(seen.at(-1)!.body).toMatchObject({ access: 'job', job: { command: ['python3', 'train.py', '--rate', '0.1'], env: { A: '1=2', HF_TOKEN: 'hf_here', EMPTY: '' }, keepOpen: false } });
  const waited = await run(['mac', 'lease', '--wait', '--', 'true'], env);
  expect([waited.code, waited.out]).toEqual([7, 'begun\ndone [2J\n']);
  expect(waited.err).toContain('ended with code 7');
  expect((await run(['leases', 'logs', ID], env)).out).toBe('begun\ndone [2J\n');
});

test('a job that did not end by itself is an error, and what makes no sense is refused before anything is asked', async () => {
  const { env, seen } = await server({ state: 'lost' });
  const lost = await run(['gpu', 'lease', '--wait', '--', 'true'], env);
  expect([lost.code, lost.err.includes('is lost and is not run again')]).toEqual([1, true]);
  const before = seen.length;
  for (const wrong of [['--access', 'job'], ['--access', 'shell', '--', 'true'], ['--env', 'A=1'], ['--wait'], ['--keep-open'], ['--wait', '--keep-open', '--', 'true'], ['--env', 'NOT_SET_HERE', '--', 'true'], ['--env', '=x', '--', 'true']]) expect((await run(['gpu', 'lease', ...wrong], env)).code, wrong.join(' ')).toBe(2);
  expect(seen.length).toBe(before);
});

test('of several machines each line has its rank before it, and the exit code is that of the first that failed', async () => {
  const ranks = [0, 1].map((rank) => ({ rank, machineId: ID, state: 'ended', exitCode: rank === 1 ? 7 : 143, reason: null, startedAt: at, endedAt: at }));
  const all = { ...job, state: 'ended', exitCode: 7, reason: 'rank 1 ended with code 7', failedRank: 1, way: 'server' as const, wayReason: 'rank 1: the kernel has no VXLAN', ranks, first: 0 };
  const made = await stubServer({
    'POST /api/leases': { status: 201, json: lease },
    [`GET /api/leases/${ID}`]: { json: { lease: { ...lease, job: all }, events: [] } },
    [`GET /api/leases/${ID}/logs?from=0`]: { json: { ...all, rank: 0, from: 0, next: 6, total: 9, text: 'one\ntw' } },
    [`GET /api/leases/${ID}/logs?from=6`]: { json: { ...all, rank: 0, from: 6, next: 9, total: 9, text: 'o\nx' } },
    [`GET /api/leases/${ID}/logs?from=0&rank=1`]: { json: { ...all, rank: 1, from: 0, next: 5, total: 5, text: 'other' } },
    [`GET /api/leases/${ID}/logs?from=5&rank=1`]: { json: { ...all, rank: 1, from: 5, next: 5, total: 5, text: '' } },
    [`GET /api/leases/${ID}/logs?from=9`]: { json: { ...all, rank: 0, from: 9, next: 9, total: 9, text: '' } },
  });
  open.push(made.server);
  const env = { TANDEM_URL: made.url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  const waited = await run(['gpu', 'lease', '--machines', '2', '--wait', '--', 'torchrun', 'train.py'], env);
  expect([waited.code, waited.out]).toEqual([7, '[0] one\n[0] two\n[0] x\n[1] other\n']);
  expect(waited.err).toContain('ended with code 7: rank 1 ended with code 7');
  expect((await run(['leases', 'logs', ID, '--rank', '1'], env)).out).toBe('other');
  expect((await run(['leases', 'logs', ID, '--rank', 'two'], env)).code).toBe(2);
  expect((await run(['leases', 'show', ID], env)).out).toContain('\nranks talk through the server: rank 1: the kernel has no VXLAN\n');
  expect((await run(['leases', 'show', ID], env)).out).toContain(`rank 1     ended with code 7, on ${ID}; its end ended the others`);
});
