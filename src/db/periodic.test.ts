import { afterAll, expect, test } from 'vitest';
import { ManualClock, silentLogger, systemClock } from '../base/index.ts';
import { openDatabase, type Database } from './database.ts';
import { startPeriodic } from './periodic.ts';
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
