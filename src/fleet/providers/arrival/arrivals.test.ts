import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, TandemError, createIdSource, silentLogger } from '../../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../../access/testing.ts';
import { createFleet, type Fleet } from '../../fleet.ts';
import { nothingLeased } from '../../testing/nothing-leased.ts';
import { OneMachineAccount, openRenting, type Renting } from '../../testing/renting.ts';
import type { MachineAccess } from '../provider.ts';
import { ArrivalFault } from './arrival-fault.ts';
import type { PortState } from './probe.ts';
import type { EnterBySsh } from './ssh-entry.ts';

const SECRET = 'first-password-of-a-stand-in';
const LOOK = 'motd\ntandem-look kernel=Linux root=password agent=no\n';
const MINUTE = 60_000;

let test: TestAccess & { fleet: Fleet };
let clock: ManualClock;
let renting: Renting;
/** What a machine does when it is entered; a stand-in. */
let machine: { look: string; enrols: boolean; refuses: ArrivalFault | null; answers: Set<string>; access: Partial<MachineAccess>; ports: PortState[]; refusal: TandemError | null };
let entered: { host: string; hostKey: string | null; command: string; input: string }[];
let asked: [command: string, params: unknown][];
let made = 0;

const enter: EnterBySsh = async (target, command, input) => {
  entered.push({ host: target.host, hostKey: target.hostKey, command, input });
  if (machine.refuses !== null) throw machine.refuses;
  const looks = command.includes('tandem-look');
  const token = input.split('\n')[1]!;
  if (!looks && machine.enrols) {
    made += 1;
    await test.fleet.enrolments.use({ token, identity: Buffer.from(`machine ${made}`), hostname: 'm', machine: 'the same', platform: 'darwin-arm64', standIn: true, from: '192.0.2.1' });
  }
  return { code: looks || machine.enrols ? 0 : 1, output: looks ? machine.look : `curl: (7) no way to the server, token ${token}`, hostKey: target.hostKey ?? 'ssh-ed25519 AAAAfirst' };
};

beforeEach(async () => {
  const access = await openTestAccess();
  clock = new ManualClock(Date.UTC(2026, 10, 26));
  const fleet = createFleet({ database: access.database, clock, log: silentLogger, access: access.access, ...nothingLeased });
  test = { ...access, fleet };
  const newId = createIdSource(() => clock.nowMs());
  [entered, asked] = [[], []];
  machine = { look: LOOK, enrols: true, refuses: null, answers: new Set(), access: {}, ports: ['silent', 'refused'], refusal: null };
  const link = {
    isConnected: (id: string) => machine.answers.has('all') || machine.answers.has(id),
    ask: (_id: string, command: string, params: unknown) => {
      asked.push([command, params]);
      return machine.refusal === null ? Promise.resolve({ by: 'pf' }) : Promise.reject(machine.refusal);
    },
  };
  fleet.useLink({ ...link, open: () => Promise.reject(new Error('none')), onChange: () => () => {} }, { host: 'tandem.example', port: 4601, pin: 'pin' });
  const account = new OneMachineAccount(() => ({ host: '192.0.2.7', port: 22, user: 'm1', password: SECRET, hostKey: null, ...machine.access }));
  renting = openRenting(test, account, link, clock, newId, { enter, probe: (_host, port) => Promise.resolve(machine.ports[port === 22 ? 0 : 1]!) });
});
afterEach(async () => {
  await renting.arrivals.close();
  await test.close();
});

const order = async (pool: string | null = 'macs') => {
  const { id } = await renting.orders.create(test.admin, { provider: 'rented', offer: 'one', ceiling: 10n ** 15n, key: 'one', neededUntil: null, pool, name: 'mac-1' });
  await renting.reconciler.tick();
  return id;
};
const tick = async (arrivals = renting.arrivals) => {
  await arrivals.tick();
  await arrivals.settled();
};
const pass = async (ms: number, stepMs = 2_000) => {
  for (let gone = 0; gone < ms; gone += stepMs) {
    clock.advance(stepMs);
    await renting.reconciler.tick();
    await tick();
  }
};
const arrivalOf = async (id: string) => (await renting.orders.show(test.admin, id)).arrival!;
const stepOf = async (id: string, step: string) => (await arrivalOf(id)).steps.find((one) => one.step === step);

