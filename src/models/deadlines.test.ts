import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { Deadlines, type Watched } from './deadlines.ts';

/** Lets a sweep go on after the clock has moved. */
const settle = () => new Promise((resolve) => { setImmediate(resolve); });

it('expires what is due and watched, once, whatever came and went meanwhile', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('watch' as const), at: fc.nat(7), inMs: fc.integer({ min: 0, max: 600 }) }),
    fc.record({ kind: fc.constant('unwatch' as const), at: fc.nat(7), inMs: fc.constant(0) }),
    fc.record({ kind: fc.constant('wait' as const), at: fc.constant(0), inMs: fc.integer({ min: 1, max: 400 }) }),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const expired: number[] = [];
    const expected = new Set<number>();
    const all = Array.from({ length: 8 }, (_, at): Watched => ({ place: -1, dueMs: 0, expire: () => { expired.push(at); expected.delete(at); } }));
    for (const { kind, at, inMs } of steps) {
      const one = all[at]!;
      if (kind === 'wait') {
        clock.advance(inMs);
        await settle();
        continue;
      }
      deadlines.unwatch(one);
      expected.delete(at);
      if (kind === 'unwatch') continue;
      one.dueMs = clock.monotonicMs() + inMs;
      deadlines.watch(one);
      deadlines.watch(one);
      expected.add(at);
    }
    const before = expired.length;
    const left = [...expected];
    for (let more = 0; more < 5; more += 1) {
      clock.advance(250);
      await settle();
    }
    expect(expired.slice(before).sort()).toEqual(left.sort());
    expect(all.map(({ place }) => place)).toEqual(all.map(() => -1));
  }));
});

it('lets what expires watch again, and end another that is due in the same sweep', async () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const seen: string[] = [];
  const second: Watched = { place: -1, dueMs: 100, expire: () => seen.push('second') };
  const first: Watched = { place: -1, dueMs: 100, expire() {
    seen.push('first');
    deadlines.unwatch(second);
    first.dueMs = 400;
    if (seen.length === 1) deadlines.watch(first);
  } };
  deadlines.watch(first);
  deadlines.watch(second);
  for (let sweeps = 0; sweeps < 3; sweeps += 1) {
    clock.advance(250);
    await settle();
  }
  expect(seen).toEqual(['first', 'first']);
});
