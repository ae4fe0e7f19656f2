import type { Selectable } from 'kysely';
import { systemClock, type Clock } from '../../base/index.ts';
import type { Database, Executor, Schema } from '../../db/index.ts';
import { ownListOf, ratedOn } from './service-tier.ts';
import type { CallerTier, PriceBuckets, PriceSide, PriceTier, PriceVersion, ServiceTier } from './types.ts';

/** Every price version in memory, and which of them is in force at a time. */
export interface PriceBook {
  /** Loads all versions and listens for new ones. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Takes in what was written since the last time. Called by itself when another process writes. With an
   * executor it reads through that transaction, and so takes no second connection while one is held.
   */
  refresh(executor?: Executor): Promise<void>;
  /**
   * The version in force at `atMs`: of the organisation's own list, else of the operator's list when that is
   * in the organisation's currency. A cost list of one backend goes before the cost list for all backends.
   * A lookup and a short scan: made to be called for every request.
   */
  priceAt(organisationId: string, resource: string, tier: PriceTier, atMs: number, side?: PriceSide, backendId?: string | null): PriceVersion | undefined;
  /**
   * What a caller pays on a service tier, ready to be rated by: the list that the tier has for itself, else the
   * caller's own, on `flex` at half (see `FLEX_RULE`). Whoever prices the model, the organisation or the operator, prices
   * every tier of it.
   */
  priceOn(organisationId: string, resource: string, tier: CallerTier, serviceTier: ServiceTier, atMs: number): PriceVersion | undefined;
  /** A version by its id, for rating what was admitted under it. */
  byId(id: string): StoredPrice | undefined;
  /** Every version of the lists of one organisation, newest first within a list. */
  listsOf(organisationId: string): StoredPrice[][];
  /** One list, newest first; empty when there is none. */
  listOf(organisationId: string, resource: string, tier: PriceTier, side: PriceSide, backendId: string | null): readonly StoredPrice[];
  /** The operator's lists, as far as they serve this organisation. */
  sharedLists(organisationId: string): StoredPrice[][];
  /** The last version of what callers pay by the own list, in force or to come. */
  newest(organisationId: string, resource: string, tier: PriceTier): StoredPrice | undefined;
}

/** A version with what only people read. */
export interface StoredPrice extends PriceVersion {
  readonly createdAtMs: number;
  readonly createdBy: string;
}

export interface PriceBookOptions {
  readonly database: Pick<Database, 'unscoped' | 'listen'>;
  /** The organisation whose list serves where others have none. */
  readonly operator: () => string | null;
  /** Undefined: not known here, then the currency is not compared. */
  readonly currencyOf: (organisationId: string) => string | undefined;
  /** For the pause before a failed reading is tried again. */
  readonly clock?: Pick<Clock, 'sleep'>;
}

/**
 * Versions are read by when they were written, this far behind the newest one known: a transaction that
 * commits late, or on a machine whose clock is behind, is still seen.
 */
const OVERLAP_MS = 15 * 60_000;
/** Well within the lead that a new version has before it is in force. */
const RETRY_MS = 250;

