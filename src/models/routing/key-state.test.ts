import { expect, test } from 'vitest';
import { KeyState } from './key-state.ts';
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
