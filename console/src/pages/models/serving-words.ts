import type { ReplyOf, Schemas } from '../../api/client.ts';
import { count, plural } from '../../lib/format.ts';
import { shortMoney } from '../../lib/money.ts';
import type { Tone } from '../../ui/state.tsx';

export type Serving = Schemas['Serving'];
export type Replica = ReplyOf<'/api/servings/{id}', 'get'>['replicas'][number];

export const SERVING_STATE: Readonly<Record<Serving['state'], { tone: Tone; word: string }>> = {
  serving: { tone: 'good', word: 'Serving' }, starting: { tone: 'busy', word: 'Starting' }, asleep: { tone: 'idle', word: 'Asleep' }, stopping: { tone: 'busy', word: 'Stopping' }, stopped: { tone: 'idle', word: 'Stopped' },
};

export const REPLICA_STATE: Readonly<Record<Replica['state'], { tone: Tone; word: string }>> = {
  asked: { tone: 'wait', word: 'Asked for' }, leasing: { tone: 'wait', word: 'Waits for its lease' }, preparing: { tone: 'busy', word: 'Being prepared' }, loading: { tone: 'busy', word: 'Loading' }, ready: { tone: 'good', word: 'Answers' },
  draining: { tone: 'busy', word: 'Finishing' }, ending: { tone: 'busy', word: 'Ending' }, ended: { tone: 'idle', word: 'Ended' },
};

export function secondsText(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 1_000).toFixed(1)} s`;
}

/** What a million tokens bring and cost, as one sentence. */
export function servingLead({ name, state, readyReplicas, wantedReplicas, money }: Serving): string {
  const runs = state === 'asleep' ? `${name} sleeps` : state === 'stopped' ? `${name} was stopped` : `${count(readyReplicas)} of ${plural(wantedReplicas, 'replica')} of ${name} ${readyReplicas === 1 ? 'answers' : 'answer'}`;
  if (money.perMillion === null) return `${runs}; no token was made in the last 30 days.`;
  return `${runs}; a million tokens brought ${shortMoney(money.perMillion.charged, money.currency)} and cost ${shortMoney(money.perMillion.occupancy, money.currency)}.`;
}
