export type Period = 'day' | 'month' | 'total';

/** Before every event: the one window of a budget without an end. */
const TOTAL_START_MS = 0;

/** When the window that holds `atMs` began, UTC milliseconds. Days and months are UTC; a total has one window. */
export function windowStart(period: Period, atMs: number): number {
  const at = new Date(atMs);
  switch (period) {
    case 'day':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
    case 'month':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
    case 'total':
      return TOTAL_START_MS;
  }
}

/** When the window ends (exclusive), UTC milliseconds; null: never. */
export function windowEnd(period: Period, startMs: number): number | null {
  const start = new Date(startMs);
  switch (period) {
    case 'day':
      return startMs + 86_400_000;
    case 'month':
      return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
    case 'total':
      return null;
  }
}

/** A budget, as far as it says which events it counts. */
export interface Windowed {
  readonly period: Period;
  /** When counting began: the budget's making. */
  readonly firstWindowMs: number;
}

/**
 * The start of the window in which a budget counts an event of its scope; null: the budget does not count it. A day's or
 * month's budget counts its first window from the window's start, a total counts from the budget's making.
 */
export function windowCounting(budget: Windowed, occurredAtMs: number): number | null {
  const startMs = windowStart(budget.period, occurredAtMs);
  if (budget.period === 'total') return occurredAtMs < budget.firstWindowMs ? null : startMs;
  return startMs < windowStart(budget.period, budget.firstWindowMs) ? null : startMs;
}
