import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock, silentLogger } from '../../base/index.ts';
import { memberOf, openTestAccess, type TestAccess } from '../../access/testing.ts';
import { createFleet, type Fleet } from '../index.ts';
import { nothingLeased } from '../testing/nothing-leased.ts';

let test: TestAccess;
let fleet: Fleet;
const clock = new ManualClock(Date.UTC(2026, 10, 26));
const claim = { identity: Buffer.from('a'), hostname: 'GPU Host.example.com', machine: null, platform: 'linux-x64', standIn: false, from: '192.0.2.1' };
beforeAll(async () => {
  test = await openTestAccess();
  fleet = createFleet({ database: test.database, clock, log: silentLogger, access: test.access, ...nothingLeased });
});
afterAll(() => test.close());

describe('nodes', () => {
  it('are added only where machines can reach the server, by those who may, under a name that is free', async () => {
    await expect(fleet.enrolments.create(test.admin, { pool: 'default', name: null })).rejects.toMatchObject({ code: 'agents_off' });
    fleet.useLink({ isConnected: () => false, ask: async () => ({}), open: async () => { throw new Error('none'); }, onChange: () => () => {} }, { host: '2001:db8::1', port: 4601, pin: 'cGlu' });
    const viewer = await memberOf(test, test.admin, 'viewer@example.com', 'viewer');
    await expect(fleet.enrolments.create(viewer, { pool: 'default', name: null })).rejects.toMatchObject({ code: 'permission_denied' });
    const { line, token } = await fleet.enrolments.create(test.admin, { pool: 'training', name: null });
    expect(line).toContain('https://[2001:db8::1]:4601/install.sh');
    expect(line.split(token)).toHaveLength(2);
    const node = await fleet.enrolments.use({ ...claim, token });
    expect(node).toMatchObject({ name: 'gpu-host', pool: 'training' });
    await expect(fleet.enrolments.create(test.admin, { pool: 'default', name: 'gpu-host' })).rejects.toMatchObject({ code: 'name_taken' });
    const second = await fleet.enrolments.create(test.admin, { pool: 'training', name: null });
    expect((await fleet.enrolments.use({ ...claim, identity: Buffer.from('b'), token: second.token })).name).toBe('gpu-host-2');
  });

  it('of one host name have names of their own, also when all are enrolled at once', async () => {
    const tokens = await Promise.all(['c', 'd', 'e', 'f', 'g'].map(async (letter) => ({ identity: Buffer.from(letter), token: (await fleet.enrolments.create(test.admin, { pool: 'image', name: null })).token })));
    const made = await Promise.all(tokens.map((one) => fleet.enrolments.use({ ...claim, hostname: 'image', ...one })));
    expect(made.map(({ name }) => name).toSorted()).toEqual(['image', 'image-2', 'image-3', 'image-4', 'image-5']);
    for (const { id } of made) await fleet.nodes.remove(test.admin, id);
  });

  it('are cordoned, drained with a deadline, and serve again; each wish is in their history with who and why', async () => {
    const [node] = (await fleet.nodes.list(test.admin)).items;
    await fleet.nodes.wish(test.admin, node!.id, { what: 'cordon', reason: 'new disk', graceSeconds: 60 });
    const drained = await fleet.nodes.wish(test.admin, node!.id, { what: 'drain', reason: 'new disk', graceSeconds: 60 });
    expect(drained.wanted).toEqual({ what: 'drain', reason: 'new disk', by: test.admin.actor.label, at: '2026-11-26T00:00:00.000Z', deadlineAt: '2026-11-26T00:01:00.000Z' });
    expect((await fleet.nodes.wish(test.admin, node!.id, { what: 'serve', reason: null, graceSeconds: null })).wanted.deadlineAt).toBeNull();
    const { events } = await fleet.nodes.show(test.admin, node!.id);
    expect(events.map(({ kind, detail }) => [kind, detail])).toEqual(expect.arrayContaining([['drain', `draining by ${test.admin.actor.label}: new disk`]]));
  });

  it('keep a history that does not grow without end', async () => {
    const [node] = (await fleet.nodes.list(test.admin)).items;
    const rows = Array.from({ length: 1_200 }, (_, index) => ({ id: `0192f0c1-7a00-7000-8000-${String(index).padStart(12, '0')}`, node_id: node!.id, at: new Date(clock.nowMs()), kind: 'connected', detail: '' }));
    await test.database.scoped(test.organisationId).insertInto('node_events', rows).execute();
    await fleet.nodes.tidy();
    const left = await test.database.scoped(test.organisationId).selectFrom('node_events').select('id').where('node_id', '=', node!.id).execute();
    expect(left).toHaveLength(1_000);
    expect((await fleet.nodes.show(test.admin, node!.id)).events[0]!.kind).toBe('serve');
  });

  it('are approved only once they have said what they are', async () => {
    const [node] = (await fleet.nodes.list(test.admin)).items;
    await expect(fleet.nodes.approve(test.admin, node!.id)).rejects.toMatchObject({ code: 'node_unheard' });
    expect((await fleet.nodes.show(test.admin, node!.id)).node.approved).toBeNull();
  });

  it('are removed when nothing is on them, and not before', async () => {
    const [first, second] = (await fleet.nodes.list(test.admin)).items;
    let held = 1;
    fleet.nodes.useHolds({ count: async () => held, giveUp: async () => {} });
    await expect(fleet.nodes.remove(test.admin, first!.id)).rejects.toMatchObject({ code: 'node_in_use' });
    await fleet.nodes.wish(test.admin, second!.id, { what: 'remove', reason: null, graceSeconds: null });
    await fleet.nodes.removeDue();
    expect((await fleet.nodes.list(test.admin)).items).toHaveLength(2);
    held = 0;
    await fleet.nodes.removeDue();
    await fleet.nodes.remove(test.admin, first!.id);
    expect((await fleet.nodes.list(test.admin)).items).toEqual([]);
    await expect(fleet.nodes.approve(test.admin, first!.id)).rejects.toMatchObject({ code: 'node_ended' });
  });
});
