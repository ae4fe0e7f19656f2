import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trendOf } from './trend.ts';

const line = (slope: number, level: number, count: number) => Array.from({ length: count }, (_, x) => ({ x, y: level + slope * x }));

test('points on a line have its slope and no error', () => {
  fc.assert(fc.property(fc.integer({ min: -1_000, max: 1_000 }), fc.integer({ min: -1_000, max: 1_000 }), fc.integer({ min: 3, max: 20 }), (slope, level, count) => {
    expect(trendOf(line(slope, level, count))).toEqual({ slope, error: 0 });
  }));
});

test('one point far off moves neither up nor down what the others say', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 10 }), fc.integer({ min: -100_000, max: 100_000 }), (at, far) => {
    const points = line(3, 50, 11).map(({ x, y }) => ({ x, y: x === at ? y + far : y }));
    expect(trendOf(points).slope).toBe(3);
  }));
});

test('the error is that of the slope: as large as the points lie off, and smaller the further apart they are', () => {
  const off = (far: number) => line(0, 0, 12).map(({ x }) => ({ x: x * far, y: x % 2 }));
  const { error } = trendOf(off(1));
  // Half a unit off on each side, twelve points whose squares around the middle add up to 143: sqrt(12 × 0.25 / 10 / 143), and a little for the slope.
  expect(error).toBeCloseTo(0.0458, 3);
  expect(trendOf(off(10)).error).toBeCloseTo(error / 10, 9);
});

test('what no line goes through is refused', () => {
  expect(() => trendOf(line(1, 0, 2))).toThrow(RangeError);
  expect(() => trendOf([1, 2, 3].map((y) => ({ x: 7, y })))).toThrow(RangeError);
});
