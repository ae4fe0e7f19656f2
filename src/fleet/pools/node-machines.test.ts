import { afterAll, beforeAll, expect, it } from 'vitest';
import { ManualClock, newId, silentLogger } from '../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import { readLeaseBounds } from '../drivers/lease-bounds.ts';
import { createFleet, type Fleet } from '../index.ts';
import { nothingLeased } from '../testing/nothing-leased.ts';
import { NodeMachines } from './node-machines.ts';

let test: TestAccess;
let fleet: Fleet;
let nodeId: string;
const clock = new ManualClock(Date.UTC(2026, 10, 26));
const GIB = 2 ** 30;
const gpu = (uuid: string) => ({ vendor: 'nvidia', uuid, name: 'NVIDIA H100 80GB HBM3', memoryBytes: 85_520_809_984, migDevices: [] });
const allowance = (units: string[]) => new NodeMachines({ database: test.database, clock }, fleet.presence, () => null, ['tandem.example.com'], { reinstallable: async () => new Set() }).allowance(nodeId, units);

beforeAll(async () => {
  test = await openTestAccess();
  fleet = createFleet({ database: test.database, clock, log: silentLogger, access: test.access, ...nothingLeased });
  fleet.useLink({ isConnected: () => false, ask: async () => ({}), open: async () => { throw new Error('none'); }, onChange: () => () => {} }, { host: '192.0.2.9', port: 4601, pin: 'cGlu' });
  const { token } = await fleet.enrolments.create(test.admin, { pool: 'gpus', name: null });
  nodeId = (await fleet.enrolments.use({ identity: Buffer.from('a'), hostname: 'gpu-1', machine: null, platform: 'linux-x64', standIn: false, from: '192.0.2.1', token })).id;
  const inventory = { platform: 'linux-x64', cpu: { cores: 64 }, memoryBytes: 1_024 * GIB, disk: { bytes: 2_000 * GIB }, gpus: [gpu('GPU-a'), gpu('GPU-b')] };
  await test.database.scoped(test.organisationId).updateTable('nodes').set({ inventory: JSON.stringify(inventory) }).where('id', '=', nodeId).execute();
});
afterAll(() => test.close());

it('a lease has its share and the internet where nobody has set a pool, and what the pool says where somebody has', async () => {
  expect(await allowance(['gpu-1'])).toEqual({
    limits: { cpuMillis: 31_500, memoryBytes: 510 * GIB, processes: 8_192, diskBytes: 990 * GIB }, devices: [{ unit: 'gpu-1', vendor: 'nvidia', uuid: 'GPU-b', mig: null }],
    network: { out: true, allow: [], deny: ['tandem.example.com'], resolvers: [] },
  });
  const pool = await fleet.pools.create(test.admin, { name: 'gpus', network: 'none', limits: { cpus: 4, memoryMb: null, processes: null, diskMb: 1_024 } });
  expect(pool).toMatchObject({ network: 'none', networkAllow: [], resolvers: [], limits: { cpus: 4, diskMb: 1_024 } });
  expect(await allowance(['gpu-0', 'gpu-1'])).toMatchObject({ limits: { cpuMillis: 8_000, memoryBytes: 1_020 * GIB, diskBytes: 2 * GIB }, network: { out: false } });
  expect(await fleet.pools.update(test.admin, pool.id!, { network: 'internet', networkAllow: ['10.1.0.0/16'], resolvers: ['10.1.0.2'] })).toMatchObject({ limits: { cpus: 4 } });
  expect((await allowance(['gpu-0'])).network).toEqual({ out: true, allow: ['10.1.0.0/16'], deny: ['tandem.example.com'], resolvers: ['10.1.0.2'] });
  expect(await fleet.pools.update(test.admin, pool.id!, { limits: null })).toMatchObject({ limits: null, networkAllow: ['10.1.0.0/16'] });
  expect((await allowance(['gpu-0'])).limits.cpuMillis).toBe(31_500);
});

it('a machine whose agent is older than this server speaks with takes no lease, and says why', async () => {
  const closed = async () => (await new NodeMachines({ database: test.database, clock }, fleet.presence, () => null, [], { reinstallable: async () => new Set() }).machines()).find(({ id }) => id === nodeId)!.closed;
  const connected = (protocol: number) => fleet.presence.connected(nodeId, { process: newId(), atMs: clock.nowMs(), agentVersion: '0.1.0', protocol, boot: 'b', certificateExpiresAt: new Date(clock.nowMs() + 86_400_000), from: '192.0.2.1' });
  await connected(1);
  expect(await closed()).toBeNull();
  await connected(0);
  expect(await closed()).toBe('outdated: its agent is older than this server speaks with, and is to be brought up to date');
});

