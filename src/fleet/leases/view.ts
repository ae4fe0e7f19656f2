import type { Selectable } from 'kysely';
import type { Schema } from '../../db/index.ts';
import { jobView, type JobView, type StoredJob } from '../jobs/rows.ts';
import { readLeaseBounds, type LeaseBounds } from '../drivers/lease-bounds.ts';
import { priceOf } from '../price/best-price.ts';
import { paidMinutes, startedMinutes } from '../price/minutes.ts';
import { costOfMinutes, type MachineCost } from '../price/provider-cost.ts';
import { leaseOf, priceOfLease, termsOf, type LeaseRow, type StoredLease } from './rows.ts';
import type { LeaseState } from './lease.ts';

/** A lease as the control API shows it. Amounts are picodollars as text. */
export interface LeaseView {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly askedBy: string;
  readonly access: LeaseRow['access'];
  readonly state: LeaseState;
  readonly reason: string | null;
  readonly wait: { readonly code: string; readonly holders: string[]; readonly forecastAt: string | null } | null;
  readonly pool: string;
  readonly resource: string;
  readonly count: number;
  readonly leastDay: boolean;
  readonly machines: { readonly machineId: string; readonly units: string[]; readonly stage: string; readonly bounds: LeaseBounds | null }[];
  readonly startsAt: string | null;
  readonly startedAt: string | null;
  readonly endsAt: string | null;
  readonly paidUntil: string | null;
  readonly stoppedAt: string | null;
  readonly endedAt: string | null;
  readonly createdAt: string;
  readonly minutes: { readonly asked: number | null; readonly paid: number; readonly outOfReach: number };
  readonly cost: { readonly currency: string; readonly soFar: string; readonly booked: string; readonly atEnd: string | null; readonly thisMonth: string; readonly atMost: string | null; readonly provider?: ProviderCostView | null };
  readonly moneyShort: boolean;
  readonly volumeId: string | null;
  /** Its sessions are recorded. */
  readonly record: boolean;
  /** What it runs once; null: nothing of that kind. */
  readonly job: JobView | null;
}

/** What providers charge for a lease's machines, by its share of them. Null: not known; absent: the caller does not see costs. */
export interface ProviderCostView {
  readonly soFar: string;
  readonly perHour: string;
}

export interface LeaseEventView {
  readonly at: string;
  readonly kind: string;
  readonly detail: string;
}

/** @param own ids of leases that the caller may see: those of others are counted, not named. */
export function leaseView({ row, machines }: StoredLease, nowMs: number, own: (leaseId: string) => boolean, job?: StoredJob): LeaseView {
  const { paidUntilMs } = leaseOf({ row, machines }, nowMs);
  const iso = (at: Date | null) => at?.toISOString() ?? null;
  const figures = costOf(row, nowMs);
  return {
    id: row.id, name: row.name, projectId: row.project_id, askedBy: row.asked_by, access: row.access, state: row.observed, reason: row.reason,
    wait: row.wait_code === null ? null : { code: row.wait_code, holders: row.wait_holders.filter(own), forecastAt: iso(row.forecast_at) },
    pool: String(row.wish['pool']), resource: row.resource, count: row.terms.count, leastDay: row.terms.leastDay,
    machines: machines.map((one) => ({ machineId: one.machine_id, units: one.unit_ids, stage: one.stage, bounds: readLeaseBounds(one.bounds) })),
    startsAt: iso(row.starts_at), startedAt: iso(row.started_at), endsAt: iso(row.ends_at), paidUntil: row.stopped_at !== null || paidUntilMs === null ? null : new Date(paidUntilMs).toISOString(),
    stoppedAt: iso(row.stopped_at), endedAt: iso(row.ended_at), createdAt: row.created_at.toISOString(),
    minutes: { asked: row.minutes, paid: figures.paid, outOfReach: figures.outOfReach }, cost: figures.cost, moneyShort: row.money_short, volumeId: row.keep_volume_id, record: row.record, job: job === undefined ? null : jobView(job),
  };
}

export function leaseEventView({ at, kind, detail }: Selectable<Schema['lease_events']>): LeaseEventView {
  return { at: at.toISOString(), kind, detail };
}

/** What it has cost up to now, to the started minute, and what it comes to by its end and by the month's. */
function costOf(row: LeaseRow, nowMs: number): { paid: number; outOfReach: number; cost: LeaseView['cost'] } {
  const terms = termsOf(row);
  const { currency } = priceOfLease(row);
  const startMs = row.started_at?.getTime() ?? null;
  const untilMs = row.stopped_at?.getTime() ?? nowMs;
  const wall = startMs === null ? 0 : startedMinutes(startMs, untilMs);
  const paid = startMs === null ? 0 : row.paid_minutes + paidMinutes(startMs, row.outages, row.wall_minutes, wall);
  const soFar = priceOf(terms, paid);
  const monthEnd = Date.UTC(new Date(nowMs).getUTCFullYear(), new Date(nowMs).getUTCMonth() + 1, 1);
  const monthStart = Date.UTC(new Date(nowMs).getUTCFullYear(), new Date(nowMs).getUTCMonth(), 1);
  const before = startMs === null ? 0 : Math.min(paid, startedMinutes(startMs, monthStart));
  // The minute that is begun is paid already.
  const byMonthEnd = startMs === null || row.stopped_at !== null ? paid : paid + Math.max(0, startedMinutes(startMs, Math.min(monthEnd, row.ends_at?.getTime() ?? monthEnd)) - wall);
  return {
    paid, outOfReach: Math.max(0, wall - paid),
    cost: {
      currency, soFar: String(soFar), booked: row.charged, atMost: row.at_most,
      atEnd: row.minutes === null ? null : String(row.stopped_at === null ? priceOf(terms, Math.max(row.minutes, paid)) : soFar),
      thisMonth: String(priceOf(terms, byMonthEnd) - priceOf(terms, before)),
    },
  };
}

/** @param costs of the lease's machines. */
export function providerCostView({ row, machines }: StoredLease, costs: ReadonlyMap<string, MachineCost>, nowMs: number): ProviderCostView | null {
  const { currency } = priceOfLease(row);
  const minutes = row.started_at === null ? 0 : startedMinutes(row.started_at.getTime(), row.stopped_at?.getTime() ?? nowMs);
  const [soFar, perHour] = [costOfMinutes(costs, machines, minutes, currency), costOfMinutes(costs, machines, 60, currency)];
  return soFar === null || perHour === null ? null : { soFar: String(soFar), perHour: String(perHour) };
}
