import type { Executor } from '../../db/index.ts';
import type { NodeHolds } from '../nodes/nodes.ts';
import { noteLease, type LeaseContext } from './context.ts';

/**
 * What of leases holds a machine back from being removed: those that may run there, and those that it can still be wiped of. A machine that
 * nobody reaches any more, or whose wipe failed, would otherwise stay for ever.
 */
export function leaseHolds(context: LeaseContext): NodeHolds {
  const { database, driver } = context;
  return {
    async count(tx, machineId) {
      const rows = await tx.selectFrom('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id').select(['stage', 'leases.access'])
        .where('machine_id', '=', machineId).where('leases.observed', 'not in', ['reserved', 'ended']).where('stage', 'in', ['held', 'granted', 'stopped']).execute();
      // What had root is wiped from outside, and that ends the node.
      return rows.filter(({ stage, access }) => stage !== 'stopped' || (access !== 'root' && driver.reaches(machineId))).length;
    },
    async giveUp(tx: Executor, machineId) {
      const rows = await tx.selectFrom('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id').selectAll('leases').where('machine_id', '=', machineId).where('stage', '=', 'stopped').where('leases.observed', '<>', 'ended').execute();
      for (const row of rows) {
        await database.scoped(row.organisation_id, tx).updateTable('lease_machines').set({ stage: 'failed' }).where('lease_id', '=', row.id).where('machine_id', '=', machineId).execute();
        await noteLease(context, tx, row, 'wipe-failed', 'its machine was removed before it could be wiped');
      }
    },
  };
}
