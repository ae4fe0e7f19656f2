import { noteLease, type LeaseContext } from './context.ts';

const MINUTE = 60_000;

/**
 * A machine says that leases with time left do not run on it: their sandbox or its keeper ended by itself. What was granted counts as lost, so
 * it is granted again, and the minutes are not paid. Leases that are being ended anyway, or are on another machine, are left alone.
 */
export async function noteStopped(context: LeaseContext, machineId: string, leaseIds: readonly string[]): Promise<void> {
  const { database, clock } = context;
  if (leaseIds.length === 0) return;
  const known = await database.unscoped('leases that a machine says it does not run').selectFrom('lease_machines').select('lease_id').where('machine_id', '=', machineId).where('lease_id', 'in', leaseIds).where('stage', '=', 'granted').where('granted_until', 'is not', null).execute();
  for (const { lease_id: id } of known) {
    await database.transaction(async (tx) => {
      const row = await tx.selectFrom('leases').selectAll().where('id', '=', id).where('observed', 'in', ['granting', 'running']).where('wanted', '=', 'run').forUpdate().executeTakeFirst();
      if (row === undefined) return;
      const own = database.scoped(row.organisation_id, tx);
      const changed = await own.updateTable('lease_machines').set({ granted_until: null }).where('lease_id', '=', id).where('machine_id', '=', machineId).where('stage', '=', 'granted').where('granted_until', 'is not', null).returning('lease_id').execute();
      if (changed.length === 0) return;
      await noteLease(context, tx, row, 'stopped-by-itself', 'its sandbox ended by itself and is started again: this minute is not paid');
      const last = row.outages.at(-1);
      if (row.started_at === null || last?.untilMs === null) return;
      const nowMs = clock.nowMs();
      // One that ends again and again is one outage, or the row would grow without end.
      const outages = last !== undefined && nowMs - last.untilMs < MINUTE ? [...row.outages.slice(0, -1), { ...last, untilMs: nowMs }] : [...row.outages, { fromMs: nowMs, untilMs: nowMs }];
      await own.updateTable('leases').set({ outages: JSON.stringify(outages) }).where('id', '=', id).execute();
    });
  }
}
