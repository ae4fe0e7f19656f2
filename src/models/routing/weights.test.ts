import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pickByWeight } from './weights.ts';

const weights = fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }).filter((given) => given.some((weight) => weight > 0));

test('shares are exact: every round of so many picks gives each its weight', () => {
  fc.assert(fc.property(weights, fc.integer({ min: 1, max: 4 }), (given, rounds) => {
    const sum = given.reduce((total, weight) => total + weight, 0);
    const picks = given.map(() => 0);
    let credits: readonly number[] = given.map(() => 0);
    for (let round = 1; round <= rounds; round += 1) {
      for (let pick = 0; pick < sum; pick += 1) {
        const picked = pickByWeight(given, credits);
        picks[picked.order[0]!]! += 1;
        credits = picked.credits;
        expect(picked.order.toSorted()).toEqual(given.map((_, index) => index));
      }
      expect(picks).toEqual(given.map((weight) => weight * round));
    }
  }));
});

test('one with weight 0 is picked only where all have 0', () => {
  expect(pickByWeight([0, 1], [5, -5]).order).toEqual([1, 0]);
  expect(pickByWeight([0, 0], [0, 0]).order).toEqual([0, 1]);
});
