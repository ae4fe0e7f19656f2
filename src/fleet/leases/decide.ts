import { can, overAtMs, type Lease, type OnMachine } from './lease.ts';

/** The next thing to do for a lease. What goes to machines can fail or get lost, and is then decided again. */
export type Action =
  | { readonly do: 'wait'; readonly reason: string | null }
  /** The machine may run it for so long from now. */
  | { readonly do: 'grant'; readonly machineId: string; readonly remainingMs: number }
  /** Told to end it; others that can be reached are told at the same time (`toStop`). */
  | { readonly do: 'stop'; readonly machineId: string }
  | { readonly do: 'wipe'; readonly machineId: string }
  /** Nothing was sent there, or what was sent has run out: it counts as stopped without a word from the machine. */
  | { readonly do: 'count-stopped'; readonly machineId: string }
  /** All machines run it. */
  | { readonly do: 'begin' }
  /** Its time is over: from now on nothing is granted. */
  | { readonly do: 'over' }
  /** No session is left anywhere. */
  | { readonly do: 'stopped' }
  /** It holds no machine any more. */
  | { readonly do: 'finish' };

export interface World {
  readonly nowMs: number;
  reaches(machineId: string): boolean;
  /** After a machine's own end of a lease it is given this much more, for clocks that run apart. */
  readonly marginMs: number;
}

/** A grant that differs from what is wanted by less stays: renewals come in hours. */
const SLACK_MS = 1_000;

/** What to do now for a lease that was taken from the queue. Pure; the first thing that is due, one at a time. */
export function decide(lease: Lease, world: World): Action {
  switch (lease.observed) {
    case 'waiting':
    case 'reserved':
      return lease.wanted === 'end' ? { do: 'finish' } : { do: 'wait', reason: null };
    case 'granting':
    case 'running':
      return isOver(lease, world) ? { do: 'over' } : grantNext(lease, world);
    case 'ending':
      return stopNext(lease, world);
    case 'wiping':
      return wipeNext(lease, world);
    case 'ended':
      return { do: 'wait', reason: null };
  }
}

function isOver(lease: Lease, { nowMs }: World): boolean {
  const overMs = overAtMs(lease);
  return lease.wanted === 'end' || (overMs !== null && nowMs >= overMs);
}

function grantNext(lease: Lease, world: World): Action {
  const untilMs = overAtMs(lease);
  if (untilMs === null) return { do: 'wait', reason: null };
  const behind = lease.machines.filter((one) => one.stage === 'held' || one.grantedUntilMs === null || Math.abs(one.grantedUntilMs - untilMs) > SLACK_MS);
  const next = behind.find(({ machineId }) => world.reaches(machineId));
  if (next !== undefined) return { do: 'grant', machineId: next.machineId, remainingMs: untilMs - world.nowMs };
  if (behind.length === 0 && lease.observed === 'granting') return { do: 'begin' };
  const away = lease.machines.filter(({ machineId }) => !world.reaches(machineId));
  return { do: 'wait', reason: away.length === 0 ? null : outOfReach(away) };
}

/** Machines that a lease which is to end may run on still. */
export function unstopped({ machines }: Pick<Lease, 'machines'>): OnMachine[] {
  return machines.filter(({ stage }) => stage === 'held' || stage === 'granted');
}

/** Of those, the ones to tell now: something was sent there, and they can be reached. All of them at once, since each may keep whoever asks waiting. */
export function toStop(lease: Pick<Lease, 'machines'>, world: Pick<World, 'reaches'>): OnMachine[] {
  return unstopped(lease).filter(({ machineId, boundMs }) => boundMs !== null && world.reaches(machineId));
}

function stopNext(lease: Lease, world: World): Action {
  const left = unstopped(lease);
  if (left.length === 0) return { do: 'stopped' };
  const [reached] = toStop(lease, world);
  if (reached !== undefined) return { do: 'stop', machineId: reached.machineId };
  // What was never sent to a machine does not run there, and what ran out there has been ended by its own watchdog.
  const silent = left.find(({ boundMs }) => boundMs === null || world.nowMs >= boundMs + world.marginMs);
  if (silent !== undefined) return { do: 'count-stopped', machineId: silent.machineId };
  return { do: 'wait', reason: outOfReach(left) };
}

function wipeNext(lease: Lease, world: World): Action {
  if (can.finish(lease)) return { do: 'finish' };
  const left = lease.machines.filter(({ stage }) => stage === 'stopped');
  // A machine that nothing was ever sent to holds nothing of this lease.
  const untouched = left.find(({ boundMs }) => boundMs === null);
  const next = untouched ?? left.find(({ machineId }) => lease.wipedOutside || world.reaches(machineId));
  return next === undefined ? { do: 'wait', reason: `${outOfReach(left)}; it is wiped before anybody else gets it` } : { do: 'wipe', machineId: next.machineId };
}

function outOfReach(machines: readonly OnMachine[]): string {
  return machines.length === 1 ? 'its machine is out of reach' : `${machines.length} of its machines are out of reach`;
}

/** The lease after an action was done. */
export function done(lease: Lease, action: Action, facts: { readonly nowMs: number; readonly grantedUntilMs?: number; readonly boundMs?: number; readonly clean?: boolean }): Lease {
  const change = (machineId: string, change: Partial<OnMachine>): Lease => ({ ...lease, machines: lease.machines.map((one) => (one.machineId === machineId ? { ...one, ...change } : one)) });
  switch (action.do) {
    case 'wait':
      return lease;
    case 'grant':
      return change(action.machineId, { stage: 'granted', grantedUntilMs: facts.grantedUntilMs ?? null, boundMs: facts.boundMs ?? null });
    case 'stop':
    case 'count-stopped':
      return change(action.machineId, { stage: 'stopped' });
    case 'wipe':
      return change(action.machineId, { stage: facts.clean === false ? 'failed' : 'wiped' });
    case 'begin':
      return { ...lease, observed: 'running' };
    case 'over':
      return { ...lease, observed: 'ending' };
    case 'stopped':
      return { ...lease, observed: 'wiping' };
    case 'finish':
      return { ...lease, observed: 'ended' };
  }
}
