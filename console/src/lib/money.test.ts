import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountParts, ceilingOf, currencySign, exactMoney, parseMoney, plainAmount, shortMoney, unitPriceText, widestFraction } from './money.ts';

describe('money on the page', () => {
  it('shows every digit of tiny amounts', () => {
    expect(exactMoney('1250000', 'USD')).toBe('$0.00000125');
    expect(exactMoney('0', 'USD')).toBe('$0.00');
    expect(exactMoney('-1234567890000000000', 'EUR')).toBe('−€1,234,567.89');
    expect(exactMoney('1', 'USD')).toBe('$0.000000000001');
  });

  it('shortens to as many digits as matter, half to even', () => {
    expect(shortMoney('1250000', 'USD')).toBe('$0.00000125');
    expect(shortMoney('123456789012', 'USD')).toBe('$0.1235');
    expect(shortMoney('12345678901234', 'USD')).toBe('$12.35');
    expect(shortMoney('12345000000000', 'USD')).toBe('$12.34');
    expect(shortMoney('12355000000000', 'USD')).toBe('$12.36');
    expect(shortMoney('999999999999', 'USD')).toBe('$1.00');
    expect(shortMoney('5', 'USD')).toBe('$0.000000000005');
    expect(shortMoney('-500000000000', 'USD')).toBe('−$0.50');
  });

  it('writes currencies without a sign of their own by code', () => {
    expect(currencySign('CHF')).toBe('CHF ');
    expect(currencySign('USD')).toBe('$');
    expect(currencySign('x')).toBe('x ');
  });

  it('reads what was typed and refuses the rest', () => {
    expect(parseMoney('$1,000.5')).toBe(1_000_500_000_000_000n);
    expect(parseMoney('12.1234567890123')).toBeUndefined();
    expect(parseMoney('1e3')).toBeUndefined();
    expect(parseMoney('')).toBeUndefined();
  });

  it('loses nothing between picodollars and text', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 29n), max: 10n ** 29n }), (amount) => {
      expect(parseMoney(plainAmount(amount))).toBe(amount);
    }));
  });

  it('shortens by less than one part in a thousand, or half a cent', () => {
    fc.assert(fc.property(fc.bigInt({ min: 1n, max: 10n ** 24n }), (amount) => {
      const short = parseMoney(shortMoney(amount, 'USD'))!;
      const off = short > amount ? short - amount : amount - short;
      expect(off * 1000n <= amount || off <= 5_000_000_000n).toBe(true);
    }));
  });

  it('lines columns up and states prices', () => {
    expect(widestFraction(['1250000', '100000000000'])).toBe(8);
    expect(amountParts('1500000000000')).toEqual({ negative: false, whole: '1', fraction: '50' });
    expect(unitPriceText({ price: '1250000000000', per: '1000000' }, 'USD')).toBe('$1.25 per million');
    expect(unitPriceText({ price: '2000000000000', per: '3600' }, 'USD')).toBe('$2.00 per 3,600');
    expect(ceilingOf(3n, { price: '10', per: '4' })).toBe(8n);
    expect(ceilingOf(3n, undefined)).toBe(0n);
  });
});
