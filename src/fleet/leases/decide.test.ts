import { describe, expect, it } from 'vitest';
import { decide, done, type World } from './decide.ts';
import { can, type Lease, type OnMachine } from './lease.ts';

const on = (more: Partial<OnMachine> = {}): OnMachine => ({ machineId: 'a', unitIds: ['machine'], stage: 'held', grantedUntilMs: null, boundMs: null, ...more });
const lease = (more: Partial<Lease> = {}): Lease => ({ id: 'l', fence: 1n, wanted: 'run', observed: 'granting', endsAtMs: 10_000, paidUntilMs: 10_000, machines: [on()], wipedOutside: false, ...more });
const world = (nowMs: number, away: readonly string[] = []): World => ({ nowMs, marginMs: 1_000, reaches: (id) => !away.includes(id) });

describe('what is next for a lease', () => {
  it('grants on each machine, begins when all have it, and renews when the end moves', () => {
    expect(decide(lease(), world(4_000))).toEqual({ do: 'grant', machineId: 'a', remainingMs: 6_000 });
    const granted = done(lease(), { do: 'grant', machineId: 'a', remainingMs: 6_000 }, { nowMs: 4_000, grantedUntilMs: 10_000, boundMs: 10_000 });
    expect(decide(granted, world(4_000))).toEqual({ do: 'begin' });
    const running = done(granted, { do: 'begin' }, { nowMs: 4_000 });
    expect(decide(running, world(4_000))).toEqual({ do: 'wait', reason: null });
    expect(decide({ ...running, endsAtMs: 99_000, paidUntilMs: 20_000 }, world(4_000))).toEqual({ do: 'grant', machineId: 'a', remainingMs: 16_000 });
    expect(decide(lease(), world(4_000, ['a']))).toEqual({ do: 'wait', reason: 'its machine is out of reach' });
  });

  it('wipes from outside a machine that is out of reach, and no other', () => {
    const wiping = lease({ observed: 'wiping', machines: [on({ stage: 'stopped', boundMs: 10_000 })] });
    expect(decide(wiping, world(20_000, ['a']))).toMatchObject({ do: 'wait' });
    expect(decide({ ...wiping, wipedOutside: true }, world(20_000, ['a']))).toEqual({ do: 'wipe', machineId: 'a' });
  });

  it('ends at its end, at what is paid, or when somebody says so, and then stops and wipes', () => {
    const running = lease({ observed: 'running', machines: [on({ stage: 'granted', grantedUntilMs: 10_000, boundMs: 10_000 })] });
    for (const over of [world(10_000)]) expect(decide(running, over)).toEqual({ do: 'over' });
    expect(decide({ ...running, paidUntilMs: 5_000 }, world(5_000))).toEqual({ do: 'over' });
    expect(decide({ ...running, wanted: 'end' }, world(0))).toEqual({ do: 'over' });
    let now = done(running, { do: 'over' }, { nowMs: 0 });
    for (const step of ['stop', 'stopped', 'wipe', 'finish'] as const) {
      const action = decide(now, world(10_000));
      expect(action.do).toBe(step);
      now = done(now, action, { nowMs: 10_000 });
    }
    expect(now.observed).toBe('ended');
  });

  it('counts a machine that is out of reach as stopped when its grant and the margin are over, and wipes it when it is back', () => {
    const ending = lease({ observed: 'ending', machines: [on({ stage: 'granted', grantedUntilMs: 10_000, boundMs: 12_000 })] });
    expect(decide(ending, world(12_999, ['a']))).toMatchObject({ do: 'wait' });
    expect(decide(ending, world(13_000, ['a']))).toEqual({ do: 'count-stopped', machineId: 'a' });
    const wiping = done({ ...ending, observed: 'wiping' }, { do: 'count-stopped', machineId: 'a' }, { nowMs: 13_000 });
    expect(decide(wiping, world(99_000, ['a']))).toEqual({ do: 'wait', reason: 'its machine is out of reach; it is wiped before anybody else gets it' });
    expect(decide(wiping, world(99_000))).toEqual({ do: 'wipe', machineId: 'a' });
    expect(can.release(done(wiping, { do: 'wipe', machineId: 'a' }, { nowMs: 0, clean: false }).machines[0]!)).toBe(false);
  });

  it('asks nothing of machines that it never spoke to', () => {
    const ended = lease({ wanted: 'end' });
    expect(decide(done(ended, { do: 'over' }, { nowMs: 0 }), world(0, ['a']))).toEqual({ do: 'count-stopped', machineId: 'a' });
    expect(decide(lease({ observed: 'waiting', wanted: 'end', machines: [] }), world(0))).toEqual({ do: 'finish' });
  });
});
