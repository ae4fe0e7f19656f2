import { exactMoney, shortMoney } from '../lib/money.ts';

const PERIOD = { day: 'a day', month: 'a month', total: 'in all' } as const;
export type Period = keyof typeof PERIOD;
export const periodText = (period: Period): string => PERIOD[period];
const WINDOW = { day: 'today', month: 'this month', total: 'in all' } as const;
/** The window that runs now: "$3 left this month". */
export const windowText = (period: Period): string => WINDOW[period];

/** Spent of a budget as a bar and as words. `held` is what running calls have reserved. */
export function BudgetMeter({ amount, spent, held = '0', period, currency }: { amount: string; spent: string; held?: string; period: Period; currency: string }) {
  const whole = BigInt(amount);
  const percent = (part: bigint): number => (whole === 0n ? 100 : Math.min(100, Number((part * 1000n) / whole) / 10));
  const used = percent(BigInt(spent));
  const tone = used >= 100 ? 'bad' : used >= 90 ? 'warn' : '';
  return (
    <span className="meter" title={`${exactMoney(spent, currency)} of ${exactMoney(amount, currency)} spent${held === '0' ? '' : `, ${exactMoney(held, currency)} held`}`}>
      <span className={`meter-bar ${tone}`} aria-hidden><span className="meter-spent" style={{ width: `${used}%` }} /><span className="meter-held" style={{ width: `${Math.min(100 - used, percent(BigInt(held)))}%` }} /></span>
      <span className="meter-text num">{shortMoney(spent, currency)} <span className="muted">of {shortMoney(amount, currency)} {PERIOD[period]}</span></span>
    </span>
  );
}
