import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId, type Clock } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { Nodes } from '../nodes/nodes.ts';
import type { MachineSource } from '../pools/machines.ts';
import { NodeMachines } from '../pools/node-machines.ts';
import { countQuotas } from '../quotas/counted.ts';
import { Quotas } from '../quotas/quotas.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { leaseHolds } from './holds.ts';
import { Leases, type NewLease } from './leases.ts';
import { projectHolds } from './project-holds.ts';
import { Reconciler } from './reconciler.ts';

// Two transactions at a time: each test has the second one run, or begin, at a certain point of the first one.
const MINUTE = 60_000;
const NODES = [newId(), newId()] as const;
const none = { nodes: null, gpus: null, leases: null, spend: null };

let house: LeaseHouse;
let quotas: Quotas;
let source: MachineSource;
beforeEach(async () => {
  house = await openLeaseHouse(['a', 'b', ...NODES]);
  house.views.splice(2);
  quotas = new Quotas(house);
  source = { ...house.context.machines };
});
afterEach(() => house[Symbol.asyncDispose]());

/** Has something happen once: after placement has read all machines, or in the transaction that gives them, before it locks them. */
function once(point: 'machines' | 'locked', happens: () => Promise<unknown>): void {
  const { [point]: before } = house.context.machines as unknown as Record<typeof point, (...asked: never[]) => Promise<unknown>>;
  Object.assign(house.context.machines, { async [point](...asked: never[]) {
    house.context.machines[point] = before as never;
    const read = await before(...asked);
    await happens();
    return point === 'machines' ? read : before(...asked);
  } });
}
/** A database that has something happen before a transaction begins, as often as it is said. */
function beforeTransaction(happens: () => Promise<unknown>): Database {
  let due = true;
  return { ...house.database, async transaction(work) {
    if (due) {
      due = false;
      await happens();
    }
    return house.database.transaction(work);
  } };
}
const project = async (name: string): Promise<string> => (await house.access.projects.create(house.admin, { name })).id;
const ask = async (more: Partial<NewLease> = {}): Promise<string> => (await house.leases.create(house.admin, newLease({ gpus: 3, ...more }))).id;
const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;
const running = async (more: Partial<NewLease> = {}): Promise<string> => {
  const id = await ask(more);
  await house.pass(1_000);
  return id;
};
const states = async (...ids: string[]) => Promise.all(ids.map(async (id) => (await show(id)).state));

describe('a lease that is placed', () => {
  it('is held to the quotas of whose it is by then, also when it is handed over beside', async () => {
    const second = await project('second');
    await quotas.set(house.admin, { ...none, scope: { kind: 'project', id: second }, gpus: 1 });
    const id = await ask();
    once('machines', () => house.leases.handOver(house.admin, id, { projectId: second }));
    await house.pass(3_000);
    expect(await show(id)).toMatchObject({ state: 'waiting', projectId: second, reason: expect.stringContaining('the project second may have 1 GPU at a time, has 0 and asks for 3 more') });
    expect(await house.database.unscoped('a test').selectFrom('lease_holds').selectAll().execute()).toEqual([]);
  });

  it('waits where its project was handed another one beside, or its quota was lowered', async () => {
    const second = await project('second');
    const handed = await running();
    const quota = { scope: { kind: 'project' as const, id: second }, ...none };
    await quotas.set(house.admin, { ...quota, gpus: 5 });
    const id = await ask({ projectId: second });
    once('locked', () => house.leases.handOver(house.admin, handed, { projectId: second }));
    await house.pass(2_000);
    expect(await states(handed, id)).toEqual(['running', 'waiting']);
    await quotas.set(house.admin, { ...quota, gpus: 6 });
    once('locked', () => quotas.set(house.admin, { ...quota, gpus: 4 }));
    await house.pass(2_000);
    expect(await show(id)).toMatchObject({ state: 'waiting', reason: expect.stringContaining('may have 4 GPUs at a time, has 3') });
    // Nobody is beside: it gets them.
    await quotas.set(house.admin, { ...quota, gpus: 6 });
    await house.pass(2_000);
    expect(await states(id)).toEqual(['running']);
  });

  it('and one that is promised machines are not counted by what was counted before', async () => {
    const second = await project('second');
    const handed = await running();
    await quotas.set(house.admin, { ...none, scope: { kind: 'project', id: second }, leases: 1 });
    const later = await ask({ projectId: second, startsAtMs: house.clock.nowMs() + 90 * MINUTE });
    const { watch } = await countQuotas(house.database.unscoped('a test'), [], source, house.access.directory, house.clock.nowMs());
    await house.leases.handOver(house.admin, handed, { projectId: second });
    expect(await house.database.transaction((tx) => watch.use(tx, { organisation_id: house.organisationId, project_id: second }))).toBeUndefined();
    await house.pass(2_000);
    expect(await show(later)).toMatchObject({ state: 'waiting', reason: expect.stringContaining('may have 1 lease at a time') });
  });

  it('many that are handed over at once wait for each other and not for a connection', async () => {
    const second = await project('second');
    await quotas.set(house.admin, { ...none, scope: { kind: 'project', id: second }, gpus: 9 });
    const ids = await Promise.all(Array.from({ length: 14 }, () => ask({ gpus: 1 })));
    await house.pass(1_000);
    const handed = await Promise.allSettled(ids.map((id) => house.leases.handOver(house.admin, id, { projectId: second })));
    expect(handed.filter(({ status }) => status === 'fulfilled')).toHaveLength(9);
    for (const one of handed) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'lease_quota' });
  });
});

