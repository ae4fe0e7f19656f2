import fc from 'fast-check';
import { expect, it } from 'vitest';
import { priceOf, type Terms } from '../price/best-price.ts';
import { paidMinutes } from '../price/minutes.ts';
import { rateCard } from '../price/rate-card.ts';
import type { PriceVersion } from '../../ledger/index.ts';
import { minuteCosts } from './minute-costs.ts';

const START = Date.UTC(2026, 10, 26);
const card = rateCard({ buckets: { minute: { price: 2_000_000_000_000n, per: 60n } } } as unknown as PriceVersion);
const terms: Terms = { card, count: 3, leastDay: false };

it('the minutes of a lease are together what it is charged, in whatever pieces they are asked for', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }), fc.array(fc.record({ from: fc.integer({ min: 0, max: 9_000 }), for: fc.integer({ min: 1, max: 3_000 }) }), { maxLength: 4 }), (length, cut, away) => {
    const outages = away.map(({ from, for: seconds }) => ({ fromMs: START + from * 1_000, untilMs: START + (from + seconds) * 1_000 }));
    const stopped = START + length * 60_000;
    const all = minuteCosts(terms, START, outages, 0, stopped, stopped);
    const at = Math.min(cut, length);
    expect([...all.slice(0, at), ...minuteCosts(terms, START, outages, at, stopped, stopped)]).toEqual(all);
    expect(all.length).toBe(length);
    expect(all.reduce((sum, { cost }) => sum + cost, 0n)).toBe(priceOf(terms, paidMinutes(START, outages, 0, length)));
  }));
});

it('tells a minute when it is over, and the last one of a lease that has stopped whole', () => {
  expect(minuteCosts(terms, START, [], 0, START + 90_000, null)).toHaveLength(1);
  expect(minuteCosts(terms, START, [], 0, START + 600_000, START + 61_000)).toHaveLength(2);
  expect(minuteCosts(terms, START, [{ fromMs: START + 61_000, untilMs: null }], 0, START + 180_000, null).map(({ cost }) => cost === 0n)).toEqual([false, true, true]);
});
