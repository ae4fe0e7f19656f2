import type { Executor } from '../../db/index.ts';
import { fromRow, type StoredPrice } from '../prices/book.ts';
import type { PriceTier, PriceVersion } from '../prices/types.ts';

/** Every price version, as the verification's own snapshot has it. */
export interface PriceHistory {
  byId(id: string): StoredPrice | undefined;
  ids(): Iterable<string>;
  /** Whether the version was the newest of its list at that time. */
  inForce(version: StoredPrice | { readonly id: string }, atMs: number): boolean;
  /** Whether the organisation that made the version sold the same at that time by its list for another tier. */
  hasPrice(version: PriceVersion, tier: PriceTier, atMs: number): boolean;
}

export async function readPriceHistory(executor: Executor): Promise<PriceHistory> {
  const rows = await executor.selectFrom('price_versions').selectAll().orderBy('effective_from', 'desc').execute();
  const versions = rows.flatMap((row) => {
    try {
      return [fromRow(row)];
    } catch {
      // What stands there is no price any more. The journal names the row; nothing can be rated by it.
      return [];
    }
  });
  const byId = new Map(versions.map((version) => [version.id, version]));
  const lists = Map.groupBy(versions, nameOf);
  const listOf = new Map([...lists.values()].flatMap((list) => list.map((version) => [version.id, list] as const)));
  return {
    hasPrice: (version, tier, atMs) => (lists.get(nameOf({ ...version, tier })) ?? []).some((one) => one.effectiveFromMs <= atMs),
    byId: (id) => byId.get(id),
    ids: () => byId.keys(),
    inForce: (version, atMs) => listOf.get(version.id)?.find((one) => one.effectiveFromMs <= atMs)?.id === version.id,
  };
}

function nameOf({ organisationId, resource, tier, side, backendId }: PriceVersion): string {
  return JSON.stringify([organisationId, resource, tier, side, backendId]);
}
