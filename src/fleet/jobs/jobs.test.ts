import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { shown, wholeSigns } from './job-logs.ts';

let house: LeaseHouse;
beforeAll(async () => {
  house = await openLeaseHouse(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
});
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(() => {
  house.jobs.printed = '';
  house.jobs.begins = 0;
  house.jobs.refuses = undefined;
});

const job = (more: object = {}) => ({ command: ['python3', 'train.py', '--rate', '0.1'], env: { TOKEN: 'hf_secret' }, keepOpen: false, ...more });
const ask = (more: object = {}) => house.leases.create(house.admin, newLease({ access: 'job', job: job(), ...more }));
const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;
const settle = async (ms = 5_000) => house.pass(ms);

it('a job begins with its lease, and ends it with its code; the end of what it printed outlives both', async () => {
  const { id, job: asked } = await ask();
  expect(asked).toEqual({ state: 'waiting', exitCode: null, reason: null, keepOpen: false, startedAt: null, endedAt: null, failedRank: null, way: null, wayReason: null, ranks: [] });
  await settle();
  expect(await show(id)).toMatchObject({ state: 'running', job: { state: 'running', endedAt: null } });
  expect(house.jobs.begun.get(id)).toEqual({ command: job().command, env: job().env });
  house.jobs.printed = `${'x'.repeat(100_000)}\u001b[2Jlast \u202ewords\r\n`;
  expect(await house.leases.logs(house.admin, id, { from: 100_000 })).toMatchObject({ from: 100_000, total: house.jobs.printed.length + 2, text: '·[2Jlast ·words\n', state: 'running' });
  house.jobs.reports.set(id, { state: 'ended', exitCode: 0, ranMs: 4_000 });
  await settle();
  const ended = await show(id);
  expect(ended).toMatchObject({ state: 'ended', reason: 'its job ended with code 0', job: { state: 'ended', exitCode: 0 } });
  expect(Date.parse(ended.job!.endedAt!) - Date.parse(ended.job!.startedAt!)).toBe(4_000);
  house.jobs.printed = '';
  const kept = await house.leases.logs(house.admin, id, { from: 0 });
  expect(kept.total - kept.first).toBe(64 * 1024);
  expect([kept.from, kept.next, kept.text.endsWith('last ·words\n')]).toEqual([kept.first, kept.total, true]);
  expect(await house.leases.logs(house.admin, id, { from: 0, last: 6 })).toMatchObject({ from: kept.total - 6, text: 'ords\n' });
  // Neither what it runs nor what it printed can be read in the database.
  const row = await house.database.scoped(house.organisationId).selectFrom('lease_jobs').selectAll().where('lease_id', '=', id).executeTakeFirstOrThrow();
  const lease = await house.database.scoped(house.organisationId).selectFrom('leases').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  for (const text of [row.sealed_order.toString('latin1'), row.sealed_log!.toString('latin1'), JSON.stringify(lease)]) expect(text).not.toMatch(/hf_secret|train\.py|xxxx/);
  expect(house.jobs.begins).toBe(1);
});

it('with keep-open its lease stays; asked twice by one word it is asked once, and another job by it is refused', async () => {
  const wish = newLease({ access: 'job', job: job({ keepOpen: true }) });
  const { id } = await house.leases.create(house.admin, wish);
  expect((await house.leases.create(house.admin, wish)).id).toBe(id);
  await expect(house.leases.create(house.admin, { ...wish, job: job({ keepOpen: true, env: { TOKEN: 'another' } }) })).rejects.toMatchObject({ code: 'id_conflict' });
  await settle();
  house.jobs.reports.set(id, { state: 'ended', exitCode: 3, ranMs: 1_000 });
  await settle();
  expect(await show(id)).toMatchObject({ state: 'running', job: { state: 'ended', exitCode: 3, keepOpen: true } });
});

it('a job that the lease\'s end cuts says so, and one that is lost is not begun again', async () => {
  const cut = await ask();
  await settle();
  const lost = await ask();
  await settle();
  house.jobs.reports.set(cut.id, { state: 'cut', exitCode: null, ranMs: 2_000 });
  await house.leases.end(house.admin, cut.id);
  house.jobs.reports.set(lost.id, { state: 'lost', exitCode: null, ranMs: null });
  house.restart();
  await settle();
  expect(await show(cut.id)).toMatchObject({ state: 'ended', reason: expect.stringContaining('ended by'), job: { state: 'cut', exitCode: null } });
  expect(await show(lost.id)).toMatchObject({ state: 'ended', reason: 'its job is lost and is not run again: its sandbox or its machine went down', job: { state: 'lost' } });
  expect(house.jobs.begins).toBe(2);
  const never = await ask({ startsAtMs: house.clock.nowMs() + 3_600_000 });
  await house.leases.end(house.admin, never.id);
  await settle();
  expect(await show(never.id)).toMatchObject({ state: 'ended', job: { state: 'cut', startedAt: null } });
});

it('a machine whose agent knows no jobs ends the lease with the reason', async () => {
  house.jobs.refuses = 'unknown_command';
  const { id } = await ask();
  await settle();
  expect(await show(id)).toMatchObject({ state: 'ended', reason: expect.stringMatching(/^its job could not begin: .*does not know it/), job: { state: 'failed' } });
});

it('access job and a job belong together, and nobody enters a lease without a shell', async () => {
  await expect(ask({ job: null })).rejects.toMatchObject({ code: 'invalid_request', param: 'job' });
  await expect(ask({ access: 'shell' })).rejects.toMatchObject({ code: 'invalid_request', param: 'job' });
  await expect(ask({ machines: 257 })).rejects.toMatchObject({ code: 'invalid_request', param: 'job' });
  await expect(ask({ job: job({ command: Array.from({ length: 20 }, () => 'x'.repeat(4_000)) }) })).rejects.toMatchObject({ code: 'invalid_request', param: 'job' });
  const running = await ask();
  await settle();
  const api = await house.leases.create(house.admin, newLease({ access: 'api' }));
  await settle();
  const shell = await house.leases.create(house.admin, newLease());
  await settle();
  for (const [id, access] of [[running.id, 'job'], [api.id, 'api']] as const) await expect(house.leases.enter(house.admin, id)).rejects.toMatchObject({ code: 'no_shell', message: expect.stringContaining(`access ${access}`) });
  expect(await house.leases.enter(house.admin, shell.id)).toMatchObject({ leaseId: shell.id });
  await expect(house.leases.logs(house.admin, shell.id, { from: 0 })).rejects.toMatchObject({ code: 'no_job' });
});

it('a sign whose bytes have not all come waits for them, and control characters are shown as dots', () => {
  const text = Buffer.from('a€😀');
  for (const [bytes, kept] of [[text.length, text.length], [text.length - 1, 4], [3, 1], [2, 1], [1, 1]] as const) expect(wholeSigns(text.subarray(0, bytes), true).length).toBe(kept);
  expect(wholeSigns(text.subarray(0, 3), false).length).toBe(3);
  expect(shown(Buffer.from('10%\r20%\r\n\ta\u0007\u009b31m\u061cb'))).toBe('10%\n20%\n\ta··31m·b');
});
