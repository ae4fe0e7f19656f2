import type { Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { ifSeen, seesCosts } from '../costs.ts';
import { appliedTo, leftAfterPending, readBalances } from '../credits/balances.ts';
import { invoiceView, lineView, type BillLineView } from '../invoices/invoices.ts';
import type { MoneyPathPort, NamesPort } from '../ports.ts';
import { FLEX_RULE } from '../prices/service-tier.ts';
import { ROUNDING_RULE } from '../rating/rate.ts';
import { byPlace, callsAmong, otherEntries } from './calls.ts';
import { keyLabel, projectLabel } from './labels.ts';
import { monthOf, type Month } from './months.ts';
import { snapshot } from './snapshot.ts';
import { machineCost, monthLines } from './sums.ts';

export interface BillView {
  readonly month: Month;
  readonly currency: string;
  readonly total: string;
  /** What the operator paid for it, and what is left of the total; null: the cost of at least one call is not known. Absent: the caller does not see costs. */
  readonly cost?: string | null;
  readonly margin?: string | null;
  /** What leased machines cost for these calls, as far as their minutes are split. It is paid as leases: no part of the total, of cost or of margin. Absent as these are. */
  readonly machine?: string;
  /** Calls of models; time of machines is in the lines, and none of these. */
  readonly requests: string;
  readonly lines: BillLineView[];
  readonly state: 'open' | 'closed';
  readonly invoiceNumber: string | null;
  readonly credits: { readonly applied: string; readonly available: string };
  readonly adjustments: string;
  readonly due: string;
  readonly postedThrough: string | null;
  readonly rounding: string;
}

export interface BillOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly names: NamesPort;
  readonly moneyPath: MoneyPathPort;
}

/**
 * The bill of a month: of an open month what is posted by now, of a closed one its invoice and what came
 * after. A caller that is bound to a project sees that project's lines, without the organisation's credits.
 */
export function showBill(options: BillOptions, principal: Principal, input: { month?: Month | undefined }): Promise<BillView> {
  demand(principal, 'bill.read');
  return snapshot(options.database, 'sums over the rows of the organisation given', (executor) => read(options, executor, principal, input.month ?? monthOf(options.clock.nowMs())));
}

async function read({ database, names, moneyPath }: BillOptions, executor: Executor, principal: Principal, month: Month): Promise<BillView> {
  const { organisationId, currency, projectId } = principal;
  const own = database.scoped(organisationId, executor);
  const invoice = await own.selectFrom('invoices').selectAll().where('month', '=', month).executeTakeFirst();
  const posted = await moneyPath.postedThrough(executor);
  const balances = await readBalances(executor, organisationId, names.organisation(organisationId)?.billing === 'prepaid');
  const seen = seesCosts(principal);
  const common = {
    month, currency, postedThrough: posted?.toISOString() ?? null, rounding: `${ROUNDING_RULE} ${FLEX_RULE}`,
    ...(seen && { machine: String(await machineCost(executor, organisationId, month, projectId)) }),
  };
  const othersAt = byPlace(await otherEntries(executor, organisationId, month, { projectId, invoiceId: invoice?.id ?? null }));
  const available = projectId === null ? balances.credits.reduce((sum, credit) => sum + leftAfterPending(balances, credit), 0n) : 0n;

  if (invoice !== undefined) {
    const rows = await own.selectFrom('invoice_lines').selectAll().where('invoice_id', '=', invoice.id).orderBy('position').execute();
    const lines = rows.filter((row) => projectId === null || row.project_id === projectId).map((row) => lineView(row, seen, othersAt));
    const sums = await invoiceView(executor, invoice);
    const total = sum(lines.map((line) => line.charge));
    const [adjustments, applied] = projectId === null ? [BigInt(sums.adjustments), BigInt(sums.credits)] : [0n, 0n];
    return {
      ...common, total: String(total), ...ifSeen(seen, marginOf(lines, total)), requests: String(sum(lines.map((line) => line.requests))), lines, state: 'closed', invoiceNumber: invoice.number,
      credits: { applied: String(applied), available: String(available) }, adjustments: String(adjustments), due: String(total + adjustments - applied),
    };
  }

  const lines = (await monthLines(executor, organisationId, month, projectId)).map((line): BillLineView => ({
    projectId: line.projectId, projectName: projectLabel(names, organisationId, line.projectId), keyId: line.keyId,
    keyName: keyLabel(names, line.keyId), resource: line.resource, requests: callsAmong(line.requests, othersAt(line)),
    quantities: line.quantities, charge: String(line.charge), ...ifSeen(seen, { cost: line.cost === null ? null : String(line.cost) }),
  }));
  const total = sum(lines.map((line) => line.charge));
  const applied = projectId === null ? appliedTo(balances, month) : 0n;
  return {
    ...common, total: String(total), ...ifSeen(seen, marginOf(lines, total)), requests: String(sum(lines.map((line) => line.requests))), lines, state: 'open', invoiceNumber: null,
    credits: { applied: String(applied), available: String(available) }, adjustments: '0', due: String(total - applied),
  };
}

function marginOf(lines: readonly BillLineView[], total: bigint): { cost: string | null; margin: string | null } {
  const known = lines.flatMap((line) => (line.cost === null || line.cost === undefined ? [] : [line.cost]));
  if (known.length < lines.length) return { cost: null, margin: null };
  const cost = sum(known);
  return { cost: String(cost), margin: String(total - cost) };
}

function sum(amounts: readonly string[]): bigint {
  return amounts.reduce((total, amount) => total + BigInt(amount), 0n);
}
