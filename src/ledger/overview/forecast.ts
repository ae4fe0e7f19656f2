import { divideHalfEven, type Picodollars } from '../../base/index.ts';
import { monthEndMs, monthStartMs, type Month } from '../bill/months.ts';

const DAY_MS = 86_400_000;

/** Spend by the end of the month if it goes on as it has since its start; null while the first day is not over. */
export function forecast(spend: Picodollars, month: Month, nowMs: number): Picodollars | null {
  const elapsedMs = Math.min(nowMs, monthEndMs(month)) - monthStartMs(month);
  if (elapsedMs < DAY_MS) return null;
  return divideHalfEven(spend * BigInt(monthEndMs(month) - monthStartMs(month)), BigInt(elapsedMs));
}