describe('a delivered machine', () => {
  it('goes through its steps, with the secrets on standard input alone', async () => {
    machine.answers.add('all');
    const id = await order();
    await tick();
    expect(await arrivalOf(id)).toMatchObject({ state: 'done', hostKey: 'ssh-ed25519 AAAAfirst', hostKeyFrom: 'first-use' });
    expect(entered.map(({ hostKey }) => hostKey)).toEqual([null, 'ssh-ed25519 AAAAfirst']);
    expect(entered.every(({ command, input }) => !command.includes(SECRET) && !command.includes('tdm_node_') && input.startsWith(SECRET))).toBe(true);
    expect(asked).toEqual([['machine.password', { user: 'm1' }], ['machine.close', { ports: [22, 5900] }]]);
    await pass(10 * MINUTE, MINUTE);
    expect(entered).toHaveLength(2);
  });

  it('is left to a person where the order says so', async () => {
    const id = await order(null);
    await tick();
    expect([entered.length, (await renting.orders.show(test.admin, id)).arrival]).toEqual([0, null]);
  });

  it.each<[string, () => void, string, string, RegExp]>([
    ['lets nobody in', () => { machine.refuses = new ArrivalFault('person', 'the machine lets neither the password nor the key in', 'Give the provider the key.'); }, 'enter', 'person', /neither/],
    ['has no way to root', () => { machine.look = 'tandem-look kernel=Darwin root=no agent=no\n'; }, 'enter', 'person', /cannot become root/],
    ['runs nothing', () => { machine.look = 'This account is not available.\u001b[2J'; }, 'enter', 'waiting', /not available/],
    ['does not reach the server', () => { machine.enrols = false; }, 'enrol', 'waiting', /no way to the server, token …/],
    ['refuses its new password', () => { machine.refusal = new TandemError('node_refused', { params: { name: 'mac-1', reason: 'chpasswd is not there' } }); }, 'password', 'waiting', /chpasswd is not there/],
    ['stays open', () => { machine.ports = ['open', 'silent']; }, 'probe', 'person', /takes connections at 22/],
  ])('that %s waits at that step with its reason, and goes on when it is mended', async (_what, spoil, step, state, reason) => {
    const good = { ...machine, answers: new Set(['all']) };
    machine.answers.add('all');
    spoil();
    const id = await order();
    await tick();
    const stuck = (await stepOf(id, step))!;
    expect([stuck.state, reason.test(stuck.reason!), stuck.next!.length > 10]).toEqual([state, true, true]);
    expect(JSON.stringify(await renting.orders.list(test.admin))).not.toMatch(/tdm_node_|first-password|\u001b/);
    machine = good;
    await pass(6 * MINUTE, 30_000);
    expect((await arrivalOf(id)).state).toBe('done');
  });

  it('that is down is tried again, later each time, and a person is told in the end', async () => {
    machine.refuses = new ArrivalFault('again', 'it cannot be reached by SSH: refused', 'It is tried again by itself.');
    const id = await order();
    await pass(30 * MINUTE);
    const { state, attempts } = (await stepOf(id, 'enter'))!;
    expect(state).toBe('person');
    expect(attempts).toBeGreaterThan(8);
    expect(attempts).toBeLessThan(20);
  });

  it('whose agent never comes is enrolled anew, and of its node of before nothing is left', async () => {
    const id = await order();
    await tick();
    expect(await stepOf(id, 'connect')).toMatchObject({ state: 'waiting', reason: expect.stringContaining('has not connected') });
    const first = (await arrivalOf(id)).nodeId;
    await pass(5 * MINUTE);
    machine.answers.add('all');
    await pass(MINUTE);
    const { state, nodeId } = await arrivalOf(id);
    expect([state, nodeId === first]).toEqual(['done', false]);
    expect((await test.fleet.nodes.list(test.admin)).items.map(({ id: node, name }) => [node, name])).toEqual([[nodeId, 'mac-1']]);
  });
});

