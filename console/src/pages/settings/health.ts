import type { Schemas } from '../../api/client.ts';
import type { Tone } from '../../ui/state.tsx';

/** A backend's or model's health in a word, with its tone. */
export const HEALTH: Readonly<Record<Schemas['Model']['health']['state'], readonly [Tone, string]>> = {
  ready: ['good', 'Ready'], starting: ['busy', 'Starting'], degraded: ['warn', 'Degraded'], unavailable: ['bad', 'Unavailable'], unknown: ['idle', 'Not tried'],
};
