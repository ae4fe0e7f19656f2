import { afterEach, beforeEach, expect, it } from 'vitest';
import { createIdSource, isTandemError } from '../../base/index.ts';
import { Enrolments } from '../nodes/enrolments.ts';
import { Nodes } from '../nodes/nodes.ts';
import type { NodeContext } from '../nodes/context.ts';
import { Presence } from '../nodes/presence.ts';
import { openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { OPERATOR_RESOURCE, OperatorMinutes } from './operator-minutes.ts';

const MINUTE = 60_000;

let house: LeaseHouse;
let minutes: OperatorMinutes;
let nodes: Nodes;
let presence: Presence;
let enrolments: Enrolments;
beforeEach(async () => {
  house = await openLeaseHouse();
  const newId = createIdSource(() => house.clock.nowMs());
  minutes = new OperatorMinutes({ ...house, newId, standing: house.ledger.standing, operator: () => house.organisationId });
  const context: NodeContext = { ...house.context, access: house.access, newId, steps: minutes };
  nodes = new Nodes(context, () => undefined);
  presence = new Presence(context);
  enrolments = new Enrolments(context, () => ({ host: 'tandem.example', port: 4601, pin: 'pin' }));
  // In the middle of a month, so that the test's hours lie in one.
  const now = new Date(house.clock.nowMs());
  house.clock.advance(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 10) - now.getTime());
});
afterEach(() => house[Symbol.asyncDispose]());

/** A node whose line was made so long before it connected. */
const addNode = async (setupMs: number): Promise<string> => {
  const { token } = await enrolments.create(house.admin, { pool: 'default', name: null });
  house.clock.advance(setupMs);
  const { id } = await enrolments.use({ token, identity: Buffer.from(token), hostname: 'gpu-1', machine: null, platform: 'linux-x64', standIn: false, from: '192.0.2.1' });
  await presence.connected(id, { process: house.projectId, atMs: house.clock.nowMs(), agentVersion: '1', protocol: 1, boot: 'b', certificateExpiresAt: new Date(house.clock.nowMs() + MINUTE), from: '192.0.2.1' });
  return id;
};
const events = () => house.database.unscoped('a test').selectFrom('usage_events').select(['kind', 'charge', 'cost', 'quantities']).where('resource', '=', OPERATOR_RESOURCE).orderBy('occurred_at').execute();
const setPrice = (minute: string, step: string) => house.ledger.prices.create(house.admin, { resource: OPERATOR_RESOURCE, source: 'a test', tier: 'standard', side: 'sell', buckets: { minute: { price: minute, per: '1' }, request: { price: step, per: '1' } } });

it('a sick node waits until it is well, by hours in the books, and nobody is charged', async () => {
  await setPrice('1000000000000', '5000000000000');
  const id = await addNode(90_000);
  await presence.health(id, { state: 'sick', reasons: ['GPU 3 is lost'] });
  await minutes.look();
  house.clock.advance(130 * MINUTE);
  await minutes.look();
  expect(await minutes.show(house.admin, null)).toMatchObject({ waiting: [{ kind: 'sick', name: 'gpu-1', detail: 'GPU 3 is lost', minutes: 130 }], setup: { count: 1, meanSeconds: 90, longestSeconds: 90 } });
  await presence.health(id, { state: 'ok', reasons: [] });
  await minutes.look();
  await minutes.look();
  const shown = await minutes.show(house.admin, null);
  // 130 minutes sick, 2 of setting up; one step: the line.
  expect(shown).toMatchObject({ minutes: 132, steps: 1, waiting: [], price: { currency: 'USD', minute: '1000000000000', step: '5000000000000' }, cost: '137000000000000' });
  const all = await events();
  expect(all.every(({ kind, charge }) => kind === 'operator' && charge === '0')).toBe(true);
  expect(all.map(({ cost, quantities }) => [cost, quantities]).toSorted()).toEqual([['10000000000000', { minute: '10' }], ['120000000000000', { minute: '120' }], ['2000000000000', { minute: '2' }], ['5000000000000', { request: '1' }]]);
  expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
});

it('what a minute is worth is unknown until somebody says it, and the minutes are there all the same', async () => {
  await house.ledger.prices.seedDefaults(house.organisationId, 'USD');
  const id = await addNode(1_000);
  await nodes.wish(house.admin, id, { what: 'cordon', reason: null, graceSeconds: null });
  await nodes.wish(house.admin, id, { what: 'serve', reason: null, graceSeconds: null });
  await presence.quarantine(id, 'two live connections');
  await minutes.look();
  house.clock.advance(10 * MINUTE);
  await nodes.remove(house.admin, id);
  await minutes.look();
  const shown = await minutes.show(house.admin, null);
  expect(shown).toMatchObject({ minutes: 11, steps: 4, price: null, cost: null });
  expect(shown.minutesPerNode).toBeGreaterThan(0);
  const all = await events();
  expect(all).toHaveLength(6);
  expect(all.every(({ cost }) => cost === null)).toBe(true);
  expect((await minutes.show(house.admin, '2020-01'))).toMatchObject({ minutes: 0, steps: 0, nodes: 0, minutesPerNode: null });
});

it('is for who sees costs', async () => {
  await expect(minutes.show({ ...house.admin, ofOperator: false }, null)).rejects.toSatisfy((error) => isTandemError(error, 'operator_only'));
});
