import type { Database } from '../../db/index.ts';
import type { Clock } from '../../base/index.ts';

/** Below it a GPU does nothing worth the name, in percent. */
const LEAST_DUTY = 5;
/** Below it the processors of a machine do nothing but keep it running: a share of all, and at least so many. */
const LEAST_LOAD = { share: 0.05, processors: 0.5 };

/**
 * Which parts of a machine did something in the last minute, by what its agent tells: a GPU by its duty, a slice by that of its GPU, a machine as a
 * whole by its load. Pure. The machine may say anything; it decides about nothing but a notice to its own tenant.
 */
export function busyUnits(inventory: Readonly<Record<string, unknown>>): (unitId: string) => boolean {
  const gpus: unknown[] = Array.isArray(inventory['gpus']) ? inventory['gpus'] : [];
  const cores = numberOf((inventory['cpu'] as { cores?: unknown } | null | undefined)?.cores) ?? 1;
  const load = numberOf(inventory['load']) ?? 0;
  const whole = load >= Math.max(LEAST_LOAD.processors, cores * LEAST_LOAD.share);
  const duty = (index: number): boolean => (numberOf((gpus[index] as { duty?: unknown } | null | undefined)?.duty) ?? 0) >= LEAST_DUTY;
  return (unitId) => {
    const gpu = /^gpu-(\d{1,3})(?:-\d{1,3})?$/.exec(unitId)?.[1];
    return gpu === undefined ? whole : duty(Number(gpu));
  };
}

/** Whoever has a part of a machine that works uses it, whether or not somebody has entered it. */
export async function noteBusy({ database, clock }: { readonly database: Database; readonly clock: Clock }, machineId: string, inventory: Readonly<Record<string, unknown>>): Promise<void> {
  const all = database.unscoped('who has a machine that said that it works');
  const held = await all.selectFrom('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id').select(['leases.id', 'lease_machines.unit_ids'])
    .where('lease_machines.machine_id', '=', machineId).where('leases.observed', '=', 'running').where('leases.idle_minutes', 'is not', null).execute();
  const busy = busyUnits(inventory);
  const used = held.filter(({ unit_ids }) => unit_ids.some(busy)).map(({ id }) => id);
  if (used.length > 0) await all.updateTable('leases').set({ used_at: new Date(clock.nowMs()) }).where('id', 'in', used).execute();
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
