import type { Picodollars } from '../../base/index.ts';
import type { PriceVersion } from '../prices/types.ts';
import { rate } from '../rating/rate.ts';
import type { Attempt, CallEnd } from './call.ts';

/**
 * What of a call's charge is of which attempt, where the project pays for attempts that did not deliver; null: all of it is of the one
 * that did. The charge is rated once, over all of them: what that rounds otherwise than attempt by attempt, and what the hold did
 * not cover, is of the last.
 */
export function attemptCharges({ attempts, undelivered }: Pick<CallEnd, 'attempts' | 'undelivered'>, charge: Picodollars, price: PriceVersion): ReadonlyMap<Attempt, Picodollars> | null {
  const billed = attempts.filter((one) => one.billed !== undefined);
  if (billed.length === 0) return null;
  const charges = new Map<Attempt, Picodollars>();
  let left = charge;
  for (const one of billed) {
    const rated = rate(one.billed!, price).charge;
    const own = rated > left ? left : rated;
    charges.set(one, own);
    left -= own;
  }
  const last = undelivered === true ? billed.at(-1)! : (attempts.find((one) => one.delivered) ?? attempts.at(-1)!);
  charges.set(last, (charges.get(last) ?? 0n) + left);
  return charges;
}
