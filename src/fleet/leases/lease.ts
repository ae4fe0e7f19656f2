/** What a lease is known to be. From `ending` on nothing new starts in it; `wiping` has no session left; `ended` holds no machine. */
export type LeaseState = 'waiting' | 'reserved' | 'granting' | 'running' | 'ending' | 'wiping' | 'ended';

/** How far a lease is on one of its machines. `failed`: its wipe failed, so the machine goes to nobody. */
export type Stage = 'held' | 'granted' | 'stopped' | 'wiped' | 'failed';

export interface OnMachine {
  readonly machineId: string;
  readonly unitIds: readonly string[];
  readonly stage: Stage;
  /** Up to when it was told that the lease may run; null: it has not confirmed anything. */
  readonly grantedUntilMs: number | null;
  /** The lease runs there no later than this, whatever became of what was sent; null: nothing was ever sent. Written before anything is. */
  readonly boundMs: number | null;
}

/** A lease as decisions look at it. */
export interface Lease {
  readonly id: string;
  readonly fence: bigint;
  readonly wanted: 'run' | 'end';
  readonly observed: LeaseState;
  readonly endsAtMs: number | null;
  /** Up to when money is set aside, from its start on; null: it has not started, and its first money is set aside. */
  readonly paidUntilMs: number | null;
  readonly machines: readonly OnMachine[];
  /** Its machines are wiped from outside, whether their agents are there or not. */
  readonly wipedOutside: boolean;
}

/** When a lease is over: its end, or what is paid, whichever comes first; null: it has not started. */
export function overAtMs({ endsAtMs, paidUntilMs }: Pick<Lease, 'endsAtMs' | 'paidUntilMs'>): number | null {
  if (endsAtMs === null) return paidUntilMs;
  return paidUntilMs === null ? endsAtMs : Math.min(endsAtMs, paidUntilMs);
}

/** Who may do what when: the one table of it. */
export const can = {
  extend: ({ observed, wanted }: Pick<Lease, 'observed' | 'wanted'>) => wanted === 'run' && (observed === 'granting' || observed === 'running'),
  handOver: ({ observed, wanted }: Pick<Lease, 'observed' | 'wanted'>) => wanted === 'run' && observed !== 'ending' && observed !== 'wiping' && observed !== 'ended',
  end: ({ observed, wanted }: Pick<Lease, 'observed' | 'wanted'>) => wanted === 'run' && observed !== 'ended',
  /** Sessions begin. */
  enter: ({ observed, wanted }: Pick<Lease, 'observed' | 'wanted'>) => wanted === 'run' && observed === 'running',
  /** Its machine can go to another: it is known to be clean. */
  release: ({ stage }: Pick<OnMachine, 'stage'>) => stage === 'wiped',
  /** Nothing of it holds a machine. */
  finish: ({ machines }: Pick<Lease, 'machines'>) => machines.every(({ stage }) => stage === 'wiped' || stage === 'failed'),
} as const;
