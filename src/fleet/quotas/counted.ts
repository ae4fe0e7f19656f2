import type { Selectable } from 'kysely';
import { TandemError, formatAmount, type Picodollars } from '../../base/index.ts';
import type { Access } from '../../access/index.ts';
import type { Executor, ProviderOrderRow, Schema } from '../../db/index.ts';
import type { LeaseRow, StoredLease } from '../leases/rows.ts';
import { spendWords } from '../placement/quota-book.ts';
import type { Quota } from '../placement/index.ts';
import type { LeasableMachine, MachineSource } from '../pools/machines.ts';
import type { MachineCost } from '../price/provider-cost.ts';
import { monthAt, type Month } from './month.ts';
import { QuotaWatch, lockQuotas, useQuotas } from './quota-watch.ts';
import { leaseSpend, leasesIn, orderSpend } from './spend.ts';

type Row = Selectable<Schema['lease_quotas']>;
type Directory = Pick<Access['directory'], 'organisation' | 'projectName'>;

/** Quotas with what is used of them, as one round of placement takes them. */
export interface CountedQuotas {
  readonly quotas: readonly Quota[];
  /** What providers charge for machines; empty where no quota asks for it. */
  readonly costs: ReadonlyMap<string, MachineCost>;
  readonly month: Month;
  /** Whether they are so still. */
  readonly watch: QuotaWatch;
}

/** @param machines all that placement looks at. */
export async function countQuotas(executor: Executor, machines: readonly LeasableMachine[], source: Pick<MachineSource, 'costs'>, directory: Directory, nowMs: number): Promise<CountedQuotas> {
  const month = monthAt(nowMs);
  const rows = await executor.selectFrom('lease_quotas').selectAll().execute();
  const spending = [...new Set(rows.filter(({ spend }) => spend !== null).map(({ organisation_id }) => organisation_id))];
  // One after the other: it may be one connection's transaction.
  const leases = new Map<string, Awaited<ReturnType<typeof leasesIn>>>();
  for (const id of spending) leases.set(id, await leasesIn(executor, id, month));
  const held = [...leases.values()].flatMap((list) => list.flatMap((lease) => lease.machines.map(({ machine_id }) => machine_id)));
  const costs = spending.length === 0 ? new Map<string, MachineCost>() : await source.costs([...new Set([...machines.map(({ id }) => id), ...held])], executor);
  const quotas: Quota[] = [];
  for (const row of rows) {
    const spent = row.spend === null ? 0n : await spentOf(executor, row, leases.get(row.organisation_id) ?? [], costs, month, directory);
    quotas.push({
      scope: row.scope_kind, id: row.scope_id, holder: holderOf(row, directory), nodes: row.nodes, gpus: row.gpus, leases: row.leases,
      spend: row.spend === null ? null : { most: BigInt(row.spend), spent },
    });
  }
  return { quotas, costs, month, watch: new QuotaWatch(rows) };
}

/**
 * Refuses an order that providers would bill beyond a quota of its organisation this month, by its ceiling and its end. In the transaction that
 * writes the order: the quotas are locked until it ends.
 * @throws TandemError order_quota.
 */
export async function demandSpend(tx: Executor, orders: readonly Selectable<ProviderOrderRow>[], source: Pick<MachineSource, 'costs'>, directory: Directory, nowMs: number): Promise<void> {
  const [first] = orders;
  if (first === undefined) return;
  const rows = (await lockQuotas(tx, [first.organisation_id])).filter(({ spend }) => spend !== null);
  if (rows.length === 0) return;
  const month = monthAt(nowMs);
  const leases = await leasesIn(tx, first.organisation_id, month);
  const costs = await source.costs([...new Set(leases.flatMap(({ machines }) => machines.map(({ machine_id }) => machine_id)))], tx);
  const more = orders.reduce((sum, order) => sum + orderSpend(order, month), 0n);
  for (const row of rows) {
    const currency = directory.organisation(row.organisation_id)?.currency ?? '';
    // The orders are written already, and counted with the rest.
    const spent = await spentOf(tx, row, leases, costs, month, directory) - (first.currency === currency ? more : 0n);
    const most = BigInt(row.spend!);
    if (first.currency === currency && spent + more <= most) continue;
    throw new TandemError('order_quota', { params: { holder: holderOf(row, directory), most: formatAmount(most), currency, spent: formatAmount(spent), more: formatAmount(more), moreCurrency: first.currency } });
  }
  await useQuotas(tx, rows);
}

/**
 * Why a lease may not last until then: providers would bill more for it this month than they may. In the transaction that has it last longer: the quotas are
 * locked until that ends. Null: it may.
 */
export async function longerRefusal(tx: Executor, row: LeaseRow, endsAt: Date, source: Pick<MachineSource, 'costs'>, directory: Directory, nowMs: number): Promise<string | null> {
  const quotas = (await lockQuotas(tx, [row.organisation_id, row.project_id])).filter(({ spend }) => spend !== null);
  if (quotas.length === 0) return null;
  const month = monthAt(nowMs);
  const leases = await leasesIn(tx, row.organisation_id, month);
  const longer = leases.map((one) => (one.row.id === row.id ? { ...one, row: { ...one.row, ends_at: endsAt } } : one));
  const costs = await source.costs([...new Set(leases.flatMap(({ machines }) => machines.map(({ machine_id }) => machine_id)))], tx);
  for (const quota of quotas) {
    const spent = await spentOf(tx, quota, leases, costs, month, directory);
    const more = (await spentOf(tx, quota, longer, costs, month, directory)) - spent;
    if (more > 0n && spent + more > BigInt(quota.spend!)) return spendWords(holderOf(quota, directory), BigInt(quota.spend!), spent, more);
  }
  await useQuotas(tx, quotas);
  return null;
}

/** In the currency of the organisation; what is billed in another is not counted, and is refused where it would be ordered. */
async function spentOf(executor: Executor, row: Row, leases: readonly StoredLease[], costs: ReadonlyMap<string, MachineCost>, month: Month, directory: Directory): Promise<Picodollars> {
  const currency = directory.organisation(row.organisation_id)?.currency ?? '';
  if (row.scope_kind === 'project') return sum(leases.filter((lease) => lease.row.project_id === row.scope_id).map((lease) => leaseSpend(lease, costs, month, currency)));
  const orders = await executor.selectFrom('provider_orders').selectAll().where('organisation_id', '=', row.organisation_id).where('currency', '=', currency).execute();
  const nodes = new Set((await executor.selectFrom('order_nodes').select('node_id').where('organisation_id', '=', row.organisation_id).execute()).map(({ node_id }) => node_id));
  // A machine of its own order is billed as that, whoever has it.
  const others = leases.map((lease) => ({ ...lease, machines: lease.machines.filter(({ machine_id }) => !nodes.has(machine_id)) }));
  return sum(orders.map((order) => orderSpend(order, month))) + sum(others.map((lease) => leaseSpend(lease, costs, month, currency)));
}

function holderOf(row: Row, directory: Directory): string {
  const name = row.scope_kind === 'project' ? directory.projectName(row.scope_id) : directory.organisation(row.scope_id)?.name;
  return `the ${row.scope_kind} ${name ?? row.scope_id}${row.by_operator ? ', by the operator\'s quota,' : ''}`;
}

function sum(amounts: readonly Picodollars[]): Picodollars {
  return amounts.reduce((all, one) => all + one, 0n);
}