export function createPriceBook({ database, operator, currencyOf, clock = systemClock }: PriceBookOptions): PriceBook {
  const lists: Lists = new Map();
  const byId = new Map<string, StoredPrice>();
  let newestMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let again = false;
  let unlisten: (() => Promise<void>) | undefined;
  const stopped = new AbortController();

  function add(version: StoredPrice): void {
    if (byId.has(version.id)) return;
    byId.set(version.id, version);
    newestMs = Math.max(newestMs, version.createdAtMs);
    const ofOrganisation = valueOf(lists, version.organisationId, () => new Map());
    const ofResource = valueOf(ofOrganisation, version.resource, () => new Map());
    const slots = valueOf(ofResource, version.tier, () => new Map());
    const slot = slotOf(version.side, version.backendId);
    // A new array, so that a reader in the middle of the old one is not disturbed.
    slots.set(slot, [...(slots.get(slot) ?? []), version].sort((a, b) => b.effectiveFromMs - a.effectiveFromMs));
  }

  async function read(executor: Executor): Promise<void> {
    for (const row of await rowsSince(executor, newestMs - OVERLAP_MS)) add(fromRow(row));
  }

  async function refresh(executor?: Executor): Promise<void> {
    if (executor !== undefined) return read(executor);
    if (running !== undefined) {
      // What is being read may have been read already: once more, after it.
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await read(database.unscoped('the price book holds the lists of every organisation'));
      } while (again);
    })();
    try {
      await running;
    } finally {
      running = undefined;
    }
  }

  /** Somebody wrote a version, or might have while the connection was gone. */
  async function heard(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        return await refresh();
      } catch {
        await clock.sleep(RETRY_MS, stopped.signal).catch(() => {});
      }
    }
  }

  function inForce(organisationId: string, resource: string, tier: PriceTier, atMs: number, side: PriceSide, backendId: string | null): StoredPrice | undefined {
    const slots = lists.get(organisationId)?.get(resource)?.get(tier);
    if (slots === undefined) return undefined;
    const own = newestBefore(slots.get(slotOf(side, backendId)), atMs);
    if (own !== undefined || backendId === null) return own;
    return newestBefore(slots.get(side), atMs);
  }

  const listsOf = (organisationId: string) => [...(lists.get(organisationId)?.values() ?? [])].flatMap((tiers) => [...tiers.values()]).flatMap((slots) => [...slots.values()]);
  const listOf = (organisationId: string, resource: string, tier: PriceTier, side: PriceSide, backendId: string | null) =>
    lists.get(organisationId)?.get(resource)?.get(tier)?.get(slotOf(side, backendId)) ?? [];

  function serves(shared: StoredPrice, organisationId: string): boolean {
    const currency = currencyOf(organisationId);
    return currency === undefined || currency === shared.currency;
  }

  function priceAt(organisationId: string, resource: string, tier: PriceTier, atMs: number, side: PriceSide = 'sell', backendId: string | null = null): StoredPrice | undefined {
    const own = inForce(organisationId, resource, tier, atMs, side, backendId);
    if (own !== undefined) return own;
    const house = operator();
    if (house === null || house === organisationId) return undefined;
    const shared = inForce(house, resource, tier, atMs, side, backendId);
    return shared !== undefined && serves(shared, organisationId) ? shared : undefined;
  }

  return {
    refresh,
    async start() {
      unlisten = await database.listen('prices', () => void heard());
      await refresh();
    },
    async stop() {
      stopped.abort();
      await unlisten?.();
    },
    priceAt,
    priceOn(organisationId, resource, tier, serviceTier, atMs) {
      const list = ownListOf(tier, serviceTier);
      const own = priceAt(organisationId, resource, tier, atMs);
      if (list !== null) {
        const stated = priceAt(organisationId, resource, list, atMs);
        if (stated !== undefined && (own === undefined || own.organisationId === stated.organisationId)) return stated;
      }
      return own && ratedOn(own, serviceTier);
    },
    byId: (id) => byId.get(id),
    listsOf,
    listOf,
    sharedLists(organisationId) {
      const house = operator();
      return house === null || house === organisationId ? [] : listsOf(house).filter(([price]) => price !== undefined && serves(price, organisationId));
    },
    newest: (organisationId, resource, tier) => listOf(organisationId, resource, tier, 'sell', null)[0],
  };
}

/** Lists are sorted newest first, and nearly always the first that is looked at is the one. */
function newestBefore(list: readonly StoredPrice[] | undefined, atMs: number): StoredPrice | undefined {
  return list?.find((version) => version.effectiveFromMs <= atMs);
}

/**
 * Organisation → resource → tier → slot. Maps within maps, because their keys are texts that exist already: a
 * key put together from the five would be hashed anew for every call, which takes ten times as long.
 */
type Lists = Map<string, Map<string, Map<PriceTier, Map<string, StoredPrice[]>>>>;

/** Side and backend in one: no text is made unless a backend has a list of its own. */
function slotOf(side: PriceSide, backendId: string | null): string {
  return backendId === null ? side : `${side} ${backendId}`;
}

function valueOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

async function rowsSince(executor: Executor, sinceMs: number): Promise<Selectable<Schema['price_versions']>[]> {
  const query = executor.selectFrom('price_versions').selectAll();
  return Number.isFinite(sinceMs) ? query.where('created_at', '>=', new Date(sinceMs)).execute() : query.execute();
}

/** A stored row as rating sees it. */
export function fromRow(row: Selectable<Schema['price_versions']>): StoredPrice {
  return {
    id: row.id, organisationId: row.organisation_id, resource: row.resource, tier: row.tier, side: row.side, backendId: row.backend_id,
    currency: row.currency, buckets: bucketsFromJson(row.buckets), effectiveFromMs: row.effective_from.getTime(), source: row.source,
    createdAtMs: row.created_at.getTime(), createdBy: row.created_by,
  };
}

export type JsonBuckets = Record<string, { price: string; per: string }>;

export function bucketsFromJson(json: JsonBuckets): PriceBuckets {
  return Object.fromEntries(Object.entries(json).map(([bucket, unit]) => [bucket, { price: BigInt(unit.price), per: BigInt(unit.per) }]));
}

export function bucketsToJson(buckets: PriceBuckets): JsonBuckets {
  return Object.fromEntries(Object.entries(buckets).map(([bucket, unit]) => [bucket, { price: String(unit.price), per: String(unit.per) }]));
}
