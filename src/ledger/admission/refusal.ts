import { TandemError, formatAmount } from '../../base/index.ts';
import { nameIn } from '../budgets/counted.ts';
import type { Budget } from '../budgets/directory.ts';
import { windowEnd } from '../budgets/window.ts';
import type { Admission } from '../events/call.ts';
import { holderOf, nameOf, type PathNames } from '../holders/names.ts';
import type { PriceVersion } from '../prices/types.ts';
import { capWithin, dearest, largestFitting } from './dearest.ts';

export const PERIODS = { day: 'daily', month: 'monthly', total: 'whole' } as const;

/** The window of a budget that did not cover a call. */
export interface ShortWindow {
  readonly budget: Budget;
  /** Whose window it is, of a budget for each; see `budgets/counted.ts`. */
  readonly counted: string;
  readonly startMs: number;
  readonly amount: bigint;
  readonly spent: bigint;
  readonly left: bigint;
}

/** The 402: whose budget, how much is left, the largest cap that would still fit, and when the budget starts again. */
export function budgetExceeded(admission: Admission, price: PriceVersion, { budget, counted, startMs, amount, spent, left }: ShortWindow, nowMs: number, names: PathNames): TandemError {
  const bucket = admission.capBucket;
  const fitting = bucket === undefined || left <= 0n ? null : largestFitting(admission.worst, bucket, left, price);
  const cap = fitting === null || admission.capped === undefined ? fitting : capWithin(fitting, admission.capped);
  const largestCap = cap === 0n ? null : cap;
  const holder = holderOf(budget, nameIn(counted), names);
  const words = largestCap === null ? '' : ` At most ${largestCap} output tokens would still fit.`;
  const endMs = windowEnd(budget.period, startMs);
  const again = endMs === null ? '' : ` It starts again at ${new Date(endMs).toISOString().slice(0, 16)}Z.`;
  return new TandemError('budget_exceeded', {
    params: { period: budget.kind === 'prepaid' ? 'prepaid' : PERIODS[budget.period], holder, left: formatAmount(left), currency: budget.currency, amount: formatAmount(amount), cap: words, again },
    ...(bucket === 'output' ? { param: 'max_tokens' } : {}),
    ...(endMs === null ? {} : { retryAfterSeconds: Math.max(1, Math.ceil((endMs - nowMs) / 1_000)) }),
    facts: {
      scope: budget.scopeKind, scopeId: budget.scopeId, name: nameOf(budget, names), holder, ...(budget.subjectKind === null ? {} : { subject: budget.subjectKind }), budgetId: budget.id,
      amount: String(amount), spent: String(spent), left: String(left), needed: String(dearest(admission.worst, price)), currency: budget.currency,
      largestCap: largestCap === null ? null : String(largestCap), startsAgainAt: endMs === null ? null : new Date(endMs).toISOString(),
    },
  });
}

/** A prepaid organisation that was never given credit has nothing to spend. */
export function noCredit(admission: Admission, price: PriceVersion, names: PathNames): TandemError {
  const scope = { scopeKind: 'organisation', scopeId: admission.organisationId } as const;
  return new TandemError('budget_exceeded', {
    params: { period: 'prepaid', holder: `organisation ${nameOf(scope, names)}`, left: formatAmount(0n), currency: price.currency, amount: formatAmount(0n), cap: '', again: '' },
    facts: { scope: 'organisation', scopeId: admission.organisationId, name: nameOf(scope, names), amount: '0', spent: '0', left: '0', needed: String(dearest(admission.worst, price)), currency: price.currency, largestCap: null },
  });
}
