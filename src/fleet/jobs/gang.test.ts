import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Reconciler } from '../leases/reconciler.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { StandInLines } from '../testing/stand-in-jobs.ts';
import { decideGang, type Gang, type Rank } from './gang.ts';

let house: LeaseHouse;
beforeAll(async () => {
  house = await openLeaseHouse(['a', 'b', 'c']);
  house.jobs.apart = true;
});
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(() => {
  house.jobs.begins = 0;
  house.jobs.refuses = undefined;
  house.jobs.stopped.length = 0;
  house.lines.states.clear();
  for (const id of ['a', 'b', 'c']) house.machines.link(id, 'up');
});

const ask = (more: object = {}) => house.leases.create(house.admin, newLease({ access: 'job', machines: 3, job: { command: ['torchrun', 'train.py'], env: { TOKEN: 'hf', MASTER_PORT: '1234' }, keepOpen: false }, ...more }));
const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;
const report = (id: string, machine: string, state: 'running' | 'ended' | 'lost', exitCode: number | null = null) => house.jobs.reports.set(`${id} ${machine}`, { state, exitCode, ranMs: 1_000 });
const clear = async (id: string) => {
  await house.leases.end(house.admin, id).catch(() => {});
  await house.pass(90_000, 5_000);
};

it('begins on all of them once all are ready, with rank and size in the environment, and ends the lease with code 0 where all ended with it', async () => {
  house.lines.states.set(1, 'waits');
  const { id, job } = await ask();
  expect(job).toMatchObject({ state: 'waiting', ranks: [] });
  await house.pass(6_000);
  expect(house.lines.kept).toEqual([{ leaseId: id, fence: expect.anything() as bigint, machineIds: ['a', 'b', 'c'] }]);
  expect([house.jobs.begins, (await show(id)).job!.reason]).toEqual([0, 'its job begins when all machines are ready; rank 1 is not']);
  house.lines.states.set(1, 'ready');
  await house.pass(4_000);
  expect(house.jobs.begins).toBe(3);
  expect(await show(id)).toMatchObject({ state: 'running', job: { state: 'running', reason: null, failedRank: null, ranks: [{ rank: 0, machineId: 'a', state: 'running' }, { rank: 1, machineId: 'b', state: 'running' }, { rank: 2, machineId: 'c', state: 'running' }] } });
  expect(house.jobs.begun.get(`${id} b`)).toMatchObject({ command: ['torchrun', 'train.py'], env: { NODE_RANK: '1', NNODES: '3', MASTER_ADDR: 'rank-0', MASTER_PORT: '1234', TOKEN: 'hf' } });
  house.restart();
  report(id, 'a', 'ended', 0);
  report(id, 'c', 'ended', 0);
  await house.pass(4_000);
  expect(await show(id)).toMatchObject({ state: 'running', job: { state: 'running', ranks: [{ state: 'ended', exitCode: 0 }, { state: 'running' }, { state: 'ended', exitCode: 0 }] } });
  report(id, 'b', 'ended', 0);
  await house.pass(6_000);
  expect(await show(id)).toMatchObject({ state: 'ended', reason: 'its job ended with code 0 on all machines', job: { state: 'ended', exitCode: 0, failedRank: null } });
  expect([house.jobs.begins, house.jobs.stopped, house.lines.kept]).toEqual([3, [], []]);
  // What each printed outlives the machines.
  for (const [rank, machine] of ['a', 'b', 'c'].entries()) expect(await house.leases.logs(house.admin, id, { from: 0, rank })).toMatchObject({ rank, text: `${machine}\n` });
  await expect(house.leases.logs(house.admin, id, { from: 0, rank: 3 })).rejects.toMatchObject({ code: 'invalid_request', param: 'rank' });
});

it('ends the others when one fails, with the code of the first, and bills each machine its started minutes once and to the same end', async () => {
  const { id } = await ask({ atMost: '20000000000000' });
  await house.pass(125_000, 5_000);
  report(id, 'b', 'ended', 7);
  await house.pass(10_000);
  const ended = await show(id);
  expect(ended).toMatchObject({ state: 'ended', reason: 'its job ended: rank 1 ended with code 7', job: { state: 'ended', exitCode: 7, failedRank: 1, ranks: [{ exitCode: 143 }, { exitCode: 7 }, { exitCode: 143 }] } });
  expect(new Set(house.jobs.stopped)).toEqual(new Set([`${id} a`, `${id} c`]));
  // Three GPUs, three started minutes, $2 an hour each.
  expect(ended.minutes.paid).toBe(3);
  expect(ended.cost).toMatchObject({ soFar: '300000000000', booked: '300000000000' });
});

it('a machine out of reach for as long as leases wait ends the others; one that is lost is not begun again', async () => {
  const away = await ask();
  await house.pass(6_000);
  house.machines.link('c', 'deaf');
  await house.pass(50_000, 5_000);
  expect(await show(away.id)).toMatchObject({ job: { state: 'running', ranks: [{ state: 'running' }, { state: 'running' }, { state: 'running' }] } });
  await house.pass(60_000, 5_000);
  expect(await show(away.id)).toMatchObject({ job: { state: 'lost', exitCode: null, failedRank: 2, reason: 'the machine of rank 2 is out of reach', ranks: [{ exitCode: 143 }, { exitCode: 143 }, {}] } });
  house.machines.link('c', 'up');
  report(away.id, 'c', 'ended', 0);
  await clear(away.id);
  // What it did meanwhile is not lost.
  expect(await show(away.id)).toMatchObject({ state: 'ended', job: { state: 'lost', ranks: [{}, {}, { state: 'ended', exitCode: 0 }] } });
  const lost = await ask();
  await house.pass(6_000);
  report(lost.id, 'a', 'lost');
  await house.pass(10_000);
  expect(await show(lost.id)).toMatchObject({ state: 'ended', job: { state: 'lost', failedRank: 0, reason: expect.stringContaining('rank 0 is lost') } });
  expect(house.jobs.begins).toBe(6);
});

