import { TandemError } from '../../base/index.ts';
import type { Executor } from '../../db/index.ts';
import { QuotaBook } from '../placement/quota-book.ts';
import { countQuotas } from '../quotas/counted.ts';
import { lockQuotas, useQuotas } from '../quotas/quota-watch.ts';
import { leaseSpend } from '../quotas/spend.ts';
import { MARGIN_MS, type LeaseContext } from './context.ts';
import { holdingsOf, liveLeases, reservationsOf, withMachines, wishOfRow, type LeaseRow } from './rows.ts';
import { placementRequest } from './wish.ts';

/**
 * Refuses to give a lease to a project that may not have it: what it may have at a time is then had, and a home that is its project's volume stays that
 * project's. In the transaction that gives it; the project's quotas are locked until that ends, so that of two leases that are given at once both are counted.
 * @throws TandemError lease_quota, lease_volume.
 */
export async function demandHandOver(context: Pick<LeaseContext, 'database' | 'machines' | 'access' | 'clock'>, tx: Executor, row: LeaseRow, projectId: string): Promise<void> {
  const { database, machines: source, access: { directory }, clock } = context;
  if (row.project_id === projectId) return;
  if (row.keep_volume_id !== null) throw new TandemError('lease_volume', { params: { id: row.id } });
  const [stored] = await withMachines(tx, [row]);
  // Of one that has no machines yet, placement asks when it gives it some.
  if (stored!.machines.length === 0) return;
  const own = await lockQuotas(tx, [projectId]);
  if (own.length === 0) return;
  const nowMs = clock.nowMs();
  const all = await source.machines(tx);
  const { quotas, costs, month } = await countQuotas(tx, all, source, directory, nowMs);
  const others = (await liveLeases(database, tx)).filter((one) => one.row.id !== row.id);
  const byId = new Map(all.map((machine) => [machine.id, machine]));
  // Its organisation has it already: only what the project may have is asked.
  const book = new QuotaBook(quotas.filter(({ scope, id }) => scope === 'project' && id === projectId), (id) => byId.get(id), [holdingsOf(others, [], MARGIN_MS, nowMs), reservationsOf(others, MARGIN_MS)]);
  const request = placementRequest({ ...wishOfRow(row), machines: stored!.machines.length }, { id: row.id, organisationId: row.organisation_id, projectId, askedAtMs: nowMs, durationMs: null, startAtMs: null });
  const gpus = stored!.machines.reduce((sum, { machine_id, unit_ids }) => sum + (byId.get(machine_id)?.kind === 'gpu' ? unit_ids.length : 0), 0);
  const reason = book.refusal({ ...request, providerSpend: leaseSpend(stored!, costs, month, directory.organisation(row.organisation_id)?.currency ?? '') }, gpus, stored!.machines.map(({ machine_id }) => machine_id));
  if (reason !== null) throw new TandemError('lease_quota', { params: { id: row.id, action: 'handed over', reason } });
  await useQuotas(tx, own);
}