describe('a process that dies on the way', () => {
  it('leaves a machine that the next one goes on with, and enrols once', async () => {
    const id = await order();
    // It had enrolled the machine and not yet written down the node, and its lock still stands.
    const own = test.database.unscoped('a test');
    const issued = await test.fleet.enrolments.issue(test.admin, { pool: 'macs', name: 'mac-1' });
    const node = await test.fleet.enrolments.use({ token: issued.token, identity: Buffer.from('machine'), hostname: 'm', machine: 'x', platform: 'linux-x64', standIn: true, from: '192.0.2.1' });
    await own.updateTable('provider_orders').set({ enrolment_id: issued.id, arrival_token: id, arrival_until: new Date(clock.nowMs() + 10 * MINUTE) }).execute();
    machine.answers.add(node.id);
    const next = renting.newArrivals();
    await tick(next);
    expect((await arrivalOf(id)).steps).toEqual([]);
    clock.advance(11 * MINUTE);
    await tick(next);
    expect(await arrivalOf(id)).toMatchObject({ state: 'done', nodeId: node.id });
    expect(entered.filter(({ input }) => input.includes('tdm_node_'))).toEqual([]);
  });

  it('never works on it beside another', async () => {
    machine.answers.add('all');
    await order();
    await Promise.all([tick(), tick(renting.newArrivals()), tick(renting.newArrivals())]);
    expect(entered).toHaveLength(2);
  });
});

describe('a reinstalled machine', () => {
  const reinstalled = async () => {
    machine.answers.add('all');
    const id = await order();
    await tick();
    await renting.orders.reinstall(test.admin, id);
    for (let tries = 0; tries < 6; tries += 1) {
      await renting.reconciler.tick();
      clock.advance(16_000);
    }
    return id;
  };

  it('that still has its agent was not reinstalled', async () => {
    const id = await reinstalled();
    machine.look = 'tandem-look kernel=Darwin root=yes agent=yes\n';
    await tick();
    expect(await stepOf(id, 'enter')).toMatchObject({ state: 'person', reason: expect.stringContaining('was not reinstalled') });
  });

  it('that is not a node again in time needs a person, and is taken when it comes', async () => {
    machine.access = {};
    const id = await reinstalled();
    machine.refuses = new ArrivalFault('again', 'it cannot be reached by SSH', 'It is tried again by itself.');
    await pass(4 * 60 * MINUTE, MINUTE);
    expect(await stepOf(id, 'enter')).toMatchObject({ state: 'person', reason: expect.stringContaining('it was to be a node again by 2026-11-26T03:') });
    machine.refuses = null;
    await pass(6 * MINUTE, MINUTE);
    expect(await arrivalOf(id)).toMatchObject({ state: 'done', by: null });
  });

  it('waits for the leases on its node, which are told until when they may stay', async () => {
    let held = 1;
    test.fleet.nodes.useHolds({ count: () => Promise.resolve(held), giveUp: () => Promise.resolve() });
    machine.answers.add('all');
    const id = await order();
    await tick();
    await renting.orders.reinstall(test.admin, id);
    await pass(MINUTE);
    expect(await renting.orders.show(test.admin, id)).toMatchObject({ state: 'ready', reinstalls: 0, reason: 'leases on its node that end first: 1' });
    expect((await test.fleet.nodes.list(test.admin)).items[0]!.wanted).toMatchObject({ what: 'remove', reason: 'its machine is reinstalled', deadlineAt: expect.stringMatching(/^2026-11-26T00:15/) });
    held = 0;
    await pass(2 * MINUTE);
    expect(await renting.orders.show(test.admin, id)).toMatchObject({ reinstalls: 1, arrival: { state: 'done' } });
  });
});

it('a machine that is given back is emptied first, but never beyond its ceiling', async () => {
  machine.answers.add('all');
  test.fleet.nodes.useHolds({ count: () => Promise.resolve(1), giveUp: () => Promise.resolve() });
  const { id } = await renting.orders.create(test.admin, { provider: 'rented', offer: 'one', ceiling: 580_000_000_000n, key: 'two hours', neededUntil: null, pool: 'macs', name: null });
  await renting.reconciler.tick();
  await tick();
  await renting.orders.release(test.admin, id, null);
  await pass(110 * MINUTE, MINUTE);
  expect(await renting.orders.show(test.admin, id)).toMatchObject({ state: 'ready', reason: 'leases on its node that end first: 1' });
  await pass(12 * MINUTE, MINUTE);
  const { state, cost } = await renting.orders.show(test.admin, id);
  expect([state, BigInt(cost.soFar) <= 580_000_000_000n]).toEqual(['gone', true]);
});
