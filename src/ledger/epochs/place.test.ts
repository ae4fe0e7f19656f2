import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestHouse, type TestHouse } from '../testing/house.ts';
import { beat, fence, openEpoch, placeOf } from './epochs.ts';

let house: TestHouse;
beforeEach(async () => void (house = await openTestHouse()));
afterEach(() => house.close());

async function begin(): Promise<string> {
  house.clock.advance(1_000);
  const id = house.newId();
  await openEpoch(house.database, { id, kind: 'log', host: 'test', home: id, folder: id, pid: 1, atMs: house.clock.nowMs() });
  return id;
}

test('a process knows where it stands among those that live: the silent, the fenced and the closed are not among them', async () => {
  const { database, clock } = house;
  const [first, second, third] = [await begin(), await begin(), await begin()];
  const places = () => Promise.all([first, second, third].map((id) => placeOf(database, id, clock.nowMs())));
  expect(await places()).toEqual([{ of: 3, at: 0 }, { of: 3, at: 1 }, { of: 3, at: 2 }]);
  await fence(database, first, clock.nowMs());
  expect((await places()).slice(1)).toEqual([{ of: 2, at: 0 }, { of: 2, at: 1 }]);
  clock.advance(11_000);
  expect(await beat(database, third, clock.nowMs())).toBe(true);
  expect(await placeOf(database, third, clock.nowMs())).toEqual({ of: 1, at: 0 });
  // One whose own beats were late still counts itself.
  expect(await placeOf(database, second, clock.nowMs())).toEqual({ of: 2, at: 0 });
});
