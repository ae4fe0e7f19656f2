import type { UnitPrice } from './types.ts';

const NUMBER = /^(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;
/** Picodollars are 10^-12. */
const PICO_DIGITS = 12;
/** Prices are stated for a million, or for a larger power of ten when that alone makes them whole. */
const LEAST_PER_DIGITS = 6;
const MOST_PER_DIGITS = 18;

/**
 * The price of one unit, given in whole currency as a JSON number (1.25e-06), exactly: from the shortest
 * decimal text of the number, which is what its author wrote, and never by arithmetic on binary floats.
 * Undefined for a negative number, or one that is not whole in picodollars for 10^18 units.
 */
export function unitPriceOf(value: number): UnitPrice | undefined {
  const match = NUMBER.exec(String(value));
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  const digits = BigInt(match[1]! + fraction);
  if (digits === 0n) return { price: 0n, per: 10n ** BigInt(LEAST_PER_DIGITS) };
  // value = digits × 10^exponent; picodollars for 10^k units = digits × 10^(exponent + 12 + k).
  const exponent = Number(match[3] ?? '0') - fraction.length;
  const perDigits = Math.max(LEAST_PER_DIGITS, -(exponent + PICO_DIGITS));
  if (perDigits > MOST_PER_DIGITS || exponent > PICO_DIGITS) return undefined;
  return { price: digits * 10n ** BigInt(exponent + PICO_DIGITS + perDigits), per: 10n ** BigInt(perDigits) };
}
