import fc from 'fast-check';
import { expect, it } from 'vitest';
import { STOP_MS, awaySince, decideGang, type Gang, type GangEnd, type Rank } from './gang.ts';

/*
 * A job over several machines, with the server dying between what it writes and what it sends, answers getting lost, machines cut off, and programs
 * that end as they like. The machines are a model: each keeps what an agent keeps. Time is a number here.
 */

const MARGIN = 60_000;
const TICK = 2_000;

class Machine {
  state: Rank['state'] = 'waiting';
  exitCode: number | null = null;
  begins = 0;
  endsAtMs: number;
  code: number;
  termAtMs: number | null = null;
  reached = true;

  constructor(endsAtMs: number, code: number) {
    this.endsAtMs = endsAtMs;
    this.code = code;
  }

  begin(): void {
    if (this.state !== 'waiting') return;
    this.begins += 1;
    this.state = 'running';
  }

  stop(nowMs: number): void {
    if (this.state === 'waiting') this.state = 'cut';
    else this.termAtMs ??= nowMs;
  }

  pass(nowMs: number): void {
    if (this.state !== 'running') return;
    if (this.termAtMs !== null && nowMs > this.termAtMs) [this.state, this.exitCode] = ['ended', 143];
    else if (nowMs >= this.endsAtMs) [this.state, this.exitCode] = ['ended', this.code];
  }
}

/** What the server has written down: all that is left of it when it dies. */
interface Written {
  setOff: boolean;
  stop: Gang['stop'];
  ranks: { state: Rank['state']; exitCode: number | null; endedAtMs: number | null; awaySinceMs: number | null }[];
  end: GangEnd | undefined;
}

const machines = fc.array(fc.record({ endsIn: fc.integer({ min: 0, max: 120_000 }), code: fc.constantFrom(0, 0, 0, 3) }), { minLength: 2, maxLength: 5 });
const steps = fc.array(fc.record({ cut: fc.array(fc.nat(4), { maxLength: 2 }), lost: fc.array(fc.nat(4), { maxLength: 2 }), dies: fc.boolean(), readyUpTo: fc.nat(8) }), { minLength: 5, maxLength: 80 });

it('begins on all machines or on none, once on each, and ends on all with one code', () => {
  fc.assert(fc.property(machines, steps, (of, happens) => {
    const all = of.map(({ endsIn, code }) => new Machine(endsIn, code));
    const written: Written = { setOff: false, stop: null, ranks: all.map(() => ({ state: 'waiting', exitCode: null, endedAtMs: null, awaySinceMs: null })), end: undefined };
    let nowMs = 0;
    const look = (step: (typeof happens)[number]): void => {
      for (const [rank, machine] of all.entries()) written.ranks[rank]!.awaySinceMs = awaySince({ reached: machine.reached, awaySinceMs: written.ranks[rank]!.awaySinceMs }, nowMs);
      for (let turn = 0; turn < 6 && written.end === undefined; turn += 1) {
        const gang: Gang = { setOff: written.setOff, stop: written.stop, ranks: written.ranks.map((one, rank) => ({ ...one, rank, reason: null, reached: all[rank]!.reached, line: step.readyUpTo > rank ? 'ready' : 'waits' })) };
        const action = decideGang(gang, nowMs, MARGIN);
        if (action.do === 'wait') return;
        if (action.do === 'set-off') {
          // Nothing starts while one is still being prepared.
          expect(all.every(({ begins, reached }) => begins === 0 && reached)).toBe(true);
          written.setOff = true;
        } else if (action.do === 'stop') written.stop = { rank: action.rank, untilMs: nowMs + STOP_MS };
        else if (action.do === 'conclude') written.end = action.end;
        else {
          for (const { rank, what } of action.asks) {
            const machine = all[rank]!;
            if (what === 'begin') machine.begin();
            else if (what === 'stop') machine.stop(nowMs);
            machine.pass(nowMs);
            // The answer is lost, or the server dies before it is written down.
            if (!step.lost.includes(rank) && !step.dies) written.ranks[rank] = { ...written.ranks[rank]!, state: machine.state, exitCode: machine.exitCode, endedAtMs: machine.state === 'ended' ? nowMs : null };
          }
          return;
        }
        if (step.dies) return;
      }
    };
    const check = (): void => {
      for (const { begins } of all) expect(begins).toBeLessThanOrEqual(1);
      if (all.some(({ begins }) => begins > 0)) expect(written.setOff).toBe(true);
      if (written.end === undefined) return;
      if (written.end.exitCode === 0) expect(all.every(({ state, exitCode }) => state === 'ended' && exitCode === 0)).toBe(true);
      else expect([written.end.reason, written.stop]).not.toContain(null);
    };
    for (const step of happens) {
      for (const [rank, machine] of all.entries()) machine.reached = !step.cut.includes(rank);
      for (const machine of all) machine.pass(nowMs);
      look(step);
      check();
      nowMs += TICK;
    }
    // Whatever has happened: with all machines there again it comes to its end.
    for (let more = 0; more < 200 && written.end === undefined; more += 1) {
      for (const machine of all) [machine.reached] = [true, machine.pass(nowMs)];
      look({ cut: [], lost: [], dies: false, readyUpTo: 8 });
      check();
      nowMs += TICK;
    }
    expect(written.end).toBeDefined();
    const failures = all.filter(({ exitCode }) => exitCode !== 0);
    if (failures.length === 0) expect(written.end).toEqual({ state: 'ended', exitCode: 0, reason: null });
  }), { numRuns: 500 });
});
