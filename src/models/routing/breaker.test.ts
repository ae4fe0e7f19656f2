import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BREAKER_LIMITS, Breaker } from './breaker.ts';

const { failures, openMs, longestOpenMs, windowMs, probes, closesAfter } = BREAKER_LIMITS;

/** Lets calls fail until the breaker opens. */
function fail(breaker: Breaker, nowMs: number, times = failures): void {
  for (let time = 0; time < times; time += 1) breaker.failed(breaker.begin(), nowMs, 'the connection was refused', 0);
}

describe('a breaker', () => {
  test('opens after so many failures, says why and since when, and lets a call through after a while', () => {
    const breaker = new Breaker();
    fail(breaker, 1_000, failures - 1);
    expect(breaker.admits(1_000)).toBe(true);
    fail(breaker, 1_000, 1);
    expect(breaker.view(1_000)).toEqual({ state: 'open', sinceMs: 1_000, reason: 'the connection was refused', againAtMs: 1_000 + openMs });
    expect(breaker.admits(1_000 + openMs - 1)).toBe(false);
    expect(breaker.state(1_000 + openMs)).toBe('half-open');
    expect(breaker.admits(1_000 + openMs)).toBe(true);
  });

  test('stays closed while most calls work, and when failures are far apart', () => {
    const breaker = new Breaker();
    for (let call = 0; call < 100; call += 1) {
      const era = breaker.begin();
      if (call % 3 === 0) breaker.failed(era, 1_000, 'x', 0);
      else breaker.worked(era, 1_000);
    }
    expect(breaker.state(1_000)).toBe('closed');
    const rare = new Breaker();
    for (let call = 0; call < 100; call += 1) rare.failed(rare.begin(), call * windowMs, 'x', 0);
    expect(rare.state(100 * windowMs)).toBe('closed');
  });

  test('lets only so many calls through while it is half open, and closes when they worked', () => {
    const breaker = new Breaker();
    fail(breaker, 0);
    const probe = breaker.begin();
    expect(probes).toBe(1);
    expect(breaker.admits(openMs)).toBe(false);
    breaker.left(probe);
    expect(breaker.admits(openMs)).toBe(true);
    for (let probe = 0; probe < closesAfter; probe += 1) breaker.worked(breaker.begin(), openMs);
    expect(breaker.view(openMs)).toMatchObject({ state: 'closed', reason: null });
  });

  test('is told nothing by calls that began before it opened', () => {
    const breaker = new Breaker();
    const early = Array.from({ length: 10 }, () => breaker.begin());
    fail(breaker, 0);
    for (const era of early) breaker.worked(era, 1);
    expect(breaker.state(1)).toBe('open');
    breaker.begin();
    for (const era of early) breaker.left(era);
    expect(breaker.admits(openMs)).toBe(false);
  });

  test('that flaps stays open twice as long each time, to the longest, and forgets that only after a calm time', () => {
    const breaker = new Breaker();
    let nowMs = 0;
    let last = 0;
    for (let round = 0; round < 12; round += 1) {
      fail(breaker, nowMs);
      const forMs = breaker.view(nowMs).againAtMs! - nowMs;
      expect(forMs).toBe(Math.min(longestOpenMs, openMs * 2 ** round));
      nowMs += forMs;
      for (let probe = 0; probe < closesAfter; probe += 1) breaker.worked(breaker.begin(), nowMs);
      expect(breaker.state(nowMs)).toBe('closed');
      last = forMs;
    }
    nowMs += 4 * last;
    fail(breaker, nowMs);
    expect(breaker.view(nowMs).againAtMs! - nowMs).toBe(openMs);
  });

  test('never lets more probes run than allowed, and always lets one through in the end, whatever happens', () => {
    const step = fc.record({ afterMs: fc.nat(20_000), what: fc.constantFrom('begin', 'worked', 'failed', 'left'), which: fc.nat(20) });
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const breaker = new Breaker();
      let nowMs = 0;
      const running: { era: number; probe: boolean }[] = [];
      for (const { afterMs, what, which } of steps) {
        nowMs += afterMs;
        if (what === 'begin') {
          if (!breaker.admits(nowMs)) continue;
          running.push({ probe: breaker.state(nowMs) === 'half-open', era: breaker.begin() });
        } else {
          const [call] = running.splice(which % Math.max(1, running.length), 1);
          if (!call) continue;
          if (what === 'worked') breaker.worked(call.era, nowMs);
          else if (what === 'failed') breaker.failed(call.era, nowMs, 'x', 0.5);
          else breaker.left(call.era);
        }
        if (breaker.state(nowMs) !== 'closed') expect(running.filter(({ era, probe }) => probe && era === running.at(-1)?.era).length).toBeLessThanOrEqual(probes);
        const { state, sinceMs, reason } = breaker.view(nowMs);
        if (state !== 'closed') expect([typeof sinceMs, typeof reason]).toEqual(['number', 'string']);
      }
      for (const { era } of running) breaker.left(era);
      expect(breaker.admits(nowMs + 2 * longestOpenMs)).toBe(true);
    }));
  });
});
