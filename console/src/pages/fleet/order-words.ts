import type { Schemas } from '../../api/client.ts';
import { plural, relativeTime } from '../../lib/format.ts';
import type { Tone } from '../../ui/state.tsx';

export type Order = Schemas['Order'];
type Step = NonNullable<Order['arrival']>['steps'][number];

/** An order's state in a word, with its tone. */
export const ORDER_STATE: Readonly<Record<Order['state'], { tone: Tone; word: string }>> = {
  asked: { tone: 'wait', word: 'Asked for' }, delivering: { tone: 'busy', word: 'On its way' }, ready: { tone: 'good', word: 'Delivered' }, reinstalling: { tone: 'busy', word: 'Reinstalling' },
  failed: { tone: 'bad', word: 'Failed' }, leaving: { tone: 'busy', word: 'Leaving' }, gone: { tone: 'idle', word: 'Given back' },
};

export const STEP_WORD: Readonly<Record<Step['step'], string>> = {
  enter: 'Enter it by SSH', enrol: 'Paste the line', connect: 'Wait for its agent', password: 'Change its password', close: 'Close SSH and VNC', probe: 'Look from outside',
};
export const STEP_STATE: Readonly<Record<Step['state'], { tone: Tone; word: string }>> = {
  working: { tone: 'busy', word: 'Works' }, waiting: { tone: 'wait', word: 'Tried again' }, person: { tone: 'bad', word: 'Needs somebody' }, done: { tone: 'good', word: 'Done' },
};

/** What the provider's machine is for us now, and why it waits. */
export function orderReason({ state, reason, arrival }: Order): string | undefined {
  const stuck = arrival?.steps.find(({ state }) => state === 'person') ?? arrival?.steps.find(({ state }) => state === 'waiting');
  // That a delivered machine is ready says nothing more.
  return stuck?.reason ?? (state === 'ready' || state === 'gone' ? undefined : (reason ?? undefined));
}

export const isOrdered = ({ state }: Order): boolean => state !== 'gone';

/** Of all orders in a sentence: how many are there, and whether one needs somebody. */
export function ordersLead(orders: readonly Order[], now: number): string {
  const live = orders.filter(isOrdered);
  if (live.length === 0) return 'Nothing is ordered now.';
  const stuck = live.filter(({ state, arrival }) => state === 'failed' || arrival?.state === 'person');
  if (stuck.length > 0) return `${plural(live.length, 'machine')} ${live.length === 1 ? 'is' : 'are'} ordered; ${stuck.length === 1 ? 'one needs' : `${stuck.length} need`} somebody.`;
  const next = live.flatMap(({ releaseAt }) => releaseAt ?? []).toSorted()[0];
  return `${plural(live.length, 'machine')} ${live.length === 1 ? 'is' : 'are'} ordered${next === undefined ? '' : `; the next goes ${relativeTime(next, now)}`}.`;
}
