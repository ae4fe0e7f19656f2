const PICO_DIGITS = 12;
/** More digits are no price. */
const MOST = 10n ** 38n;

/** `2.5e-06`, or `0.0000025`, dollars a token as picodollars per so many tokens, exactly. Undefined: it is no such number. */
export function perToken(text: string): { price: string; per: string } | undefined {
  const match = /^(\d{1,15})(?:\.(\d{1,30}))?(?:e([+-]?\d{1,2}))?$/i.exec(text.trim());
  if (!match) return undefined;
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  const digits = BigInt(`${match[1]!}${fraction}`);
  const shift = PICO_DIGITS + Number(match[3] ?? 0) - fraction.length;
  const [price, per] = shift >= 0 ? [digits * 10n ** BigInt(shift), 1n] : reduced(digits, 10n ** BigInt(-shift));
  return price >= MOST || per >= MOST ? undefined : { price: String(price), per: String(per) };
}

function reduced(price: bigint, per: bigint): [bigint, bigint] {
  while (per > 1n && price % 10n === 0n && per % 10n === 0n) [price, per] = [price / 10n, per / 10n];
  return [price, per];
}
