import { expect, test } from 'vitest';
import fc from 'fast-check';
import { timelineOf } from './timeline.ts';

const of = (attributes: Record<string, unknown>, outcome = 'completed') => timelineOf({ attributes, outcome, occurredAtMs: 1_000, recordedAtMs: 3_500, backendNames: (id) => (id === 'b-1' ? 'gpu-1' : null), seesCosts: true });

test('the stages of a call follow each other, each with what it waited for', () => {
  const { stages, totalMs } = of({ timings: { queueMs: 50, connectMs: 20, firstTokenMs: 400, totalMs: 1_900 }, attempts: [{ backendId: 'b-1', outcome: 'completed', ms: 1_850 }] });
  expect(totalMs).toBe(1_900);
  expect(stages.map(({ stage, startMs, ms }) => [stage, startMs, ms])).toEqual([['queue', 0, 50], ['connect', 50, 20], ['first_token', 70, 330], ['stream', 400, 1_500], ['settle', 1_900, 600]]);
  expect(stages[0]!.reason).toBe('Waited until gpu-1 had a free place.');
});

test('tries stand where they began, or one after the other where that is not known', () => {
  const known = of({ timings: { totalMs: 900, firstTokenMs: 700 }, attempts: [
    { backendId: 'b-1', outcome: 'failed', httpStatus: 503, ms: 100, startedMs: 5 }, { backendId: 'b-2', outcome: 'completed', ms: 700, startedMs: 200, connectMs: 10, firstTokenMs: 500 },
  ] });
  expect(known.attempts.map(({ startMs, served, reason }) => [startMs, served, reason])).toEqual([[5, false, 'Another one followed: HTTP 503, it failed before a token came.'], [200, true, 'This one served the reply.']]);
  expect(known.attempts[1]!.stages.map(({ stage, startMs }) => [stage, startMs])).toEqual([['connect', 200], ['first_token', 210], ['stream', 700]]);
  expect(of({ timings: { queueMs: 10, totalMs: 900 }, attempts: [{ ms: 100 }, { ms: 200 }] }, 'failed').attempts.map(({ startMs, served }) => [startMs, served])).toEqual([[10, false], [110, false]]);
});

test('whatever an event says, the bars lie inside the reply and do not overlap', () => {
  const time = fc.oneof(fc.double({ noNaN: true, min: -10, max: 1e6 }), fc.constant(null), fc.constant('x'));
  const attempt = fc.record({ backendId: fc.option(fc.string()), outcome: fc.constantFrom('failed', 'completed', 'cut'), ms: time, startedMs: time, connectMs: time, firstTokenMs: time, cost: fc.anything() }, { requiredKeys: [] });
  fc.assert(fc.property(fc.record({ timings: fc.oneof(fc.record({ queueMs: time, connectMs: time, firstTokenMs: time, totalMs: fc.double({ min: 0, max: 1e6, noNaN: true }) }, { requiredKeys: ['totalMs'] }), fc.anything()), attempts: fc.oneof(fc.array(attempt), fc.anything()) }, { requiredKeys: [] }), (attributes) => {
    const { stages, totalMs } = of(attributes);
    let at = 0;
    for (const { stage, startMs, ms } of stages.filter((one) => one.stage !== 'settle')) {
      expect(startMs, stage).toBeGreaterThanOrEqual(at - 0.15);
      at = startMs + ms;
    }
    if (totalMs !== null) expect(at).toBeLessThanOrEqual(totalMs + 0.15);
  }));
});
