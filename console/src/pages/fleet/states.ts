import type { Schemas } from '../../api/client.ts';
import type { Tone } from '../../ui/state.tsx';

export type Node = Schemas['Node'];
export type Pool = Schemas['Pool'];
export type Lease = Schemas['Lease'];

/** A node's state in a word, with its tone. */
export const NODE_STATE: Readonly<Record<Node['state'], { tone: Tone; word: string }>> = {
  new: { tone: 'wait', word: 'New' }, ready: { tone: 'good', word: 'Ready' }, offline: { tone: 'bad', word: 'Offline' }, sick: { tone: 'bad', word: 'Sick' },
  cordoned: { tone: 'warn', word: 'Cordoned' }, draining: { tone: 'busy', word: 'Draining' }, maintenance: { tone: 'idle', word: 'Maintenance' },
  removing: { tone: 'busy', word: 'Removing' }, removed: { tone: 'idle', word: 'Removed' }, quarantined: { tone: 'bad', word: 'Quarantined' },
};

/** A lease's state in a word, with its tone. */
export const LEASE_STATE: Readonly<Record<Lease['state'], { tone: Tone; word: string }>> = {
  waiting: { tone: 'wait', word: 'Waiting' }, reserved: { tone: 'wait', word: 'Reserved' }, granting: { tone: 'busy', word: 'Starting' }, running: { tone: 'good', word: 'Running' },
  ending: { tone: 'busy', word: 'Ending' }, wiping: { tone: 'busy', word: 'Wiping' }, ended: { tone: 'idle', word: 'Ended' },
};

export const STAND_IN = 'stand-in, not macOS';

/** What a node runs, and where it is none of what it stands for, that. */
export function platformText({ platform, standIn }: Pick<Node, 'platform' | 'standIn'>): string {
  return standIn ? `${platform} (${STAND_IN})` : platform;
}

/** Why a node is not ready, in the words of whoever said so; undefined where nobody did. */
export function nodeReason({ state, health, quarantine, wanted }: Node): string | undefined {
  if (quarantine !== null) return quarantine.reason;
  if (state === 'sick') return health.reasons.join('; ') || undefined;
  if (wanted.what !== 'serve') return wanted.reason ?? undefined;
  return health.reasons[0];
}

/** Whether a lease holds or waits for something. */
export const isLive = ({ state }: Lease): boolean => state !== 'ended';
