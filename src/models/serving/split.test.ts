import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion, splitMinutes, type MadeTokens, type PaidMinute } from './split.ts';

const START = Date.UTC(2026, 10, 26, 3, 0, 17);
const minutesOf = (costs: readonly bigint[]): PaidMinute[] => costs.map((cost, at) => ({ fromMs: START + at * 60_000, untilMs: START + (at + 1) * 60_000, cost }));
const sum = (list: readonly bigint[]): bigint => list.reduce((all, one) => all + one, 0n);

const answers = fc.array(fc.record({ from: fc.integer({ min: -90_000, max: 700_000 }), ms: fc.integer({ min: 0, max: 400_000 }), tokens: fc.bigInt({ min: 0n, max: 100_000n }), charge: fc.bigInt({ min: 0n, max: 10n ** 15n }) }), { maxLength: 30 })
  .map((list) => list.map(({ from, ms, tokens, charge }, at): MadeTokens => ({ eventId: `event-${String(at).padStart(3, '0')}`, fromMs: START + from, untilMs: START + from + ms, tokens, charge })));

describe('minutes split over tokens', () => {
  it('to the picodollar: parts of a minute are together its cost, idle minutes keep theirs, and no token or charge is lost', () => {
    fc.assert(fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 13n }), { minLength: 1, maxLength: 12 }), answers, (costs, made) => {
      const { minutes, shares } = splitMinutes(minutesOf(costs), made);
      for (const minute of minutes) {
        const parts = shares.filter(({ atMs }) => atMs === minute.fromMs);
        expect(sum(parts.map(({ tokens }) => tokens))).toBe(minute.tokens);
        expect(sum(parts.map(({ cost }) => cost))).toBe(minute.tokens === 0n ? 0n : minute.cost);
      }
      const idle = sum(minutes.filter(({ tokens }) => tokens === 0n).map(({ cost }) => cost));
      expect(sum(shares.map(({ cost }) => cost)) + idle).toBe(sum(costs));
      expect(sum(shares.map(({ tokens }) => tokens))).toBe(sum(made.map(({ tokens }) => tokens)));
      for (const { eventId, tokens, charge } of made) {
        const parts = shares.filter((share) => share.eventId === eventId);
        expect(sum(parts.map((part) => part.tokens))).toBe(tokens);
        expect(sum(parts.map((part) => part.charge))).toBe(tokens === 0n ? 0n : charge);
      }
      expect(shares.every(({ tokens, cost, charge }) => tokens > 0n && cost >= 0n && charge >= 0n)).toBe(true);
    }));
  });

  it('the same in whatever order answers come', () => {
    fc.assert(fc.property(fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { minLength: 1, maxLength: 5 }), answers, (costs, made) => {
      expect(splitMinutes(minutesOf(costs), made.toReversed())).toEqual(splitMinutes(minutesOf(costs), made));
    }));
  });

  it('by how much of an answer lies in each minute', () => {
    const { minutes, shares } = splitMinutes(minutesOf([600n, 600n, 600n]), [
      { eventId: 'a', fromMs: START + 30_000, untilMs: START + 90_000, tokens: 100n, charge: 1_000n },
      { eventId: 'b', fromMs: START + 70_000, untilMs: START + 80_000, tokens: 50n, charge: 0n },
    ]);
    expect(shares.map(({ eventId, atMs, tokens, cost, charge }) => [eventId, (atMs - START) / 60_000, tokens, cost, charge])).toEqual([['a', 0, 50n, 600n, 500n], ['a', 1, 50n, 300n, 500n], ['b', 1, 50n, 300n, 0n]]);
    expect(minutes.map(({ tokens }) => tokens)).toEqual([50n, 100n, 0n]);
  });

  it('has no parts where nothing weighs anything', () => {
    expect(apportion(7n, [0n, 0n])).toEqual([0n, 0n]);
    expect(apportion(7n, [1n, 1n, 1n])).toEqual([2n, 2n, 3n]);
    expect(splitMinutes([], [])).toEqual({ minutes: [], shares: [] });
  });
});
