import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { Reconciler } from './reconciler.ts';

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse(['a', 'b', 'c']);
});
afterEach(() => house[Symbol.asyncDispose]());

const until = async (holds: () => boolean): Promise<void> => {
  for (let turns = 0; !holds(); turns += 1) {
    if (turns === 2_000) throw new Error('it did not come about');
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
};

/** A machine that hears what it is told and answers when the test says so. */
function slow(machineId: string, verb: 'grant' | 'stop'): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { machines } = house;
  if (verb === 'grant') {
    const grant = machines.grant.bind(machines);
    machines.grant = async (order, remainingMs) => {
      const answer = await grant(order, remainingMs);
      if (order.machineId === machineId) await promise;
      return answer;
    };
  } else {
    const stop = machines.stop.bind(machines);
    machines.stop = async (order) => {
      if (order.machineId === machineId) await promise;
      return stop(order);
    };
  }
  return resolve;
}

it('a lease that is ended is ended on its machine by who was told so, before anybody looks after it', async () => {
  const { id } = await house.leases.create(house.admin, newLease());
  await house.pass(1_000);
  expect(house.machines.running('a')).toEqual([id]);
  await house.leases.end(house.admin, id);
  await until(() => house.machines.running('a').length === 0);
});

it('nobody waits for a machine that does not answer: neither the other machines of the lease nor other leases', async () => {
  const wide = await house.leases.create(house.admin, newLease({ machines: 2, apart: 'machine', gpus: 8 }));
  const other = await house.leases.create(house.admin, newLease());
  await house.pass(1_000);
  const answer = slow('a', 'stop');
  await house.leases.end(house.admin, wide.id);
  await house.leases.end(house.admin, other.id);
  house.clock.advance(1_000);
  await house.reconciler.tick();
  await until(() => ['b', 'c'].every((machine) => house.machines.running(machine).length === 0));
  expect(house.machines.running('a')).toEqual([wide.id]);
  answer();
  await house.reconciler.settled();
  expect(house.machines.running('a')).toEqual([]);
});

it('a lease that a process is still granting somewhere is ended by whoever hears of it, and by that process after', async () => {
  const { id } = await house.leases.create(house.admin, newLease());
  const answer = slow('a', 'grant');
  house.clock.advance(1_000);
  await house.reconciler.tick();
  await until(() => house.machines.running('a').length === 1);
  // Only the row says it, as when a job or a drain ends it.
  await house.database.unscoped('a test').updateTable('leases').set({ wanted: 'end' }).where('id', '=', id).execute();
  const elsewhere = new Reconciler(house.context);
  await elsewhere.hurry(id);
  await elsewhere.settled();
  expect(house.machines.running('a')).toEqual([]);
  answer();
  await house.reconciler.settled();
  expect((await house.leases.show(house.admin, id)).lease).toMatchObject({ state: 'ended', startedAt: null });
});

it('what runs as it should is not ended, however often somebody hurries', async () => {
  const { id } = await house.leases.create(house.admin, newLease());
  await house.pass(1_000);
  await house.reconciler.hurry(id);
  await house.reconciler.settled();
  expect(house.machines.running('a')).toEqual([id]);
});

it('a machine that comes back ends at once what ended meanwhile, and a try that failed keeps nobody waiting', async () => {
  const { id } = await house.leases.create(house.admin, newLease());
  await house.pass(1_000);
  house.reconciler.watch();
  // The line has died, and nobody knows yet: two tries fail.
  const reaches = house.machines.reaches.bind(house.machines);
  house.machines.reaches = () => true;
  house.machines.link('a', 'deaf');
  await house.leases.end(house.admin, id);
  await house.pass(2_000);
  expect(house.machines.running('a')).toEqual([id]);
  house.machines.reaches = reaches;
  house.machines.link('a', 'up');
  await until(() => house.machines.running('a').length === 0);
  await house.reconciler.settled();
});

it('who lost the database for a moment hears of what ended meanwhile, as soon as it has it again', async () => {
  const { id } = await house.leases.create(house.admin, newLease());
  const other = await house.leases.create(house.admin, newLease());
  await house.pass(1_000);
  const heard: string[] = [];
  const unlisten = house.leases.onEnd((ended) => heard.push(ended));
  const { database } = house;
  // Nobody tells of it: the connection that listens is gone just then.
  await database.unscoped('a test').updateTable('leases').set({ wanted: 'end' }).where('id', '=', id).execute();
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tandem-channel' and datname = current_database()`.execute(database.unscoped('a test'));
  await until(() => heard.length > 0);
  expect(heard).toEqual([id]);
  expect(heard).not.toContain(other.id);
  unlisten();
});
