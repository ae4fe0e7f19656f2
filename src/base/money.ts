/**
 * Money is an integer number of picodollars (10⁻¹² of the currency's unit) in a BigInt; NUMERIC
 * in Postgres; a decimal string of picodollars in JSON. A token at $0.0028 per million is 2,800
 * picodollars, so per-token prices stay whole; rates that do not (a GPU-second at $2 an hour)
 * are kept per a larger quantity and rounded once, half to even, per rated line.
 */
export type Picodollars = bigint;

export const PICO_PER_UNIT = 1_000_000_000_000n;

/** Both have room for the same: 38 digits of picodollars. */
const DECIMAL = /^(-)?(\d{1,26})(?:\.(\d{1,12}))?$/;
const INTEGER = /^-?\d{1,38}$/;

/** Parses a decimal amount of whole currency units ("12.50") exactly. `undefined` when it is not one, or has more than 12 decimals. */
export function parseAmount(text: string): Picodollars | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const whole = BigInt(match[2]!) * PICO_PER_UNIT;
  const fraction = BigInt((match[3] ?? '').padEnd(12, '0'));
  return match[1] ? -(whole + fraction) : whole + fraction;
}

/** Parses the JSON form, a string of integer picodollars. `undefined` when it is not one. */
export function parsePico(text: string): Picodollars | undefined {
  return INTEGER.test(text) ? BigInt(text) : undefined;
}

/** Every digit that the amount has, at least two decimals: 1_250_000n → "0.00000125". */
export function formatAmount(amount: Picodollars): string {
  const negative = amount < 0n;
  const digits = (negative ? -amount : amount).toString().padStart(13, '0');
  const fraction = digits.slice(-12).replace(/0+$/, '').padEnd(2, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -12)}.${fraction}`;
}

/**
 * quantity × price / per, rounded half to even: the one rounding of a rated line.
 * `per` is the quantity that the price is stated for (1,000,000 tokens, 3,600 seconds).
 */
export function multiplyPrice(quantity: bigint, price: Picodollars, per: bigint): Picodollars {
  if (per <= 0n) throw new RangeError('a price is stated for a positive quantity');
  return divideHalfEven(quantity * price, per);
}

/** Integer division that rounds to nearest, ties to the even neighbour. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  if (denominator === 0n) throw new RangeError('division by zero');
  if (denominator < 0n) return divideHalfEven(-numerator, -denominator);
  let quotient = numerator / denominator;
  let rest = numerator % denominator;
  if (rest < 0n) {
    quotient -= 1n;
    rest += denominator;
  }
  const twice = rest * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n !== 0n)) quotient += 1n;
  return quotient;
}

/** Integer division rounded up: for holds, which must cover what may come. */
export function divideUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('the divisor must be positive');
  return numerator <= 0n ? numerator / denominator : (numerator + denominator - 1n) / denominator;
}

/** An ISO 4217 code, upper case. One currency per organisation. */
export type Currency = string;

export function isCurrency(text: string): boolean {
  return /^[A-Z]{3}$/.test(text);
}
