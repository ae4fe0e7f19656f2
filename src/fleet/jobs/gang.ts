import { printable } from '../../base/index.ts';

/** How far a job over several machines is on one of them. */
export interface Rank {
  readonly rank: number;
  readonly state: 'waiting' | 'running' | 'ended' | 'cut' | 'lost' | 'failed';
  readonly exitCode: number | null;
  readonly reason: string | null;
  readonly endedAtMs: number | null;
  /** Whether its machine would answer now. */
  readonly reached: boolean;
  /** Since when it would not; null: it would. */
  readonly awaySinceMs: number | null;
  /** Whether its way to the others stands. `refused`: it never will. */
  readonly line: 'ready' | 'waits' | { readonly refused: string };
}

/** One program on several machines: it begins on all of them or on none, and ends on all. */
export interface Gang {
  /** All were ready once: from then on each begins, whatever becomes of the others. */
  readonly setOff: boolean;
  /** What ends the others. */
  readonly stop: { readonly rank: number; readonly untilMs: number } | null;
  readonly ranks: readonly Rank[];
}

/** How a job over several machines has ended. */
export interface GangEnd {
  readonly state: 'ended' | 'cut' | 'lost' | 'failed';
  readonly exitCode: number | null;
  readonly reason: string | null;
}

/** The next thing to do for it. What goes to machines can get lost, and is then decided again. */
export type GangAction =
  | { readonly do: 'wait'; readonly reason: string | null }
  /** Written down before any machine is told to begin. */
  | { readonly do: 'set-off' }
  /** Of these ranks' machines each is told its one thing; all at the same time. */
  | { readonly do: 'ask'; readonly asks: readonly { readonly rank: number; readonly what: 'begin' | 'look' | 'stop' }[] }
  /** Written down before any machine is told to stop. */
  | { readonly do: 'stop'; readonly rank: number }
  | { readonly do: 'conclude'; readonly end: GangEnd };

/** The others are told that they are to end, and are ended by force after this. */
export const GRACE_MS = 15_000;
/** From the word to stop to the end of waiting for what machines say of it: what is not known by then is known by the wipe. */
export const STOP_MS = GRACE_MS + 10_000;

/** What is due. Pure. @param marginMs for so long a machine may be out of reach before the others are ended. */
export function decideGang(gang: Gang, nowMs: number, marginMs: number): GangAction {
  const open = gang.ranks.filter(isOpen);
  if (gang.stop !== null) {
    // Where none was told to begin, none has to be ended; and one that is away cannot be told: its wipe says what became of it.
    if (open.every((one) => isGone(one, nowMs, marginMs)) || !gang.setOff || nowMs >= gang.stop.untilMs) return { do: 'conclude', end: endOf(gang, gang.stop.rank) };
    return ask(open.filter(({ reached }) => reached).map(({ rank }) => ({ rank, what: 'stop' })));
  }
  const failed = firstFailure(gang, nowMs, marginMs);
  if (failed !== undefined) return { do: 'stop', rank: failed };
  if (open.length === 0) return { do: 'conclude', end: endOf(gang, undefined) };
  if (!gang.setOff) {
    const behind = gang.ranks.filter(({ reached, line }) => !reached || line !== 'ready').map(({ rank }) => rank);
    return behind.length === 0 ? { do: 'set-off' } : { do: 'wait', reason: `its job begins when all machines are ready; ${named(behind)} ${behind.length === 1 ? 'is' : 'are'} not` };
  }
  return ask(open.filter(({ reached }) => reached).map(({ rank, state }) => ({ rank, what: state === 'waiting' ? 'begin' : 'look' })));
}

/** All that is known of its machines, as one end. Undefined: one may still run. */
export function endOfAll(gang: Gang): GangEnd | undefined {
  return gang.ranks.some(isOpen) ? undefined : endOf(gang, gang.stop?.rank ?? firstFailed(gang.ranks));
}

/** Since when a machine is away, by what is known now. */
export function awaySince({ reached, awaySinceMs }: Pick<Rank, 'reached' | 'awaySinceMs'>, nowMs: number): number | null {
  return reached ? null : (awaySinceMs ?? nowMs);
}

/** Why a rank ends the others, as a sentence's part. */
export function failureText({ rank, state, exitCode, reason }: Pick<Rank, 'rank' | 'state' | 'exitCode' | 'reason'>): string {
  const why = reason === null ? '' : `: ${printable(reason)}`;
  switch (state) {
    case 'ended': return `rank ${rank} ended with code ${exitCode ?? 'unknown'}`;
    case 'cut': return `rank ${rank} was cut`;
    case 'lost': return `rank ${rank} is lost${why === '' ? ': its sandbox or its machine went down' : why}`;
    case 'failed': return `rank ${rank} could not begin${why}`;
    case 'waiting':
    case 'running': return `the machine of rank ${rank} is out of reach`;
  }
}

/** How it ends is not known yet. */
export function isOpen({ state }: Pick<Rank, 'state'>): boolean {
  return state === 'waiting' || state === 'running';
}

function isGone({ reached, awaySinceMs }: Rank, nowMs: number, marginMs: number): boolean {
  return !reached && awaySinceMs !== null && nowMs - awaySinceMs >= marginMs;
}

function isFailure({ state, exitCode }: Rank): boolean {
  return state === 'ended' ? exitCode !== 0 : !isOpen({ state });
}

/** Before all have set off a machine out of reach is waited for: nothing is lost by it. */
function firstFailure({ setOff, ranks }: Gang, nowMs: number, marginMs: number): number | undefined {
  const failed = firstFailed(ranks);
  if (failed !== undefined) return failed;
  if (!setOff) return ranks.find(({ line }) => typeof line === 'object')?.rank;
  return ranks.find((one) => isOpen(one) && isGone(one, nowMs, marginMs))?.rank;
}

function firstFailed(ranks: readonly Rank[]): number | undefined {
  return ranks.filter(isFailure).toSorted((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0) || a.rank - b.rank)[0]?.rank;
}

/** @param failed whose end ended the others; undefined: all have ended well. */
function endOf({ setOff, ranks }: Gang, failed: number | undefined): GangEnd {
  const by = ranks.find(({ rank }) => rank === failed);
  if (by === undefined) return { state: 'ended', exitCode: 0, reason: null };
  const reason = failureText(by);
  if (!setOff) return { state: 'failed', exitCode: null, reason: typeof by.line === 'object' && isOpen(by) ? `rank ${by.rank}: ${printable(by.line.refused)}` : reason };
  return { state: isOpen(by) ? 'lost' : (by.state as GangEnd['state']), exitCode: by.exitCode, reason };
}

function ask(asks: Extract<GangAction, { readonly do: 'ask' }>['asks']): GangAction {
  return asks.length === 0 ? { do: 'wait', reason: null } : { do: 'ask', asks };
}

function named(ranks: readonly number[]): string {
  const some = ranks.slice(0, 5).join(', ');
  return `rank${ranks.length === 1 ? '' : 's'} ${some}${ranks.length > 5 ? ` and ${ranks.length - 5} more` : ''}`;
}
