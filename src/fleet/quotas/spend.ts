import type { Selectable } from 'kysely';
import type { Picodollars } from '../../base/index.ts';
import type { Executor, ProviderOrderRow } from '../../db/index.ts';
import type { LeaseRow, StoredLease } from '../leases/rows.ts';
import { withMachines } from '../leases/rows.ts';
import { needOf, unitMatches } from '../placement/fits.ts';
import type { PlacementRequest } from '../placement/index.ts';
import type { LeasableMachine } from '../pools/machines.ts';
import { costOfMinutes, type MachineCost } from '../price/provider-cost.ts';
import { goesAtMs } from '../providers/orders/decide.ts';
import { factsOf } from '../providers/orders/order-reconciler.ts';
import { chargedBy } from '../providers/orders/release-time.ts';
import { minutesIn, type Month } from './month.ts';

/** What a provider charges for an order within a month: what it has charged, and what it will by the order's own end, or the month's. */
export function orderSpend(row: Selectable<ProviderOrderRow>, month: Month): Picodollars {
  const facts = factsOf(row);
  if (row.observed === 'gone' && row.billed_since === null) return 0n;
  const endMs = Math.min((row.left_at ?? row.gone_at)?.getTime() ?? goesAtMs(facts), month.endMs - 1);
  if (endMs < month.startMs) return 0n;
  const { terms } = facts;
  return chargedBy(terms, Math.max(endMs, terms.startedAtMs + 1)) - (terms.startedAtMs >= month.startMs ? 0n : chargedBy(terms, month.startMs));
}

/** What providers charge for a lease's machines within a month: up to now, and on to its planned end, or the month's. Unknown counts as nothing. */
export function leaseSpend({ row, machines }: StoredLease, costs: ReadonlyMap<string, MachineCost>, month: Month, currency: string): Picodollars {
  // What is promised is counted from its start on: the machines are had then, whatever else is asked for meanwhile.
  const startMs = (row.started_at ?? row.placed_at ?? (row.observed === 'reserved' ? row.starts_at : null))?.getTime();
  if (startMs === undefined) return 0n;
  const endMs = (row.stopped_at ?? row.ended_at ?? row.ends_at)?.getTime() ?? (row.observed === 'reserved' && row.minutes !== null ? startMs + row.minutes * 60_000 : month.endMs);
  return costOfMinutes(costs, machines, minutesIn(month, startMs, endMs), currency) ?? 0n;
}

/** The most that providers would charge for a request within the month, by the dearest machine that fits it. */
export function requestSpend(request: PlacementRequest, machines: readonly LeasableMachine[], costs: ReadonlyMap<string, MachineCost>, month: Month, nowMs: number, currency: string): Picodollars {
  const fromMs = request.startAtMs ?? nowMs;
  const minutes = minutesIn(month, fromMs, request.durationMs === null ? month.endMs : fromMs + request.durationMs);
  return machines.reduce((most, machine) => {
    const cost = costs.get(machine.id);
    if (cost === undefined || (request.pool !== null && machine.pool !== request.pool) || !machine.units.some((unit) => unitMatches(unit, request))) return most;
    const unitIds = machine.units.slice(0, needOf(machine, request)).map(({ id }) => id);
    const one = costOfMinutes(costs, [{ machine_id: machine.id, unit_ids: unitIds }], minutes, currency) ?? 0n;
    const all = one * BigInt(request.machines);
    return all > most ? all : most;
  }, 0n);
}

/** Leases of an organisation that were live in the month. */
export async function leasesIn(executor: Executor, organisationId: string, month: Month): Promise<StoredLease[]> {
  const rows: LeaseRow[] = await executor.selectFrom('leases').selectAll().where('organisation_id', '=', organisationId)
    .where((or) => or.or([or('ended_at', 'is', null), or('ended_at', '>=', new Date(month.startMs))])).execute();
  return withMachines(executor, rows);
}
