import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { divideHalfEven, divideUp, formatAmount, multiplyPrice, parseAmount, parsePico } from './money.ts';

const amount = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n });

describe('amounts', () => {
  test('text and picodollars round-trip', () => {
    fc.assert(fc.property(amount, (pico) => {
      expect(parseAmount(formatAmount(pico))).toBe(pico);
      expect(parsePico(pico.toString())).toBe(pico);
    }));
  });

  test.each(['', '1e3', '0x10', 'NaN', 'Infinity', '1.', '.5', '1.0000000000001', '+1', ' 1', '1,5'])('%j is not an amount', (text) => {
    expect(parseAmount(text)).toBeUndefined();
  });

  test.each([[1_250_000n, '0.00000125'], [0n, '0.00'], [-5n * 10n ** 11n, '-0.50'], [10n ** 12n, '1.00']])('%s is written %s', (pico, text) => {
    expect(formatAmount(pico)).toBe(text);
  });
});

describe('rounding', () => {
  test.each([[5n, 2n, 2n], [7n, 2n, 4n], [-5n, 2n, -2n], [-7n, 2n, -4n], [1n, 3n, 0n], [2n, 3n, 1n], [3n, -2n, -2n]])('%s / %s is %s', (a, b, rounded) => {
    expect(divideHalfEven(a, b)).toBe(rounded);
  });

  test('half to even is never more than half away, and ties are even', () => {
    fc.assert(fc.property(amount, fc.bigInt({ min: 1n, max: 10n ** 12n }), (numerator, denominator) => {
      const twiceOff = 2n * (divideHalfEven(numerator, denominator) * denominator - numerator);
      const off = twiceOff < 0n ? -twiceOff : twiceOff;
      expect(off <= denominator).toBe(true);
      if (off === denominator) expect(divideHalfEven(numerator, denominator) % 2n).toBe(0n);
    }));
  });

  test('rounding up covers the exact value by less than one', () => {
    fc.assert(fc.property(amount, fc.bigInt({ min: 1n, max: 10n ** 12n }), (numerator, denominator) => {
      const over = divideUp(numerator, denominator) * denominator - numerator;
      expect(over >= 0n && over < denominator).toBe(true);
    }));
  });

  test('a GPU-second at $2 an hour is rounded once, on the line', () => {
    expect(multiplyPrice(1n, 2n * 10n ** 12n, 3600n)).toBe(555_555_556n);
    expect(multiplyPrice(3600n, 2n * 10n ** 12n, 3600n)).toBe(2n * 10n ** 12n);
  });
});
