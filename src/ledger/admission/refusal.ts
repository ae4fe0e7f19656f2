import { TandemError, formatAmount } from '../../base/index.ts';
import type { Budget } from '../budgets/directory.ts';
import type { Admission } from '../events/call.ts';
import type { CallerTier, PriceVersion } from '../prices/types.ts';
import { dearest, largestFitting } from './dearest.ts';

/** Names and owners from memory: `access.directory` is one. */
export interface PathNames {
  organisation(id: string): { readonly name?: string; readonly currency: string; readonly billing: 'postpaid' | 'prepaid' } | undefined;
  projectName(id: string): string | null;
  keyName(id: string): string | null;
  project(id: string): { readonly organisationId: string; readonly tier: CallerTier } | undefined;
  principalOfKey(id: string): { readonly organisationId: string } | null;
}

const PERIODS = { day: 'daily', month: 'monthly', total: 'whole' } as const;

/** The 402: whose budget, how much is left, and the largest cap that would still fit. */
export function budgetExceeded(
  admission: Admission, price: PriceVersion, budget: Budget, window: { amount: bigint; spent: bigint; left: bigint }, names: PathNames,
): TandemError {
  const { left, spent, amount } = window;
  const bucket = admission.capBucket;
  const largestCap = bucket === undefined || left <= 0n ? null : largestFitting(admission.worst, bucket, left, price);
  const name = nameOf(budget, names);
  const cap = largestCap === null ? '' : ` At most ${largestCap} output tokens would still fit.`;
  return new TandemError('budget_exceeded', {
    params: {
      period: budget.kind === 'prepaid' ? 'prepaid' : PERIODS[budget.period], scope: budget.scopeKind, name,
      left: formatAmount(left), currency: budget.currency, amount: formatAmount(amount), cap,
    },
    ...(bucket === 'output' ? { param: 'max_tokens' } : {}),
    facts: {
      scope: budget.scopeKind, scopeId: budget.scopeId, name, budgetId: budget.id, amount: String(amount), spent: String(spent), left: String(left),
      needed: String(dearest(admission.worst, price)), currency: budget.currency, largestCap: largestCap === null ? null : String(largestCap),
    },
  });
}

/** A prepaid organisation that was never given credit has nothing to spend. */
export function noCredit(admission: Admission, price: PriceVersion, names: PathNames): TandemError {
  const scope = { scopeKind: 'organisation', scopeId: admission.organisationId } as const;
  return new TandemError('budget_exceeded', {
    params: { period: 'prepaid', scope: 'organisation', name: nameOf(scope, names), left: formatAmount(0n), currency: price.currency, amount: formatAmount(0n), cap: '' },
    facts: { scope: 'organisation', scopeId: admission.organisationId, name: nameOf(scope, names), amount: '0', spent: '0', left: '0', needed: String(dearest(admission.worst, price)), currency: price.currency, largestCap: null },
  });
}

export function nameOf(budget: Pick<Budget, 'scopeKind' | 'scopeId'>, names: PathNames): string {
  switch (budget.scopeKind) {
    case 'organisation':
      return names.organisation(budget.scopeId)?.name ?? budget.scopeId;
    case 'project':
      return names.projectName(budget.scopeId) ?? budget.scopeId;
    case 'key':
      return names.keyName(budget.scopeId) ?? budget.scopeId;
  }
}
