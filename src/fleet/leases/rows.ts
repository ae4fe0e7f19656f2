import type { Selectable } from 'kysely';
import type { Database, Executor, Schema } from '../../db/index.ts';
import type { PriceVersion } from '../../ledger/index.ts';
import type { Holding, Reservation } from '../placement/index.ts';
import type { Terms } from '../price/best-price.ts';
import { paidUntilMs } from '../price/minutes.ts';
import { rateCard } from '../price/rate-card.ts';
import { overAtMs, type Lease, type OnMachine } from './lease.ts';
import type { Wish } from './wish.ts';

export type LeaseRow = Selectable<Schema['leases']>;
export type LeaseMachineRow = Selectable<Schema['lease_machines']>;

/** A lease with its machines, as the database has them. */
export interface StoredLease {
  readonly row: LeaseRow;
  readonly machines: readonly LeaseMachineRow[];
}

/** Every lease that is not ended, oldest first. */
export async function liveLeases(database: Pick<Database, 'unscoped'>, executor: Executor = database.unscoped('leases of every organisation are kept by one worker')): Promise<StoredLease[]> {
  const rows = await executor.selectFrom('leases').selectAll().where('observed', '<>', 'ended').orderBy('created_at').orderBy('id').execute();
  return withMachines(executor, rows);
}

export async function withMachines(executor: Executor, rows: readonly LeaseRow[]): Promise<StoredLease[]> {
  if (rows.length === 0) return [];
  const machines = await executor.selectFrom('lease_machines').selectAll().where('lease_id', 'in', rows.map(({ id }) => id)).orderBy('machine_id').execute();
  const byLease = Map.groupBy(machines, ({ lease_id }) => lease_id);
  return rows.map((row) => ({ row, machines: byLease.get(row.id) ?? [] }));
}

/** Ended leases whose wipe failed keep their machines until somebody has looked. */
export async function failedMachines(executor: Executor): Promise<LeaseMachineRow[]> {
  return executor.selectFrom('lease_machines').selectAll('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id').where('stage', '=', 'failed').where('leases.observed', '=', 'ended').execute();
}

/** A lease as decisions look at it. */
export function leaseOf({ row, machines }: StoredLease, nowMs: number): Lease {
  const startMs = (row.started_at ?? row.placed_at)?.getTime() ?? null;
  return {
    id: row.id, fence: BigInt(row.fence), wanted: row.wanted, observed: row.observed, wipedOutside: row.access === 'root', endsAtMs: row.ends_at?.getTime() ?? null,
    paidUntilMs: startMs === null ? null : paidUntilMs(startMs, row.outages, { wall: row.wall_minutes, paid: row.paid_minutes }, row.held_minutes, nowMs),
    machines: machines.map((one): OnMachine => ({ machineId: one.machine_id, unitIds: one.unit_ids, stage: one.stage, grantedUntilMs: one.granted_until?.getTime() ?? null, boundMs: one.bound_at?.getTime() ?? null })),
  };
}

/** The price list as it was when the lease was quoted. */
export function priceOfLease({ price }: Pick<LeaseRow, 'price'>): PriceVersion {
  const stored = price as unknown as PriceVersion & { readonly buckets: Readonly<Record<string, { price: string; per: string }>> };
  return { ...stored, buckets: Object.fromEntries(Object.entries(stored.buckets).map(([bucket, unit]) => [bucket, { price: BigInt(unit.price), per: BigInt(unit.per) }])) };
}

export function storedPrice(price: PriceVersion): string {
  return JSON.stringify(price, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

export function termsOf(row: Pick<LeaseRow, 'price' | 'terms'>): Terms {
  const { count, leastDay } = row.terms;
  return { card: rateCard(priceOfLease(row)), count, leastDay };
}

export function wishOfRow(row: Pick<LeaseRow, 'wish'>): Wish {
  return row.wish as unknown as Wish;
}

/** What leases have, as placement sees it. Ends are planned ones; what is kept after a failed wipe has none. */
export function holdingsOf(stored: readonly StoredLease[], failed: readonly LeaseMachineRow[], marginMs: number, nowMs: number): Holding[] {
  const live = stored.filter(({ row }) => row.observed !== 'reserved').flatMap(({ row, machines }) => {
    const planned = row.minutes === null ? null : overAtMs(leaseOf({ row, machines }, nowMs));
    // One that is being ended has its machines for as long as that takes, whatever time it had left.
    const isEnding = row.wanted === 'end' || row.observed === 'ending' || row.observed === 'wiping';
    const overMs = isEnding ? Math.min(planned ?? nowMs, nowMs) : planned;
    return machines.filter(({ stage }) => stage !== 'wiped').map((one): Holding => ({
      leaseId: row.id, organisationId: row.organisation_id, projectId: row.project_id, machineId: one.machine_id, unitIds: one.unit_ids,
      untilMs: overMs === null || one.stage === 'failed' ? Number.POSITIVE_INFINITY : overMs + marginMs, apart: wishOfRow(row).apart,
    }));
  });
  return [...live, ...failed.map((one): Holding => ({ leaseId: one.lease_id, organisationId: one.organisation_id, projectId: '', machineId: one.machine_id, unitIds: one.unit_ids, untilMs: Number.POSITIVE_INFINITY, apart: null }))];
}

/** What is promised from a time on. */
export function reservationsOf(stored: readonly StoredLease[], marginMs: number): Reservation[] {
  return stored.filter(({ row }) => row.observed === 'reserved').flatMap(({ row, machines }) => machines.map((one): Reservation => ({
    leaseId: row.id, organisationId: row.organisation_id, projectId: row.project_id, machineId: one.machine_id, unitIds: one.unit_ids, apart: wishOfRow(row).apart,
    fromMs: row.starts_at!.getTime(), untilMs: row.minutes === null ? Number.POSITIVE_INFINITY : row.starts_at!.getTime() + row.minutes * 60_000 + marginMs,
  })));
}
