import { TandemError } from '../../base/index.ts';
import type { PriceVersion } from './types.ts';

/**
 * How long a new version waits where another one is in force. A process that has lost touch with Postgres
 * goes on for 5 s before it refuses what it cannot check; after this lead every process that still serves
 * has the version, so that no call is rated by a price that its gateway did not know.
 */
export const PRICE_LEAD_MS = 6_000;

/**
 * When a new version begins: as asked, but never in the past, never at the same millisecond as another of
 * its list, and where a price is in force or to come not before every process can know.
 * @param list the versions of the same list.
 * @param shared what is in force without an own list (the operator's).
 * @throws TandemError price_in_past.
 */
export function startOfVersion(asked: number | undefined, nowMs: number, list: readonly PriceVersion[], shared: PriceVersion | undefined): number {
  if (asked !== undefined && asked < nowMs) {
    throw new TandemError('price_in_past', { params: { from: new Date(asked).toISOString(), now: new Date(nowMs).toISOString() }, param: 'effectiveFrom' });
  }
  const lead = list.length > 0 || shared !== undefined ? PRICE_LEAD_MS : 0;
  let start = Math.max(asked ?? nowMs, nowMs + lead);
  const taken = new Set(list.map((version) => version.effectiveFromMs));
  while (taken.has(start)) start += 1;
  return start;
}
