import type { Schemas } from '../../api/client.ts';

/** By what one of several targets is chosen, in words. */
export const GOALS: Readonly<Record<Schemas['Model']['goal'], string>> = {
  weights: 'By weight', order: 'In their order', cheapest: 'The cheapest', fastest: 'The fastest to a first token', 'least-busy': 'The least busy', 'same-prefix': 'Who had the same beginning',
};
