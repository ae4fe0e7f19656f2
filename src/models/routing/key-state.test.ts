import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyState, partOf } from './key-state.ts';
import type { AttemptEnd } from './plan.ts';
import { NO_LIMITS } from '../registry/target.ts';

const end = (outcome: AttemptEnd['outcome'], more: Partial<AttemptEnd> = {}): AttemptEnd => ({ outcome, reason: 'HTTP 429', retryAfterSeconds: null, firstTokenMs: null, tokens: null, ...more });
function call(key: KeyState, nowMs: number, how: AttemptEnd): void {
  key.begin(nowMs);
  key.end(nowMs, how);
}

test('a key rests as long as it is told, and not less because another call ended later', () => {
  const key = new KeyState(NO_LIMITS);
  call(key, 0, end('busy', { retryAfterSeconds: 30 }));
  call(key, 1_000, end('busy', { retryAfterSeconds: 2 }));
  expect(key.view(1_000)).toEqual({ state: 'resting', reason: 'HTTP 429', sinceMs: 0, againAtMs: 30_000 });
  expect([key.admits(29_999), key.admits(30_000)]).toEqual([false, true]);
});

test('without being told it rests from the second time on, longer each time, and anew after a call that worked', () => {
  const key = new KeyState(NO_LIMITS);
  call(key, 0, end('busy'));
  expect(key.admits(0)).toBe(true);
  call(key, 0, end('busy'));
  expect(key.view(0).againAtMs).toBe(1_000);
  call(key, 1_000, end('busy'));
  expect(key.view(1_000).againAtMs).toBe(3_000);
  call(key, 3_000, end('worked'));
  expect(key.view(3_000)).toEqual({ state: 'ready', reason: null, sinceMs: null, againAtMs: null });
  call(key, 3_000, end('busy'));
  expect(key.admits(3_000)).toBe(true);
});

test('where there is no other way, it is spared by what it was told alone', () => {
  const key = new KeyState(NO_LIMITS);
  for (let time = 0; time < 5; time += 1) call(key, 0, end('busy'));
  expect([key.admits(0), key.admits(0, true)]).toEqual([false, true]);
  call(key, 0, end('busy', { retryAfterSeconds: 2 }));
  expect([key.admits(1_999, true), key.admits(8_000, true)]).toEqual([false, true]);
  call(key, 8_000, end('denied'));
  expect(key.admits(8_000, true)).toBe(false);
});

test('a key that is not accepted rests long, and longer each time, within an hour', () => {
  const key = new KeyState(NO_LIMITS);
  const rests: number[] = [];
  let nowMs = 0;
  for (let time = 0; time < 9; time += 1) {
    call(key, nowMs, end('denied', { reason: 'HTTP 401' }));
    rests.push(key.view(nowMs).againAtMs! - nowMs);
    nowMs = key.view(nowMs).againAtMs!;
  }
  expect(rests.slice(0, 3)).toEqual([60_000, 120_000, 240_000]);
  expect(rests.at(-1)).toBe(3_600_000);
});

test('a key takes as many calls, tokens and calls at a time as its limits say', () => {
  const key = new KeyState({ requestsPerMinute: 3, tokensPerMinute: 100, parallel: 2 });
  key.begin(0);
  key.begin(0);
  expect(key.view(0)).toMatchObject({ state: 'full', againAtMs: 1_000 });
  key.end(0, end('worked', { tokens: 10 }));
  key.end(0, end('worked', { tokens: 10 }));
  expect(key.admits(0)).toBe(true);
  expect(key.use(0)).toBeCloseTo(2 / 3);
  call(key, 0, end('worked', { tokens: 10 }));
  expect(key.view(0)).toMatchObject({ state: 'full', againAtMs: 61_000 });
  expect(key.admits(61_000)).toBe(true);
  call(key, 61_000, end('worked', { tokens: 100 }));
  expect(key.admits(61_000)).toBe(false);
});

test('the parts of all processes add up to the limit, and none has nothing', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 50 }), (limit, of) => {
    const parts = Array.from({ length: of }, (_, at) => partOf(limit, { of, at }));
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Math.max(limit, of));
    expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
  }));
});

test('as many calls as the limits of a key say are let through by all processes together, whichever comes or goes', () => {
  let of = 2;
  const keys = [0, 1, 2].map((at) => new KeyState({ requestsPerMinute: 7, tokensPerMinute: null, parallel: 4 }, () => ({ of, at })));
  const through = (nowMs: number) => keys.slice(0, of).map((key) => {
    let calls = 0;
    for (; key.admits(nowMs); calls += 1) call(key, nowMs, end('worked'));
    return calls;
  });
  expect(through(0)).toEqual([4, 3]);
  of = 3;
  expect(through(61_000)).toEqual([3, 2, 2]);
  of = 1;
  expect(through(122_000)).toEqual([7]);
  for (let running = 0; running < 4; running += 1) keys[0]!.begin(200_000);
  expect(keys[0]!.admits(200_000)).toBe(false);
});
