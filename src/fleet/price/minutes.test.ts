import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dueStretches, paidMinutes, paidUntilMs, startedMinutes, type Outage } from './minutes.ts';

const MINUTE = 60_000;
const outages = fc.array(fc.record({ fromMs: fc.integer({ min: -MINUTE, max: 300 * MINUTE }), lengthMs: fc.integer({ min: 0, max: 90 * MINUTE }) }), { maxLength: 4 }).map((list) => list.map(({ fromMs, lengthMs }): Outage => ({ fromMs, untilMs: fromMs + lengthMs })));

test('a started minute is a minute', () => {
  expect([0, 1, MINUTE, MINUTE + 1, -5].map((ms) => startedMinutes(0, ms))).toEqual([0, 1, 1, 2, 0]);
});

test('a minute that an outage touches is not paid', () => {
  expect(paidMinutes(0, [{ fromMs: 90_000, untilMs: 100_000 }, { fromMs: 5 * MINUTE, untilMs: null }], 0, 10)).toBe(4);
});

test('stretches follow each other, each of an hour at most, and come to every started minute however often one looks', () => {
  fc.assert(fc.property(outages, fc.array(fc.integer({ min: 0, max: 100 * MINUTE }), { maxLength: 8 }), (list, steps) => {
    let atMs = 0;
    let booked = { wall: 0, paid: 0 };
    for (const [index, step] of [...steps, 1].entries()) {
      atMs += step;
      for (const { from, minutes, paid } of dueStretches(0, list, booked, atMs, index === steps.length)) {
        expect(from).toBe(booked.wall);
        expect(minutes).toBeGreaterThan(0);
        expect(minutes).toBeLessThanOrEqual(60);
        expect(Math.floor((booked.paid + paid - 1) / 60)).toBeLessThanOrEqual(Math.floor(booked.paid / 60));
        booked = { wall: from + minutes, paid: booked.paid + paid };
      }
    }
    expect(booked).toEqual({ wall: startedMinutes(0, atMs), paid: paidMinutes(0, list, 0, startedMinutes(0, atMs)) });
  }));
});

test('what is set aside lasts for as many paid minutes', () => {
  expect(paidUntilMs(0, [], { wall: 0, paid: 0 }, 60, 0)).toBe(60 * MINUTE);
  expect(paidUntilMs(0, [{ fromMs: 10 * MINUTE, untilMs: 20 * MINUTE }], { wall: 0, paid: 0 }, 60, 30 * MINUTE)).toBe(70 * MINUTE);
  expect(paidUntilMs(0, [], { wall: 60, paid: 50 }, 120, 61 * MINUTE)).toBe(130 * MINUTE);
});
