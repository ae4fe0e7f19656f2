import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { ManualClock, silentLogger, systemClock } from '../base/index.ts';
import { openDatabase, type Database } from './database.ts';
import { startPeriodic, untilTurnMs } from './periodic.ts';
import { createTestDatabase } from './testing.ts';

const open: Database[] = [];
afterAll(() => Promise.all(open.map((database) => database.close())));

async function databases(count: number): Promise<Database[]> {
  const { connection } = await createTestDatabase();
  const made = await Promise.all(Array.from({ length: count }, () => openDatabase({ connection, log: silentLogger, clock: systemClock })));
  open.push(...made);
  return made;
}

test('two processes never run one task at once, and a failure is tried again', async () => {
  const clock = new ManualClock();
  let running = 0;
  let most = 0;
  let turns = 0;
  const enough = Promise.withResolvers<void>();
  const task = {
    name: 'count', everyMs: 1_000,
    run: async () => {
      running += 1;
      most = Math.max(most, running);
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (turns >= 6) enough.resolve();
      if (turns % 2 === 1) throw new Error('one turn fails');
    },
  };
  const loops = (await databases(2)).map((database) => startPeriodic([task], { database, clock, log: silentLogger }));
  const pace = setInterval(() => clock.advance(1_000), 1);
  await enough.promise;
  clearInterval(pace);
  await Promise.all(loops.map((loop) => loop.stop()));
  expect(most).toBe(1);
});

test('more tasks than the pool has connections, each at work in the database, do not wait for each other', async () => {
  const [database] = await databases(1);
  let together = 0;
  const all = Promise.withResolvers<void>();
  const tasks = Array.from({ length: 12 }, (_, number) => ({
    name: `task-${number}`, everyMs: 3_600_000,
    run: async () => {
      together += 1;
      // Every task has its lock before one of them works.
      if (together === 12) all.resolve();
      await all.promise;
      await database!.pool.query('select 1');
    },
  }));
  const loops = startPeriodic(tasks, { database: database!, clock: systemClock, log: silentLogger });
  await all.promise;
  await loops.stop();
  expect(together).toBe(12);
});

test('a task has its turns at its own times, whenever its last one ended', () => {
  expect(untilTurnMs(0, 1_000, 618)).toBe(618);
  expect(untilTurnMs(617, 1_000, 618)).toBe(1);
  expect(untilTurnMs(618, 1_000, 618)).toBe(1_000);
  expect(untilTurnMs(1_900, 1_000, 618)).toBe(718);
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (nowMs, everyMs, share) => {
    const waitMs = untilTurnMs(nowMs, everyMs, everyMs * share);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(everyMs);
    const turns = (nowMs + waitMs - everyMs * share) / everyMs;
    expect(Math.abs(turns - Math.round(turns))).toBeLessThan(1e-3);
  }));
});

test('a connection that breaks is replaced, and no task complains of it: the channel has', async () => {
  const [database] = await databases(1);
  const warned: unknown[] = [];
  const clock = new ManualClock();
  const twice = Promise.withResolvers<void>();
  let turns = 0;
  const loops = startPeriodic([{
    name: 'break', everyMs: 1_000,
    run: async () => {
      turns += 1;
      if (turns === 1) await database!.pool.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and classid = $1 and database = (select oid from pg_database where datname = current_database())`, [0x7a6d]);
      else twice.resolve();
    },
  }], { database: database!, clock, log: { ...silentLogger, warn: (...said: unknown[]) => warned.push(said) } });
  const pace = setInterval(() => clock.advance(1_000), 1);
  await twice.promise;
  clearInterval(pace);
  await loops.stop();
  expect(turns).toBeGreaterThan(1);
  expect(warned).toEqual([]);
});
