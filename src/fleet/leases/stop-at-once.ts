import type { LeaseOrder } from '../drivers/driver.ts';
import type { LeaseContext } from './context.ts';
import { toStop, type World } from './decide.ts';
import { leaseOf, type StoredLease } from './rows.ts';

/** A lease on one of its machines, as a driver needs it. Ranks are in the order of the machines' ids, which stand from its placing to its end. */
export function orderFor({ row, machines }: StoredLease, { machineId, unitIds }: Pick<LeaseOrder, 'machineId' | 'unitIds'>): LeaseOrder {
  const ranks = row.access === 'job' && machines.length > 1 ? { ranks: { rank: machines.findIndex((one) => one.machine_id === machineId), size: machines.length } } : {};
  return { ...ranks, leaseId: row.id, fence: BigInt(row.fence), machineId, unitIds, access: row.access, home: { from: row.from_volume_id, keep: row.keep_volume_id } };
}

/**
 * Tells every machine that a lease which is to end may run on to end it, side by side, whoever has taken the lease meanwhile: nothing is written
 * down, so whoever keeps the lease tells them again and hears it. Never throws: what is not reached is told later.
 */
export async function stopAtOnce({ driver, clock, log }: Pick<LeaseContext, 'driver' | 'clock' | 'log'>, stored: StoredLease): Promise<void> {
  const world: Pick<World, 'reaches'> = { reaches: (machineId) => driver.reaches(machineId) };
  await Promise.all(toStop(leaseOf(stored, clock.nowMs()), world).map(async (on) => {
    await driver.stop(orderFor(stored, on)).catch((error: Error) => log.debug({ lease: stored.row.id, machine: on.machineId, reason: error.message }, 'a machine could not be told at once that a lease is over'));
  }));
}
