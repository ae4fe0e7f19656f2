import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIdSource, newId, silentLogger, systemClock } from '../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import { Viewers, type Viewer } from './viewers.ts';

let test: TestAccess;
let one: Viewers;
let other: Viewers;
const leaseId = newId();
const as = (actor: string, mode: Viewer['mode'] = 'control'): Viewer => ({ organisationId: test.organisationId, leaseId, actor, label: `the ${actor}`, mode });
const emptied = () => test.database.unscoped('none is left').deleteFrom('lease_viewers').execute();

beforeAll(async () => {
  test = await openTestAccess();
  const make = (): Viewers => new Viewers({ database: test.database, clock: systemClock, log: silentLogger, newId: createIdSource(() => Date.now()) });
  [one, other] = [make(), make()];
});
afterAll(async () => {
  await one.stop();
  await other.stop();
  await test.close();
});

it('lets the second one in by a say of the first, whichever process each of them reaches', async () => {
  const first = await one.enter(as('first'), 'first');
  await expect(other.enter(as('second'), 'second')).rejects.toMatchObject({ code: 'screen_in_use', message: expect.stringContaining('the first') });
  const again = await other.enter(as('first'), 'first');
  const second = await other.enter(as('second'), 'first');
  // The first has gone; who was let in may stay, come again, and let others in.
  await one.leave(first);
  await other.leave(again);
  await one.enter(as('second'), 'second');
  await other.leave(second);
});

it('forgets those of a process that died', async () => {
  await expect(other.enter(as('third'), 'third')).rejects.toMatchObject({ code: 'screen_in_use' });
  await test.database.unscoped('as if nobody had renewed it').updateTable('lease_viewers').set({ seen_at: new Date(Date.now() - 60_000) }).execute();
  await other.leave(await other.enter(as('third'), 'third'));
});

it('keeps the screen for who lost the network, until they are back or have been away for too long', async () => {
  await emptied();
  one.lose(await one.enter(as('first'), 'first'));
  await expect(other.enter(as('second'), 'second')).rejects.toMatchObject({ code: 'screen_in_use' });
  other.lose(await other.enter(as('first'), 'first'));
  await test.database.unscoped('as if nobody had renewed it').updateTable('lease_viewers').set({ seen_at: new Date(Date.now() - 60_000) }).execute();
  await other.leave(await other.enter(as('second'), 'second'));
});

it('lets one of many in that come at once', async () => {
  await emptied();
  const came = await Promise.allSettled(['a', 'b', 'c', 'd'].map((actor, index) => (index % 2 === 0 ? one : other).enter(as(actor), actor)));
  expect(came.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('lets back in who let another in, however long they were away', async () => {
  await emptied();
  const first = await one.enter(as('first'), 'first');
  const second = await other.enter(as('second', 'view'), 'first');
  await one.leave(first);
  await one.leave(await one.enter(as('first', 'view'), 'first'));
  await one.enter(as('first'), 'first');
  await other.leave(second);
  await expect(other.enter(as('second', 'view'), 'second')).rejects.toMatchObject({ code: 'screen_in_use' });
});

it('takes from who may only look no say that goes further', async () => {
  await emptied();
  await one.enter(as('first'), 'first');
  await other.enter(as('second', 'view'), 'first');
  await other.enter(as('second', 'view'), 'second');
  for (const [who, by] of [['second', 'second'], ['third', 'second']] as const) await expect(other.enter(as(who), by)).rejects.toMatchObject({ code: 'screen_in_use' });
  await other.enter(as('third', 'view'), 'second');
});
