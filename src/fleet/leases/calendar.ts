import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import type { Place } from '../placement/index.ts';
import { MARGIN_MS } from './context.ts';
import { holdingsOf, reservationsOf, withMachines, type StoredLease } from './rows.ts';

/** Apart from the numbers of other locks. */
const LOCK = 0x7a6d_0043;

/** Whoever gives time on machines that is to come, by a promise or by a longer lease, does it one after the other. By their ids, so that no two wait for each other. */
export async function lockTimes(tx: Executor, machineIds: readonly string[]): Promise<void> {
  for (const id of [...new Set(machineIds)].toSorted()) await sql`select pg_advisory_xact_lock(${LOCK}, hashtext(${id}))`.execute(tx);
}

/** Whether what is on these units now is off them by then. */
export async function hasTime(tx: Executor, places: readonly Place[], fromMs: number, nowMs: number): Promise<boolean> {
  const held = holdingsOf(await on(tx, places.map(({ machineId }) => machineId)), [], MARGIN_MS, nowMs);
  return !held.some(({ machineId, unitIds, untilMs }) => untilMs > fromMs && places.some((one) => one.machineId === machineId && one.unitIds.some((unit) => unitIds.includes(unit))));
}

/** The first start that is promised on these units before a time; undefined: there is none. */
export async function promisedBefore(tx: Executor, places: readonly Place[], untilMs: number): Promise<number | undefined> {
  const promised = reservationsOf(await on(tx, places.map(({ machineId }) => machineId)), MARGIN_MS);
  return promised.find(({ machineId, unitIds, fromMs }) => fromMs < untilMs && places.some((one) => one.machineId === machineId && one.unitIds.some((unit) => unitIds.includes(unit))))?.fromMs;
}

/** Leases that are not ended, on any of these machines. */
async function on(tx: Executor, machineIds: readonly string[]): Promise<StoredLease[]> {
  if (machineIds.length === 0) return [];
  const rows = await tx.selectFrom('leases').selectAll().where('observed', '<>', 'ended').where('id', 'in', tx.selectFrom('lease_machines').select('lease_id').where('machine_id', 'in', machineIds)).orderBy('id').execute();
  return withMachines(tx, rows);
}
