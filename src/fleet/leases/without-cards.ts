import type { Database } from '../../db/index.ts';

/**
 * Which leases have a card of this machine that is broken or gone, as its agent sees it, which knows cards by their own ids. It may say anything: the one
 * who loses by it is whose machine it is. What follows is noted with the lease by its upkeep.
 */
export async function noteWithoutCards(database: Database, machineId: string, leaseIds: readonly string[]): Promise<void> {
  const all = database.unscoped('whoever has a card that is broken');
  const machines = all.updateTable('lease_machines').where('machine_id', '=', machineId);
  await machines.set({ card_broken: false }).where('card_broken', '=', true).$if(leaseIds.length > 0, (query) => query.where('lease_id', 'not in', leaseIds)).execute();
  if (leaseIds.length > 0) await machines.set({ card_broken: true }).where('card_broken', '=', false).where('stage', '=', 'granted').where('lease_id', 'in', leaseIds).execute();
}
