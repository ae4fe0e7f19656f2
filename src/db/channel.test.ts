import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ManualClock, silentLogger } from '../base/index.ts';
import { Channel, RESYNC } from './channel.ts';
import { createTestDatabase, type TestDatabase } from './testing.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('a connection that ends is made again at once, and listeners are told that they may have missed something', async () => {
  const clock = new ManualClock();
  const channel = new Channel(test.connection as pg.ClientConfig, silentLogger, clock);
  await channel.start();
  const heard: string[] = [];
  await channel.listen('things', (payload) => heard.push(payload));
  const other = new pg.Client(test.connection as pg.ClientConfig);
  await other.connect();
  await other.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tandem-channel' and datname = current_database()");
  // No beat is due: the clock goes on by what it waits before it tries again, and no more.
  let turns = 0;
  for (; !heard.includes(RESYNC) && turns < 500; turns += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 10); });
    clock.advance(1);
  }
  expect(heard).toEqual([RESYNC]);
  expect(turns).toBeLessThan(500);
  await other.query("select pg_notify('things', 'one')");
  for (let waits = 0; heard.length < 2 && waits < 500; waits += 1) await new Promise((resolve) => { setTimeout(resolve, 10); });
  expect(heard).toEqual([RESYNC, 'one']);
  await other.end();
  await channel.stop();
});