it('a pool is removed with what was set for it, and not while a machine is in it', async () => {
  const typo = await fleet.pools.create(test.admin, { name: 'gpsu', openTo: 'all' });
  await expect(fleet.pools.remove({ ...test.admin, role: 'developer' }, typo.id!)).rejects.toMatchObject({ code: 'permission_denied' });
  await fleet.pools.remove(test.admin, typo.id!);
  expect((await fleet.pools.list(test.admin)).items.map(({ name }) => name)).toEqual(['gpus']);
  await expect(fleet.pools.remove(test.admin, typo.id!)).rejects.toMatchObject({ code: 'resource_not_found' });
  const again = await fleet.pools.create(test.admin, { name: 'gpsu' });
  expect(again.openTo).toBe('own');
  await fleet.pools.remove(test.admin, again.id!);

  const gpus = (await fleet.pools.list(test.admin)).items[0]!;
  await expect(fleet.pools.remove(test.admin, gpus.id!)).rejects.toMatchObject({ code: 'pool_in_use', message: expect.stringContaining('1 node') as unknown });
  const { token } = await fleet.enrolments.create(test.admin, { pool: 'builders', name: null });
  const { id } = await fleet.enrolments.use({ identity: Buffer.from('c'), hostname: 'cpu-1', machine: null, platform: 'linux-x64', standIn: false, from: '192.0.2.1', token });
  const builders = await fleet.pools.create(test.admin, { name: 'builders' });
  await expect(fleet.pools.remove(test.admin, builders.id!)).rejects.toMatchObject({ code: 'pool_in_use' });
  await fleet.nodes.remove(test.admin, id);
  await fleet.pools.remove(test.admin, builders.id!);
});

it('a Mac on which homes are kept is not given with root: its tenant could read them, and they would go with it', async () => {
  const { token } = await fleet.enrolments.create(test.admin, { pool: 'macs', name: null });
  const mac = (await fleet.enrolments.use({ identity: Buffer.from('b'), hostname: 'mac-1', machine: null, platform: 'darwin-arm64', standIn: false, from: '192.0.2.2', token })).id;
  const source = new NodeMachines({ database: test.database, clock }, fleet.presence, () => null, [], { reinstallable: async () => new Set([mac, nodeId]) });
  const withRoot = async (): Promise<string[]> => (await source.machines()).filter(({ rawRoot }) => rawRoot).map(({ id }) => id);
  expect(await withRoot()).toEqual([mac]);
  const own = test.database.scoped(test.organisationId);
  const { id: project_id } = await own.selectFrom('projects').select('id').executeTakeFirstOrThrow();
  const id = '0192f0c1-7a00-7000-8000-0000000000cc';
  await own.insertInto('volumes', { id, project_id, name: 'work', machine_id: mac, state: 'kept', days: 1, made_by: 'ada', created_at: new Date(clock.nowMs()) }).execute();
  expect(await withRoot()).toEqual([]);
  await own.updateTable('volumes').set({ state: 'removed', ended_at: new Date(clock.nowMs()) }).where('id', '=', id).execute();
  expect(await withRoot()).toEqual([mac]);
});

it('what a machine says bounds a lease is bounded itself, and a word that is not known opens nothing', () => {
  expect(readLeaseBounds({ limits: { cpuMillis: '8', memoryBytes: -1, processes: 2 ** 60, diskBytes: 1e9 }, network: 'everything', resolvers: ['\u001b[2J', 5], unbound: [null, { what: 'disk', why: `\u001b[31m${'x'.repeat(1_000)}` }] })).toEqual({
    limits: { cpuMillis: null, memoryBytes: null, processes: null, diskBytes: 1e9 }, network: 'loopback', resolvers: [expect.not.stringContaining('\u001b') as unknown, ''],
    unbound: [{ what: '', why: '' }, { what: 'disk', why: expect.stringMatching(/^[^\u001b]{300}$/) as unknown }],
  });
  expect([readLeaseBounds(undefined), readLeaseBounds('x')]).toEqual([null, null]);
});
