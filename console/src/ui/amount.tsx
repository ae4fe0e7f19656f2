import { amountParts, currencySign, exactMoney, shortMoney } from '../lib/money.ts';
import { elapsed, exactTime, relativeTime, shortTime } from '../lib/format.ts';
import { useNow } from '../lib/clock.ts';

/** An amount in as many digits as matter; the exact one on hover. */
export function Money({ pico, currency }: { pico: string | bigint; currency: string }) {
  const exact = exactMoney(pico, currency);
  const short = shortMoney(pico, currency);
  return <span className="num" title={exact === short ? undefined : `${exact} exactly`}>{short}</span>;
}

/**
 * An amount in a column, every digit shown and lined up at the decimal point: what lies below a
 * hundredth stands back. `decimals` is the widest fraction of the column. The currency's sign shows
 * only where a narrow screen has no header that names it.
 */
export function ColumnMoney({ pico, decimals, currency }: { pico: string | bigint; decimals: number; currency: string }) {
  const { negative, whole, fraction } = amountParts(pico);
  const pad = '0'.repeat(Math.max(0, decimals - fraction.length));
  return (
    <span className="num column-money">
      {negative ? '−' : ''}<span className="narrow-only">{currencySign(currency)}</span>{whole}.{fraction.slice(0, 2)}<span className="fine">{fraction.slice(2)}</span>
      {pad === '' ? null : <span className="pad" aria-hidden>{pad}</span>}
    </span>
  );
}

/** A time as "3 min ago", the exact one on hover. */
export function Ago({ at, never = 'never' }: { at: string | null; never?: string }) {
  const now = useNow();
  if (at === null) return <span className="muted">{never}</span>;
  return <time dateTime={at} title={exactTime(at)}>{relativeTime(at, now)}</time>;
}

/** For how long something has been so: "3 hours", the time it began on hover. */
export function For({ since, none }: { since: string | null; none: string }) {
  const now = useNow();
  if (since === null) return <span className="muted">{none}</span>;
  return <time dateTime={since} title={exactTime(since)}>{elapsed(since, now)}</time>;
}

/** "for 3 hours", the time it began on hover; nothing where nobody noted it. */
export function Since({ at }: { at: string | null }) {
  const now = useNow();
  return at === null ? null : <time dateTime={at} title={exactTime(at)}>for {elapsed(at, now)}</time>;
}

export function When({ at }: { at: string }) {
  return <time dateTime={at} title={exactTime(at)}>{shortTime(at)}</time>;
}