it('a machine that cannot reach the others, or knows no jobs, ends it before anything has begun', async () => {
  house.lines.states.set(2, { refused: 'its agent is of a release without it' });
  const refused = await ask();
  await house.pass(10_000);
  expect(await show(refused.id)).toMatchObject({ state: 'ended', job: { state: 'failed', failedRank: 2, reason: 'rank 2: its agent is of a release without it', ranks: [{ state: 'cut' }, { state: 'cut' }, { state: 'cut' }] } });
  expect(house.jobs.begins).toBe(0);
  house.lines.states.clear();
  house.jobs.refuses = 'unknown_command';
  const old = await ask();
  await house.pass(40_000);
  expect(await show(old.id)).toMatchObject({ state: 'ended', job: { state: 'failed', reason: expect.stringContaining('rank 0 could not begin') } });
});

it('the end of the lease cuts all of it; with keep-open the lease stays', async () => {
  const cut = await ask();
  await house.pass(6_000);
  await house.leases.end(house.admin, cut.id);
  await house.pass(6_000);
  expect(await show(cut.id)).toMatchObject({ state: 'ended', job: { state: 'cut', ranks: [{ state: 'cut' }, { state: 'cut' }, { state: 'cut' }] } });
  const stays = await ask({ job: { command: ['x'], env: {}, keepOpen: true } });
  await house.pass(6_000);
  report(stays.id, 'a', 'ended', 1);
  await house.pass(6_000);
  expect(await show(stays.id)).toMatchObject({ state: 'running', job: { state: 'ended', exitCode: 1, failedRank: 0 } });
  await clear(stays.id);
});

it('of several server processes one keeps a job and its ways, and another one takes it over when that is gone', async () => {
  const lines = new StandInLines();
  const there = new Reconciler({ ...house.context, process: 'there', jobs: { ...house.context.jobs!, lines } });
  // The last word of who keeps it is so old by the database's clock, however long this test has taken.
  const saidAgo = (seconds: number) => sql`update lease_jobs set kept_until = clock_timestamp() + ${10 - seconds} * interval '1 s' where state = 'running'`.execute(house.database.unscoped('a test'));
  const passThere = async (seconds: number, both: boolean) => {
    for (let second = 0; second < seconds; second += 1) {
      if (both) await house.pass(1_000);
      else house.clock.advance(1_000);
      await saidAgo(1);
      await there.tick();
      await there.settled();
      if (both) expect(lines.kept).toEqual([]);
    }
  };
  const { id } = await ask();
  await house.pass(6_000);
  await passThere(40, true);
  expect(house.lines.kept).toMatchObject([{ leaseId: id }]);
  expect(await show(id)).toMatchObject({ job: { state: 'running' } });
  await passThere(4, false);
  expect(lines.kept).toEqual([]);
  // The clock of this server is a minute ahead: by the database's nothing is over.
  house.clock.advance(60_000);
  await passThere(1, false);
  expect(lines.kept).toEqual([]);
  await saidAgo(11);
  await there.tick();
  expect(lines.kept).toMatchObject([{ leaseId: id, machineIds: ['a', 'b', 'c'] }]);
  // Who was away for so long finds that it is another's.
  await house.pass(1_000);
  expect(house.lines.kept).toEqual([]);
  expect(house.jobs.begins).toBe(3);
  report(id, 'a', 'ended', 5);
  await passThere(6, false);
  expect(await show(id)).toMatchObject({ job: { state: 'ended', exitCode: 5, failedRank: 0 } });
  await clear(id);
});

it('of several that fail the first that ended counts, and nothing waits for ever for a machine that does not say how it ended', () => {
  const rank = (number: number, more: Partial<Rank>): Rank => ({ rank: number, state: 'running', exitCode: null, reason: null, endedAtMs: null, reached: true, awaySinceMs: null, line: 'ready', ...more });
  const gang = (ranks: Rank[], more: Partial<Gang> = {}): Gang => ({ setOff: true, stop: null, ranks, ...more });
  const two = [rank(0, { state: 'ended', exitCode: 1, endedAtMs: 20 }), rank(1, { state: 'ended', exitCode: 2, endedAtMs: 10 }), rank(2, {})];
  expect(decideGang(gang(two), 0, 60)).toEqual({ do: 'stop', rank: 1 });
  expect(decideGang(gang(two, { stop: { rank: 1, untilMs: 100 } }), 99, 60)).toEqual({ do: 'ask', asks: [{ rank: 2, what: 'stop' }] });
  expect(decideGang(gang(two, { stop: { rank: 1, untilMs: 100 } }), 100, 60)).toEqual({ do: 'conclude', end: { state: 'ended', exitCode: 2, reason: 'rank 1 ended with code 2' } });
  const away = [two[0]!, two[1]!, rank(2, { reached: false, awaySinceMs: 0 })];
  expect(decideGang(gang(away, { stop: { rank: 1, untilMs: 100 } }), 59, 60)).toEqual({ do: 'wait', reason: null });
  expect(decideGang(gang(away, { stop: { rank: 1, untilMs: 100 } }), 60, 60)).toMatchObject({ do: 'conclude', end: { exitCode: 2 } });
  expect(decideGang(gang([rank(0, { reached: false, awaySinceMs: 0 }), rank(1, {})], { setOff: false }), 1_000, 60)).toMatchObject({ do: 'wait' });
});
