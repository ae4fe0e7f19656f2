import { divideHalfEven, type Picodollars } from '../../base/index.ts';

/** What a machine's provider charges for all of it. */
export interface MachineCost {
  readonly perHour: Picodollars;
  readonly currency: string;
  /** Parts of the machine that are leased by themselves: each carries the same share. */
  readonly units: number;
}

/** Parts of a machine that a lease has. */
export interface HeldUnits {
  readonly machine_id: string;
  readonly unit_ids: readonly string[];
}

/**
 * What the provider charges for what a lease has, by the minute and by its share of each machine; a machine's idle time is in no lease. Pure.
 * @returns null where it is not known for every machine, or known in another currency: unknown is not zero.
 */
export function costOfMinutes(costs: ReadonlyMap<string, MachineCost>, held: readonly HeldUnits[], minutes: number, currency: string): Picodollars | null {
  let sum = 0n;
  for (const { machine_id, unit_ids } of held) {
    const cost = costs.get(machine_id);
    if (cost === undefined || cost.currency !== currency) return null;
    sum += divideHalfEven(cost.perHour * BigInt(Math.min(unit_ids.length, cost.units)) * BigInt(minutes), 60n * BigInt(cost.units));
  }
  return held.length === 0 ? null : sum;
}
