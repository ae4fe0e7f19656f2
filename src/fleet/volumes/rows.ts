import type { Selectable } from 'kysely';
import { TandemError } from '../../base/index.ts';
import type { Database, Executor, Schema } from '../../db/index.ts';
import type { WipeReport } from '../drivers/driver.ts';
import type { LeaseContext } from '../leases/context.ts';
import type { LeaseRow } from '../leases/rows.ts';
import { meterVolume } from './metering.ts';

export type VolumeRow = Selectable<Schema['volumes']>;

const DAY_MS = 86_400_000;

/** A volume of a project that a lease may have for its home. @throws TandemError resource_not_found, volume_state. */
export async function volumeNamed(database: Database, organisationId: string, projectId: string, name: string): Promise<VolumeRow> {
  const row = await database.scoped(organisationId).selectFrom('volumes').selectAll().where('project_id', '=', projectId).where('name', '=', name).where('ended_at', 'is', null).executeTakeFirst();
  if (row === undefined) throw new TandemError('resource_not_found', { params: { kind: 'volume', id: name, verb: 'volumes' } });
  if (row.state !== 'kept') throw new TandemError('volume_state', { params: { name, state: row.state, action: 'taken by a lease' } });
  return row;
}

/** Gives a volume to one lease. @throws TandemError volume_state when another was faster. */
export async function takeVolume(database: Database, tx: Executor, { organisation_id, id, name }: VolumeRow, leaseId: string): Promise<void> {
  const taken = await database.scoped(organisation_id, tx).updateTable('volumes').set({ state: 'in-use', lease_id: leaseId }).where('id', '=', id).where('state', '=', 'kept').returning('id').executeTakeFirst();
  if (taken === undefined) throw new TandemError('volume_state', { params: { name, state: 'in-use', action: 'taken by a lease' } });
}

/**
 * What becomes of the volume of a lease, once the lease is wiped or is over without having been anywhere. Done again, it changes nothing.
 * @param kept what the machine said it put aside; undefined: the lease was never on a machine.
 */
export async function settleVolume(context: Pick<LeaseContext, 'database' | 'clock' | 'newId' | 'standing' | 'access'>, tx: Executor, row: Pick<LeaseRow, 'organisation_id' | 'id' | 'from_volume_id' | 'keep_volume_id'>, kept: WipeReport['kept'] | undefined): Promise<void> {
  if (row.keep_volume_id === null) return;
  const { database, clock } = context;
  const nowMs = clock.nowMs();
  const own = database.scoped(row.organisation_id, tx);
  const volume = await own.selectFrom('volumes').selectAll().where('id', '=', row.keep_volume_id).where('lease_id', '=', row.id).where('state', 'in', ['new', 'in-use']).forUpdate().executeTakeFirst();
  if (volume === undefined) return;
  // Up to now it had the size that it had; from the next hour on it has another.
  if (kept) await meterVolume(context, tx, volume, nowMs, true);
  const change = own.updateTable('volumes').where('id', '=', volume.id);
  if (kept) await change.set({ state: 'kept', lease_id: null, files: String(kept.files), bytes: String(kept.bytes), kept_at: new Date(nowMs), expires_at: new Date(nowMs + volume.days * DAY_MS) }).execute();
  // It lies where it lay: nobody has touched it.
  else if (kept === undefined && row.from_volume_id === volume.id) await change.set({ state: 'kept', lease_id: null }).execute();
  else await change.set({ state: 'lost', lease_id: null, ended_at: new Date(nowMs), ...(volume.kept_at !== null && { metered_until: new Date(nowMs) }), reason: kept === undefined ? 'the lease ended before it had a home' : 'the machine kept nothing of the lease' }).execute();
}
