import { expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

it('doubles from half a second to ten, spread over the upper half', () => {
  const calm = { urgent: false, refused: false };
  expect([0, 1, 2, 3, 4, 5, 6, 60].map((failures) => backOffMs(failures, 1, calm))).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  expect([1, 6].map((failures) => backOffMs(failures, 0, calm))).toEqual([250, 5_000]);
});

it('an agent with leases tries again soon however often it failed, and a server that refuses has more rest', () => {
  for (const [refused, mostMs] of [[false, 1_000], [true, 3_000]] as const) {
    for (const failures of [1, 2, 3, 10, 1_000]) expect(backOffMs(failures, 1, { urgent: true, refused })).toBeLessThanOrEqual(mostMs);
    expect(backOffMs(1_000, 0, { urgent: true, refused })).toBe(mostMs / 2);
  }
});