describe('a node', () => {
  let nodes: Nodes;
  beforeEach(async () => {
    const inventory = { platform: 'linux-x64', gpus: [{ vendor: 'nvidia', uuid: 'GPU-a', name: 'NVIDIA H100 80GB HBM3', memoryBytes: 85_520_809_984, migDevices: [] }] };
    const at = new Date(house.clock.nowMs());
    for (const [number, id] of NODES.entries()) {
      await house.database.scoped(house.organisationId).insertInto('nodes', { id, name: `gpu-${number}`, pool: 'gpus', identity: `${number}`, machine: `${number}`, platform: 'linux-x64', stand_in: false, inventory: JSON.stringify(inventory), inventory_at: at, health: 'ok', wanted: number === 0 ? 'serve' : 'cordon', connected_at: at, last_seen_at: at, protocol: 1, created_at: at } as never).execute();
    }
    const machines = new NodeMachines(house.context, { quarantine: async () => {} }, () => null, [], { reinstallable: async () => new Set() });
    Object.assign(house.context.machines, { machines: machines.machines.bind(machines), locked: machines.locked.bind(machines), allowance: source.allowance });
    nodes = nodesOf(house.database);
  });
  const nodesOf = (database: Database): Nodes => {
    const made = new Nodes({ ...house.context, database, access: house.access }, () => undefined);
    made.useHolds({ ...leaseHolds(house.context), volumes: (tx, id) => house.volumes.countOn(tx, id) });
    return made;
  };

  it.each(['remove', 'cordon'] as const)('that is to %s beside a placement gets no lease', async (what) => {
    const id = await ask({ gpus: 1 });
    once('machines', () => (what === 'remove' ? nodes.remove(house.admin, NODES[0]) : nodes.wish(house.admin, NODES[0], { what, reason: null, graceSeconds: null })));
    await house.pass(2_000);
    expect([await states(id), await house.database.unscoped('a test').selectFrom('lease_units').selectAll().execute()]).toEqual([['waiting'], []]);
  });

  it('that is removed beside a placement that has it stays, and says that it is in use', async () => {
    const id = await ask({ gpus: 1 });
    let removed: Promise<unknown> | undefined;
    const { locked } = house.context.machines;
    Object.assign(house.context.machines, { async locked(...asked: Parameters<typeof locked>) {
      const machines = await locked(...asked);
      // It waits for the row, and looks only then.
      removed ??= nodes.remove(house.admin, NODES[0]).then(() => 'removed', (error: unknown) => error);
      await waiting('from "nodes"');
      return machines;
    } });
    await house.pass(1_000);
    expect([await removed, await states(id)]).toMatchObject([{ code: 'node_in_use' }, ['running']]);
  });

  it('that somebody wants back is not removed by who has seen it empty before', async () => {
    await nodes.wish(house.admin, NODES[0], { what: 'remove', reason: null, graceSeconds: null });
    await nodesOf(beforeTransaction(() => nodes.wish(house.admin, NODES[0], { what: 'serve', reason: null, graceSeconds: null }))).removeDue();
    expect((await nodes.show(house.admin, NODES[0])).node.state).toBe('ready');
  });

  /** Resolves when a statement with these words waits for a lock. */
  async function waiting(words: string): Promise<void> {
    for (;;) {
      const { rows } = await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like ${`%${words}%`}`.execute(house.database.unscoped('a test'));
      if (rows.length > 0) return;
    }
  }
});

describe('a project that is archived', () => {
  it('gets no lease that was asked for or is handed to it beside', async () => {
    const second = await project('second');
    const other = await running();
    let beside: Promise<PromiseSettledResult<unknown>[]> | undefined;
    house.access.projects.useHolds(async (...asked) => {
      const held = await projectHolds(house.database, ...asked);
      // Both see a project in memory that is not archived, and then wait for its row.
      beside = Promise.allSettled([house.leases.create(house.admin, newLease({ projectId: second })), house.leases.handOver(house.admin, other, { projectId: second })]);
      return held;
    });
    await house.access.projects.archive(house.admin, second);
    expect((await beside)!.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : one.status))).toEqual(['project_archived', 'project_archived']);
    expect(await house.database.unscoped('a test').selectFrom('leases').select('id').where('project_id', '=', second).execute()).toEqual([]);
  });
});

describe('time that is to come', () => {
  it('is not promised on machines whose lease is extended beside', async () => {
    const first = await running({ gpus: 8 });
    await running({ gpus: 8, minutes: 600 });
    const later = await ask({ gpus: 8, minutes: 60, startsAtMs: house.clock.nowMs() + 90 * MINUTE });
    once('machines', () => house.leases.extend(house.admin, first, { minutes: 60, atMost: null }));
    await house.pass(2_000);
    expect(await states(later)).toEqual(['waiting']);
    await house.leases.end(house.admin, first);
    await house.pass(6_000);
    expect(await states(later)).toEqual(['reserved']);
  });

  it('a lease that was extended in time by another server is not ended by who had read it before', async () => {
    const id = await running();
    const endsAtMs = Date.parse((await show(id)).endsAt!);
    await house.pass(59 * MINUTE, MINUTE);
    const early: Clock = { nowMs: () => endsAtMs - 1, monotonicMs: () => house.clock.monotonicMs(), sleep: () => Promise.resolve() };
    house.clock.advance(endsAtMs - house.clock.nowMs());
    // Its row is read, its end is due, and the transaction that writes that down is about to begin.
    const slow = new Reconciler({ ...house.context, database: beforeTransaction(() => new Leases({ ...house.context, clock: early }).extend(house.admin, id, { minutes: 60, atMost: null })) });
    await slow.hurry(id);
    await slow.settled();
    expect(await show(id)).toMatchObject({ state: 'running', endsAt: new Date(endsAtMs + 60 * MINUTE).toISOString() });
    expect(house.machines.running('a')).toEqual([id]);
    // Once it is over it is over, although nobody has looked.
    house.clock.advance(61 * MINUTE);
    await expect(house.leases.extend(house.admin, id, { minutes: 60, atMost: null })).rejects.toMatchObject({ code: 'lease_state' });
  });
});

it('of several machines that are paid for a day each stays with its tenant from its own wipe on, also while another one is wiped still', async () => {
  for (const view of house.views) Object.assign(view, { leastDay: 'always' });
  const id = await running({ gpus: 8, machines: 2 });
  const wipe = house.context.wipes.wipe.bind(house.context.wipes);
  Object.assign(house.context.wipes, { wipe: async (...asked: Parameters<typeof wipe>) => (asked[0].machineId === 'b' ? null : wipe(...asked)) });
  await house.leases.end(house.admin, id);
  await house.pass(5_000);
  const { machines } = await show(id);
  expect(machines.find(({ machineId }) => machineId === 'a')).toMatchObject({ stage: 'wiped' });
  expect(await house.database.unscoped('a test').selectFrom('kept_machines').select(['machine_id', 'organisation_id']).execute()).toEqual([{ machine_id: 'a', organisation_id: house.organisationId }]);
});
