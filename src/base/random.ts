/** Chance for what is not secret, from 0 to below 1: passed in, so that a test can say how it falls. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();
