import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import type { Alias, Target } from './registry/target.ts';
import type { RoutePlan } from './routing/plan.ts';
import { Spare } from './spare.ts';

const target = (name: string, kind: 'local' | 'openai-compatible') => ({ backendModel: name, backend: { kind } }) as unknown as Target;
const local = target('local', 'local');
const remote = target('remote', 'openai-compatible');
const planOf = (...targets: Target[]): RoutePlan => ({ candidates: targets.map((one) => ({ target: one, connection: null, why: 'order' })), passed: [] });

function house() {
  const clock = new ManualClock();
  const now = { waiting: 0, running: 0 };
  const spare = new Spare({
    clock, parallel: 2, registry: { find: () => ({ targets: [remote] }) as unknown as Alias },
    engine: { state: () => ({ state: 'ready', since: 0, reason: null, queue: { running: 1, waiting: now.waiting } }) as never },
    // Of every target by whichever name: one model on one backend.
    states: { ofTarget: () => now as never },
  });
  /** Moves the clock on, and lets what it woke run, until the promise ends. */
  const through = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false;
    promise.then(() => { over = true; }, () => { over = true; });
    while (!over) {
      clock.advance(100);
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    return promise;
  };
  return { clock, now, spare, through };
}

const never = new AbortController().signal;

describe('spare capacity', () => {
  it('is where nothing waits for the local engine, and few calls are in flight elsewhere', () => {
    const { now, spare } = house();
    expect([spare.hasOn(local), spare.hasOn(remote)]).toEqual([true, true]);
    Object.assign(now, { waiting: 1, running: 2 });
    expect([spare.hasOn(local), spare.hasOn(remote)]).toEqual([false, false]);
  });

  it('leaves only those ways of a plan that have some', async () => {
    const { now, spare } = house();
    now.waiting = 3;
    expect((await spare.narrow(planOf(local, remote), 'm', never)).candidates.map((one) => one.target)).toEqual([remote]);
  });

  it('is waited for, for a while', async () => {
    const { clock, now, spare, through } = house();
    now.running = 2;
    const waiting = spare.narrow(planOf(remote), 'm', never);
    void clock.sleep(3_000).then(() => { now.running = 1; });
    expect((await through(waiting)).candidates).toHaveLength(1);
    expect(clock.monotonicMs()).toBeLessThan(4_000);
  });

  it('is refused with a forecast that grows while there is none', async () => {
    const { now, spare, through } = house();
    now.running = 2;
    const forecasts: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const error = await through(spare.narrow(planOf(remote), 'team/big', never)).catch((thrown: unknown) => thrown as { code: string; status: number; retryAfterSeconds: number; facts: unknown });
      expect(error).toMatchObject({ code: 'no_spare_capacity', status: 429, param: 'service_tier' });
      const { retryAfterSeconds, facts } = error as { retryAfterSeconds: number; facts: unknown };
      expect(facts).toEqual({ forecastSeconds: retryAfterSeconds });
      forecasts.push(retryAfterSeconds);
    }
    expect(forecasts[0]).toBeGreaterThan(9);
    expect(forecasts[2]).toBeGreaterThan(forecasts[0]!);
  });

  it('is spare once, for however many see it at the same moment', async () => {
    const { now, spare, through } = house();
    now.running = 1;
    const first = await spare.narrow(planOf(remote), 'm', never);
    const byAnotherName = target('remote', 'openai-compatible');
    const second = spare.narrow(planOf(byAnotherName), 'other', never);
    expect(spare.hasOn(remote)).toBe(false);
    first.end();
    first.end();
    expect((await through(second)).candidates).toHaveLength(1);
    expect(spare.hasOn(remote)).toBe(false);
  });

  it('is asked for again by each attempt: none begins, as a fallback or a hedge, where there is none', async () => {
    const { now, spare } = house();
    const begun: unknown[] = [];
    const plan = await spare.narrow(planOf(remote, local), 'm', never);
    const router = plan.through({ begin: ({ target: at }) => {
      begun.push(at);
      now.running += 1;
      return { end: () => {} };
    } });
    for (const candidate of [plan.candidates[0]!, plan.candidates[0]!, plan.candidates[0]!, plan.candidates[1]!]) router.begin(candidate);
    // What was promised counts until it has begun, and no longer.
    expect(begun).toEqual([remote, remote, local]);
  });

  it('is not waited for by who has left', async () => {
    const { now, spare, through } = house();
    now.running = 2;
    const left = AbortSignal.abort(new Error('left'));
    expect((await spare.narrow(planOf(remote), 'm', left)).candidates).toEqual([]);
    await expect(through(spare.wait({} as never, 'm', left))).rejects.toThrow('left');
  });
});
