import { formatAmount, parseAmount } from '../../base/index.ts';
import { usageError } from '../cli-error.ts';

/** Every digit of an amount, with its currency: $0.00000125, EUR 3.00. */
export function moneyText(pico: string, currency: string): string {
  const text = formatAmount(BigInt(pico));
  if (currency !== 'USD') return `${currency} ${text}`;
  return text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`;
}

/** `25.00` → picodollars as a string. @throws a usage error that shows the form. */
export function amountArgument(text: string, where: string, { below = false }: { /** Whether it may be below zero. */ below?: boolean } = {}): string {
  const pico = parseAmount(text.replace(/^\$/, ''));
  if (pico === undefined || pico < 0n && !below) throw usageError(`${where} is not an amount: ${text}`, 'Write it like 25.00, with at most 12 decimals.');
  return pico.toString();
}

/** A price per million tokens, from a price and the quantity it is stated for. */
export function perMillion(unit: { price: string; per: string } | undefined, currency: string): string {
  if (!unit) return '-';
  return moneyText(((BigInt(unit.price) * 1_000_000n) / BigInt(unit.per)).toString(), currency);
}
