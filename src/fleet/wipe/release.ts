import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import { noteLease, type LeaseContext } from '../leases/context.ts';
import { NODES_CHANNEL, noteEvent } from '../nodes/context.ts';
import { nodeView, type NodeView } from '../nodes/node-view.ts';

/**
 * Lets a machine out of quarantine that came there by a wipe that was not clean. Nobody's word is taken for it: the machine takes nothing
 * new, is wiped again, and goes back into quarantine if that is not clean either. A clean one serves when somebody says so.
 * @throws TandemError resource_not_found, release_refused.
 */
export async function releaseNode(context: LeaseContext, principal: Principal, id: string, reason: string): Promise<NodeView> {
  demand(principal, 'nodes.write');
  const { database, clock, access } = context;
  const now = new Date(clock.nowMs());
  const row = await database.transaction(async (tx) => {
    const own = database.scoped(principal.organisationId, tx);
    const node = await own.selectFrom('nodes').selectAll().where('id', '=', id).where('removed_at', 'is', null).forUpdate().executeTakeFirst();
    if (node === undefined) throw new TandemError('resource_not_found', { params: { kind: 'node', id, verb: 'node list' } });
    // Whoever had it: the machine is the caller's.
    const failed = await tx.selectFrom('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id').selectAll('leases').where('machine_id', '=', id).where('stage', '=', 'failed').execute();
    if (node.quarantined_at === null || failed.length === 0) {
      throw new TandemError('release_refused', { params: { name: node.name, reason: node.quarantined_at === null ? 'it is not quarantined' : 'it is not there for a wipe, but for its identity' } });
    }
    for (const lease of failed) {
      await database.scoped(lease.organisation_id, tx).updateTable('lease_machines').set({ stage: 'stopped' }).where('lease_id', '=', lease.id).where('machine_id', '=', id).execute();
      await database.scoped(lease.organisation_id, tx).updateTable('leases').set({ observed: 'wiping' }).where('id', '=', lease.id).where('observed', '=', 'ended').execute();
      await noteLease(context, tx, lease, 'wiped-again', 'its machine was released from quarantine, and is wiped again');
    }
    await noteEvent(context, tx, node, 'released', `from quarantine by ${principal.actor.label}: ${reason}; it is wiped again`);
    await database.notify(tx, NODES_CHANNEL, id);
    await access.audit.record(tx, principal, { action: 'node.release', resourceKind: 'node', resourceId: id, change: { name: node.name, reason } });
    return own.updateTable('nodes').set({
      quarantined_at: null, quarantine_reason: null, wanted: 'cordon', wanted_reason: `released from quarantine: ${reason}`.slice(0, 300), wanted_by: principal.actor.label, wanted_at: now, deadline_at: null,
    }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
  });
  return nodeView(row, clock.nowMs());
}
