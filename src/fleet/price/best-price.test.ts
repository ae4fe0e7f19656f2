import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priceOf, shareOf, type Terms } from './best-price.ts';
import { cheapestCovering } from './covering.ts';
import { costOfBlocks, rateCard, UNIT_MINUTES, UNITS, type Block, type RateCard, type Unit } from './rate-card.ts';

type BlockCard = Extract<RateCard, { kind: 'blocks' }>;

/** Prices in any order: a week may cost less than a day. */
const cards = fc.uniqueArray(fc.constantFrom<Unit>('hour', 'day', 'week', 'month'), { minLength: 1 }).chain((units) =>
  fc.array(fc.bigInt({ min: 0n, max: 10_000n }), { minLength: units.length, maxLength: units.length }).map((prices): BlockCard => ({
    kind: 'blocks',
    blocks: units.map((unit, index): Block => ({ unit, minutes: UNIT_MINUTES[unit], price: prices[index]! })).sort((a, b) => a.minutes - b.minutes),
  })));

/** Every covering there is, by the cheapest way to each length: the last block of any covering of t begins at t less its length, or before. */
function bruteForce({ blocks }: BlockCard, hours: number): bigint[] {
  const best: bigint[] = [0n];
  for (let hour = 1; hour <= hours; hour += 1) {
    best.push(blocks.map(({ minutes, price }) => best[Math.max(0, hour - minutes / 60)]! + price).reduce((a, b) => (b < a ? b : a)));
  }
  return best;
}

describe('the best price', () => {
  it('is the cheapest of all coverings', () => {
    fc.assert(fc.property(cards, (card) => {
      const best = bruteForce(card, 2_300);
      for (let hours = 1; hours <= 2_300; hours += 7) {
        const { blocks, cost } = cheapestCovering(card, hours * 60);
        expect(cost).toBe(best[hours]);
        expect(costOfBlocks(card, blocks)).toBe(cost);
        expect(card.blocks.reduce((sum, { unit, minutes }) => sum + Number(blocks[unit] ?? 0n) * minutes, 0)).toBeGreaterThanOrEqual(hours * 60);
      }
    }), { numRuns: 25 });
  });

  it('counts started blocks by the minute', () => {
    fc.assert(fc.property(cards, fc.integer({ min: 1, max: 130_000 }), (card, minutes) => {
      expect(cheapestCovering(card, minutes).cost).toBe(cheapestCovering(card, Math.ceil(minutes / 60) * 60).cost);
    }));
  });

  it('never falls with time, and never rises by more than the new time costs alone', () => {
    fc.assert(fc.property(cards, fc.boolean(), fc.integer({ min: 1, max: 8 }), fc.nat({ max: 90_000 }), fc.nat({ max: 50_000 }), (card, leastDay, count, before, more) => {
      const terms: Terms = { card, count, leastDay };
      const step = priceOf(terms, before + more) - priceOf(terms, before);
      expect(step).toBeGreaterThanOrEqual(0n);
      expect(step).toBeLessThanOrEqual(priceOf(terms, more));
    }));
  });

  it('is what the events of a lease come to, however they are cut', () => {
    fc.assert(fc.property(cards, fc.boolean(), fc.integer({ min: 1, max: 8 }), fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 200 }), (card, leastDay, count, cuts) => {
      const terms: Terms = { card, count, leastDay };
      let minutes = 0;
      let charged = 0n;
      for (const cut of cuts) {
        const share = shareOf(terms, minutes, minutes + cut);
        expect(share.charge).toBeGreaterThanOrEqual(0n);
        expect(share.excess).toBeGreaterThanOrEqual(0n);
        expect(costOfBlocks(card, share.quantities)).toBe(share.charge + share.excess);
        charged += share.charge;
        minutes += cut;
      }
      expect(charged).toBe(priceOf(terms, minutes));
    }));
  });

  it('asks for a whole day where the 24-hour rule binds, once', () => {
    const terms: Terms = { card: rateCard({ resource: 'mac/m4', buckets: { hour: { price: 220n, per: 1n }, day: { price: 4_000n, per: 1n } } }), count: 1, leastDay: true };
    expect(priceOf(terms, 1)).toBe(4_000n);
    expect(priceOf(terms, 1_440)).toBe(4_000n);
    expect(priceOf(terms, 1_441)).toBe(4_220n);
    expect(shareOf(terms, 0, 60)).toEqual({ quantities: { day: 1n }, charge: 4_000n, excess: 0n });
    expect(shareOf(terms, 60, 120).charge).toBe(0n);
    expect(priceOf({ ...terms, leastDay: false }, 61)).toBe(440n);
  });

  it('turns days into a week and weeks into a month, and gives the difference back by charging less', () => {
    const card = rateCard({ resource: 'mac/m4', buckets: { day: { price: 10n, per: 1n }, week: { price: 45n, per: 1n }, month: { price: 120n, per: 1n } } });
    const days = (count: number) => priceOf({ card, count: 1, leastDay: true }, count * 1_440);
    expect([1, 4, 5, 7, 8, 10, 14, 17, 30, 31].map(days)).toEqual([10n, 40n, 45n, 45n, 55n, 75n, 90n, 120n, 120n, 130n]);
    // The fifth day costs 5, where a day of its own would cost 10; two Macs cost twice that.
    expect(shareOf({ card, count: 2, leastDay: true }, 4 * 1_440, 4 * 1_440 + 60)).toEqual({ quantities: { day: 2n }, charge: 10n, excess: 10n });
    expect(shareOf({ card, count: 2, leastDay: true }, 6 * 1_440, 6 * 1_440 + 60)).toEqual({ quantities: {}, charge: 0n, excess: 0n });
  });

  it('by minutes alone is what the ledger rates, to the picodollar', () => {
    // $2 an hour is no whole number of picodollars a minute.
    const terms: Terms = { card: rateCard({ resource: 'gpu/h100', buckets: { minute: { price: 2_000_000_000_000n, per: 60n } } }), count: 3, leastDay: false };
    expect(shareOf(terms, 0, 60)).toEqual({ quantities: { minute: 180n }, charge: 6_000_000_000_000n, excess: 0n });
    expect(shareOf(terms, 0, 1)).toEqual({ quantities: { minute: 3n }, charge: 100_000_000_000n, excess: 0n });
    expect(priceOf({ ...terms, count: 1 }, 61)).toBe(2_000_000_000_000n + 33_333_333_333n);
  });
});

describe('a rate card', () => {
  it('is made of stated blocks of one, in whole picodollars', () => {
    expect(() => rateCard({ resource: 'mac', buckets: { day: { price: 10n, per: 3n } } })).toThrow(expect.objectContaining({ code: 'time_price_unknown' }));
    expect(() => rateCard({ resource: 'mac', buckets: { request: { price: 10n, per: 1n } } })).toThrow(expect.objectContaining({ code: 'time_price_unknown' }));
    expect(rateCard({ resource: 'mac', buckets: { minute: { price: 60n, per: 60n }, day: { price: 9n, per: 1n } } })).toMatchObject({ kind: 'blocks', blocks: [{ unit: 'minute', price: 1n }, { unit: 'day', price: 9n }] });
    expect(UNITS).toEqual(['minute', 'hour', 'day', 'week', 'month']);
  });
});
