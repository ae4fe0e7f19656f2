/**
 * Money on the page. Amounts arrive as strings of integer picodollars (10⁻¹² of the currency's
 * unit) and stay BigInt: no float ever touches them.
 */
const PICO = 1_000_000_000_000n;

/** The sign that a currency is written with: USD → "$", EUR → "€", CHF → "CHF ". */
export function currencySign(currency: string): string {
  try {
    const part = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).formatToParts(0).find(({ type }) => type === 'currency');
    const sign = part?.value ?? currency;
    return /[A-Z]$/.test(sign) ? `${sign} ` : sign;
  } catch {
    return `${currency} `;
  }
}

/** An amount cut into what is read apart: sign, whole units, and every decimal digit that it has (at least two). */
export interface AmountParts {
  readonly negative: boolean;
  /** Whole units with thousands separators. */
  readonly whole: string;
  /** At least two digits, no trailing zeros beyond them. */
  readonly fraction: string;
}

export function amountParts(pico: string | bigint): AmountParts {
  const amount = BigInt(pico);
  const size = amount < 0n ? -amount : amount;
  const fraction = (size % PICO).toString().padStart(12, '0').replace(/0+$/, '').padEnd(2, '0');
  return { negative: amount < 0n, whole: groupDigits((size / PICO).toString()), fraction };
}

/** Every digit: "1250000" → "$0.00000125". */
export function exactMoney(pico: string | bigint, currency: string): string {
  const { negative, whole, fraction } = amountParts(pico);
  return `${negative ? '−' : ''}${currencySign(currency)}${whole}.${fraction}`;
}

/**
 * As many digits as matter: whole units get two decimals, smaller amounts keep four significant
 * digits, and what is exact in fewer is written in fewer. Rounds half to even.
 */
export function shortMoney(pico: string | bigint, currency: string): string {
  const amount = BigInt(pico);
  const size = amount < 0n ? -amount : amount;
  return exactMoney(amount < 0n ? -shorten(size) : shorten(size), currency);
}

function shorten(size: bigint): bigint {
  if (size >= PICO) return roundTo(size, PICO / 100n);
  const digits = size.toString().length;
  // Four significant digits, but never coarser than a hundredth of the unit.
  const step = digits <= 4 ? 1n : 10n ** BigInt(digits - 4);
  return roundTo(size, step > PICO / 100n ? PICO / 100n : step);
}

function roundTo(size: bigint, step: bigint): bigint {
  const rest = size % step;
  const down = size - rest;
  const twice = rest * 2n;
  return twice > step || (twice === step && (down / step) % 2n === 1n) ? down + step : down;
}

/** The largest number of decimals that any of the amounts has, so that a column can line up at its decimal points. */
export function widestFraction(amounts: Iterable<string | bigint>): number {
  let widest = 2;
  for (const amount of amounts) widest = Math.max(widest, amountParts(amount).fraction.length);
  return widest;
}

/** Reads what a person typed ("12.50", "1,000") into picodollars; undefined when it is not an amount of at most 12 decimals. */
export function parseMoney(text: string): bigint | undefined {
  const match = /^(-)?(\d{1,18})(?:\.(\d{1,12}))?$/.exec(text.trim().replace(/^[^\d.-]+/, '').replaceAll(',', ''));
  if (!match) return undefined;
  const size = BigInt(match[2]!) * PICO + BigInt((match[3] ?? '').padEnd(12, '0'));
  return match[1] ? -size : size;
}

/** Plain digits for a form field or a command: "12500000000000" → "12.50". */
export function plainAmount(pico: string | bigint): string {
  const { negative, whole, fraction } = amountParts(pico);
  return `${negative ? '-' : ''}${whole.replaceAll(',', '')}.${fraction}`;
}

/** A price for `per` units, said per million where it is that: {price: "1250000000000", per: "1000000"} → "$1.25 per million". */
export function unitPriceText(unit: { price: string; per: string }, currency: string): string {
  const price = exactMoney(unit.price, currency);
  if (unit.per === '1000000') return `${price} per million`;
  return unit.per === '1' ? `${price} each` : `${price} per ${groupDigits(unit.per)}`;
}

/** quantity × price / per, rounded up: for "the most this can cost", which must not promise too little. */
export function ceilingOf(quantity: bigint, unit: { price: string; per: string } | undefined): bigint {
  if (!unit) return 0n;
  const per = BigInt(unit.per);
  return (quantity * BigInt(unit.price) + per - 1n) / per;
}

export function groupDigits(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}
