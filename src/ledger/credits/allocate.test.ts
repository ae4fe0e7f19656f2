import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocate, type OpenCredit } from './allocate.ts';

const credit: fc.Arbitrary<Omit<OpenCredit, 'id'>> = fc.record({
  left: fc.bigInt(0n, 1_000n), grantedAtMs: fc.integer({ min: 0, max: 50 }), expiresAtMs: fc.option(fc.integer({ min: 0, max: 50 })),
});
const credits = fc.array(credit, { maxLength: 8 }).map((all) => all.map((one, at): OpenCredit => ({ ...one, id: `credit-${at}` })));
const months = fc.uniqueArray(fc.record({ month: fc.integer({ min: 1, max: 12 }).map((n) => `2026-${String(n).padStart(2, '0')}`), amount: fc.bigInt(0n, 2_000n) }), { maxLength: 5, selector: (one) => one.month });
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, one) => total + one, 0n);

test('as much as possible is covered, no credit is overdrawn, no month is paid twice', () => {
  fc.assert(fc.property(credits, months, (open, uncovered) => {
    const draws = allocate(open, uncovered);
    const [have, need] = [sum(open.map((one) => one.left)), sum(uncovered.map((one) => one.amount))];
    expect(sum(draws.map((draw) => draw.amount))).toBe(have < need ? have : need);
    for (const one of open) expect(sum(draws.filter((draw) => draw.creditId === one.id).map((draw) => draw.amount)) <= one.left).toBe(true);
    for (const one of uncovered) expect(sum(draws.filter((draw) => draw.month === one.month).map((draw) => draw.amount)) <= one.amount).toBe(true);
    expect(draws.every((draw) => draw.amount > 0n)).toBe(true);
  }));
});

test('a credit is touched only when all that expire before it are used up', () => {
  fc.assert(fc.property(credits, months, (open, uncovered) => {
    const draws = allocate(open, uncovered);
    const drawn = (id: string) => sum(draws.filter((draw) => draw.creditId === id).map((draw) => draw.amount));
    const expiry = (one: OpenCredit) => one.expiresAtMs ?? Number.POSITIVE_INFINITY;
    for (const later of open.filter((one) => drawn(one.id) > 0n)) {
      for (const sooner of open.filter((one) => expiry(one) < expiry(later))) expect(drawn(sooner.id)).toBe(sooner.left);
    }
  }));
});

test('the order in which credits and months are given does not matter', () => {
  fc.assert(fc.property(credits, months, (open, uncovered) => {
    expect(allocate(open.toReversed(), uncovered.toReversed())).toEqual(allocate(open, uncovered));
  }));
});
