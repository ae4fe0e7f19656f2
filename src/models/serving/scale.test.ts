import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scale, type Load } from './scale.ts';

const calm: Load = { min: 0, max: 4, wanted: 1, ready: 1, running: 0, waiting: 0, parallel: 4, firstTokenMs: null, targetFirstTokenMs: null, idleMs: 0, idleAfterMs: 600_000, called: false, sinceChangeMs: 3_600_000 };

const loads: fc.Arbitrary<Load> = fc.record({
  min: fc.integer({ min: 0, max: 5 }), more: fc.integer({ min: 0, max: 10 }), wanted: fc.integer({ min: 0, max: 16 }), missing: fc.integer({ min: 0, max: 4 }), running: fc.integer({ min: 0, max: 200 }), waiting: fc.integer({ min: 0, max: 200 }),
  parallel: fc.integer({ min: 1, max: 64 }), firstTokenMs: fc.option(fc.integer({ min: 1, max: 60_000 })), targetFirstTokenMs: fc.option(fc.integer({ min: 1, max: 60_000 })), idleMs: fc.integer({ min: 0, max: 7_200_000 }),
  idleAfterMs: fc.option(fc.integer({ min: 60_000, max: 3_600_000 })), called: fc.boolean(), sinceChangeMs: fc.integer({ min: 0, max: 7_200_000 }),
}).map(({ more, missing, ...rest }) => ({ ...rest, max: Math.max(1, rest.min + more), ready: Math.max(0, rest.wanted - missing) }));

describe('how many replicas there are to be', () => {
  it('stays within its bounds, and zero is left for a call', () => {
    fc.assert(fc.property(loads, (load) => {
      const { replicas } = scale(load);
      expect(replicas).toBeLessThanOrEqual(load.max);
      expect(replicas).toBeGreaterThanOrEqual(load.called && load.wanted === 0 ? Math.max(1, load.min) : load.min);
    }));
  });

  it('goes down while nothing waits alone, and to zero only when nobody calls', () => {
    fc.assert(fc.property(loads, (load) => {
      const { replicas } = scale(load);
      if (replicas < Math.min(load.wanted, load.max)) expect(load.waiting).toBe(0);
      if (replicas === 0 && load.wanted > 0) expect([load.running, load.called, load.idleAfterMs !== null && load.idleMs >= load.idleAfterMs]).toEqual([0, false, true]);
    }));
  });

  it('never wants fewer when more waits', () => {
    fc.assert(fc.property(loads, fc.integer({ min: 0, max: 300 }), (load, more) => {
      expect(scale({ ...load, waiting: load.waiting + more }).replicas).toBeGreaterThanOrEqual(scale(load).replicas);
    }));
  });

  it('settles: under the same load it goes one way and then stays', () => {
    fc.assert(fc.property(loads, (load) => {
      let now = load;
      const steps = [load.wanted];
      for (let step = 0; step < 40; step += 1) {
        const { replicas } = scale({ ...now, called: false });
        steps.push(replicas);
        now = { ...now, wanted: replicas, ready: replicas, sinceChangeMs: 3_600_000 };
      }
      expect(steps.at(-1)).toBe(steps.at(-2));
    }));
  });

  it('says why', () => {
    expect(scale(calm)).toEqual({ replicas: 1, reason: 'as many as are needed' });
    expect(scale({ ...calm, wanted: 0, ready: 0, called: true })).toEqual({ replicas: 1, reason: 'a call found no replica' });
    expect(scale({ ...calm, running: 4, waiting: 9 })).toEqual({ replicas: 2, reason: '9 answers wait in one replica' });
    expect(scale({ ...calm, running: 4, waiting: 9, sinceChangeMs: 1_000 })).toEqual({ replicas: 1, reason: 'as many as are needed' });
    expect(scale({ ...calm, wanted: 2, ready: 1, running: 4, waiting: 9 })).toEqual({ replicas: 2, reason: '1 of 2 are on their way' });
    expect(scale({ ...calm, running: 2, firstTokenMs: 900, targetFirstTokenMs: 500 })).toEqual({ replicas: 2, reason: 'the first token takes 900 ms, and 500 are wanted' });
    expect(scale({ ...calm, wanted: 3, ready: 3, running: 2 })).toEqual({ replicas: 2, reason: 'fewer are enough' });
    expect(scale({ ...calm, idleMs: 700_000 })).toEqual({ replicas: 0, reason: 'nobody has called it for 10 minutes' });
    expect(scale({ ...calm, idleMs: 700_000, called: true })).toEqual({ replicas: 1, reason: 'as many as are needed' });
    expect(scale({ ...calm, min: 2, wanted: 0, ready: 0 })).toEqual({ replicas: 2, reason: 'there are to be 2 at least' });
  });
});
