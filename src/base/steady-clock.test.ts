import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { SteadyClock } from './steady-clock.ts';

test('a wall clock that is set moves leases by a hundredth of the time that goes by', () => {
  const time = { wall: 1_000_000, monotonic: 0 };
  const steady = new SteadyClock({ ...systemClock, nowMs: () => time.wall, monotonicMs: () => time.monotonic });
  time.wall += 3_600_000 + 1_000;
  time.monotonic += 1_000;
  expect(steady.nowMs()).toBe(1_001_000 + 10);
  time.wall -= 7_200_000;
  expect(steady.nowMs()).toBe(1_001_010);
  expect(steady.offMs()).toBe(1_001_000 - 3_600_000 - 1_001_010);
  time.wall = 1_002_000;
  time.monotonic += 990;
  expect(steady.nowMs()).toBeCloseTo(1_002_000, 0);
});
