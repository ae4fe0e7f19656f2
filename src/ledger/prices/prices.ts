import { TandemError, parsePico, type Clock, type Logger } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { AuditPort } from '../ports.ts';
import { lockBooks, writeBooks } from '../journal/journal.ts';
import type { JournalRowOf } from '../journal/row-hash.ts';
import { bucketsFromJson, bucketsToJson, type JsonBuckets, type PriceBook, type StoredPrice } from './book.ts';
import { completeBuckets, sameBuckets } from './complete.ts';
import { MAP_CURRENCY, readLiteLlmMap } from './litellm-map.ts';
import { SEEDS } from './seeds.ts';
import { startOfVersion } from './start-of-version.ts';
import { BUCKETS, type Bucket, type PriceBuckets, type PriceSide, type PriceTier } from './types.ts';
import { listViews, priceView, type PriceView } from './view.ts';

/** The body of `POST /api/prices`. */
export interface NewPrice {
  readonly resource: string;
  readonly tier: PriceTier;
  readonly side: PriceSide;
  readonly backendId?: string | undefined;
  readonly currency?: string | undefined;
  readonly buckets: { readonly [B in Bucket]?: { readonly price: string; readonly per: string } | undefined };
  readonly effectiveFrom?: string | undefined;
  readonly source: string;
}

export interface PriceImport {
  readonly map: Readonly<Record<string, unknown>>;
  readonly only?: readonly string[] | undefined;
  readonly apply: boolean;
  readonly source: string;
}

export interface PriceChange {
  readonly resource: string;
  readonly tier: PriceTier;
  readonly change: 'new' | 'changed' | 'same' | 'skipped';
  readonly reason: string | null;
  readonly before: JsonBuckets | null;
  readonly after: JsonBuckets | null;
}

export interface ImportReply {
  readonly applied: boolean;
  readonly changes: PriceChange[];
  readonly summary: { new: number; changed: number; same: number; skipped: number };
}

export interface PricesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly book: PriceBook;
  readonly audit: AuditPort;
}

/** Blocks of time, by which machines and volumes are paid. */
const OF_TIME: ReadonlySet<Bucket> = new Set(['minute', 'hour', 'day', 'week', 'month']);

/** A version to be written, before it has an id and a start. */
interface Draft {
  readonly resource: string;
  readonly tier: PriceTier;
  readonly side: PriceSide;
  readonly backendId: string | null;
  readonly buckets: PriceBuckets;
  readonly source: string;
}

interface Author {
  readonly organisationId: string;
  readonly currency: string;
  readonly label: string;
}

/** True when the organisation may say what its callers pay for this name: it is the operator, or the model is on a backend of its own. */
export type OwnsModel = (organisationId: string, resource: string) => boolean;

/** What a name stands for here: machines are paid by time, calls of models by all else. */
export type NamedBy = (organisationId: string) => Promise<(resource: string) => { readonly machine: boolean; readonly model: boolean }>;

/** Price lists: versions are added, never changed. */
export class Prices {
  readonly #options: PricesOptions;

  #ownsModel: OwnsModel = () => true;
  #namedBy: NamedBy = async () => () => ({ machine: false, model: false });

  constructor(options: PricesOptions) {
    this.#options = options;
  }

  /**
   * Told by `start`, since models are known only above this room. Without it every organisation may price any name,
   * and could make the operator's models free for itself.
   */
  useOwners(ownsModel: OwnsModel): void {
    this.#ownsModel = ownsModel;
  }

  /** Told by `start`, too: a list that replaces another must state what is paid by it, or nothing could be leased, or called, by that name any more. */
  useNames(namedBy: NamedBy): void {
    this.#namedBy = namedBy;
  }

  /** The organisation's own lists, and the operator's lists where there is no own one. Cost lists are the own ones only. */
  list(principal: Principal, input: { history: boolean; resource?: string | undefined }): { items: PriceView[]; nextCursor: null } {
    demand(principal, 'prices.read');
    const { book, clock } = this.#options;
    // What machines cost is the organisation's to know, not a project's.
    const own = book.listsOf(principal.organisationId).filter((list) => list[0]?.side === 'sell' || principal.projectId === null);
    const covered = new Set(own.map(listName));
    const shared = book.sharedLists(principal.organisationId).filter((list) => list[0]?.side === 'sell' && !covered.has(listName(list)));
    const items = [...own, ...shared]
      .filter((list) => input.resource === undefined || list[0]?.resource === input.resource)
      .sort((a, b) => (listName(a) < listName(b) ? -1 : 1))
      .flatMap((list) => listViews(list, clock.nowMs(), input.history, book));
    return { items, nextCursor: null };
  }

  /**
   * Adds a version.
   * @throws TandemError price_in_past, currency_mismatch, invalid_request, price_wrong_kind.
   */
  async create(principal: Principal, input: NewPrice): Promise<PriceView> {
    demand(principal, 'prices.write');
    if (input.currency !== undefined && input.currency !== principal.currency) throw currencyMismatch(input.currency, principal.currency);
    if (input.side === 'sell' && input.backendId !== undefined) throw invalid('backendId', 'A backend goes with a cost price: what callers pay is the same whichever backend serves.');
    if (input.side === 'sell' && !this.#ownsModel(principal.organisationId, input.resource)) throw new TandemError('price_not_yours', { params: { resource: input.resource } });
    const draft: Draft = {
      resource: input.resource, tier: input.tier, side: input.side, backendId: input.backendId ?? null,
      buckets: completeBuckets(readBuckets(input.buckets)), source: input.source,
    };
    if (draft.side === 'sell') await this.#demandKind(principal.organisationId, draft);
    const asked = input.effectiveFrom === undefined ? undefined : Date.parse(input.effectiveFrom);
    const author: Author = { organisationId: principal.organisationId, currency: principal.currency, label: principal.actor.label };
    const [written] = await this.#write(author, [draft], asked, async (tx, [price]) => {
      if (price === undefined) return;
      await this.#options.audit.record(tx, principal, {
        action: 'price.create', resourceKind: 'price', resourceId: price.id,
        change: { resource: price.resource, tier: price.tier, side: price.side, backendId: price.backendId, buckets: bucketsToJson(price.buckets), effectiveFrom: new Date(price.effectiveFromMs).toISOString(), source: price.source },
      });
    });
    if (written === undefined) throw new Error('one price was to be written');
    const list = this.#options.book.listsOf(author.organisationId).find((one) => one.some((price) => price.id === written.id)) ?? [];
    return priceView(written, list[list.findIndex((price) => price.id === written.id) - 1], this.#options.book);
  }

  /**
   * What a LiteLLM price map would change of what callers pay, on the standard tier and on those of service that the map has; written, in one transaction, when asked.
   * @throws TandemError currency_mismatch: the map is in US dollars.
   */
  async import(principal: Principal, input: PriceImport): Promise<ImportReply> {
    demand(principal, 'prices.write');
    if (principal.currency !== MAP_CURRENCY) throw currencyMismatch(MAP_CURRENCY, principal.currency);
    const { book, clock, audit } = this.#options;
    const nowMs = clock.nowMs();
    const named = await this.#namedBy(principal.organisationId);
    const only = input.only === undefined ? undefined : new Set(input.only);
    const changes: PriceChange[] = [];
    const drafts: Draft[] = [];
    for (const entry of readLiteLlmMap(input.map)) {
      if (only !== undefined && !only.has(entry.resource)) continue;
      const base = { resource: entry.resource, tier: entry.tier };
      if ('skipped' in entry) {
        changes.push({ ...base, change: 'skipped', reason: entry.skipped, before: null, after: null });
        continue;
      }
      if (!this.#ownsModel(principal.organisationId, entry.resource)) {
        changes.push({ ...base, change: 'skipped', reason: 'the operator of this server prices it', before: null, after: null });
        continue;
      }
      if (named(entry.resource).machine) {
        changes.push({ ...base, change: 'skipped', reason: 'machines are leased by this name', before: null, after: null });
        continue;
      }
      // Compared with what is to hold last: a version that is written but not yet in force counts.
      const before = book.newest(principal.organisationId, entry.resource, entry.tier) ?? book.priceAt(principal.organisationId, entry.resource, entry.tier, nowMs);
      const same = before !== undefined && sameBuckets(before.buckets, entry.buckets);
      changes.push({
        ...base, change: before === undefined ? 'new' : same ? 'same' : 'changed', reason: null,
        before: before === undefined ? null : bucketsToJson(before.buckets), after: bucketsToJson(entry.buckets),
      });
      const source = entry.source === null ? input.source : `${input.source} (${entry.source})`;
      if (!same) drafts.push({ ...base, side: 'sell', backendId: null, buckets: entry.buckets, source: source.slice(0, 300) });
    }
    const found = new Set(changes.map((change) => change.resource));
    const missing = [...(only ?? [])].filter((name) => !found.has(name));
    for (const resource of missing) changes.push({ resource, tier: 'standard', change: 'skipped', reason: 'the map has no such entry', before: null, after: null });

    const counted = (kind: PriceChange['change']) => changes.filter((change) => change.change === kind).length;
    const summary = { new: counted('new'), changed: counted('changed'), same: counted('same'), skipped: counted('skipped') };
    if (input.apply && drafts.length > 0) {
      const author: Author = { organisationId: principal.organisationId, currency: principal.currency, label: principal.actor.label };
      await this.#write(author, drafts, undefined, (tx) => audit.record(tx, principal, { action: 'price.import', resourceKind: 'price', resourceId: null, change: { source: input.source, ...summary } }));
    }
    return { applied: input.apply, changes, summary };
  }

  /** The prices that Tandem comes with, into the operator's lists; what is there already stays as it is. */
  async seedDefaults(organisationId: string, currency: string): Promise<void> {
    await this.#options.book.refresh();
    const missing = SEEDS.filter((seed) => this.#options.book.newest(organisationId, seed.resource, seed.tier) === undefined);
    if (missing.length === 0) return;
    if (currency !== MAP_CURRENCY) {
      this.#options.log.warn({ currency }, 'the default prices are in US dollars and were left out: set your own with tandem prices set');
      return;
    }
    const drafts = missing.map((seed): Draft => ({ ...seed, side: 'sell', backendId: null, buckets: completeBuckets(seed.buckets) }));
    await this.#write({ organisationId, currency, label: 'system' }, drafts, undefined, async () => {}, true);
  }

  /** A name may be a machine's and a model's: its list then states both. */
  async #demandKind(organisationId: string, { resource, buckets }: Draft): Promise<void> {
    const stated = Object.keys(buckets) as Bucket[];
    const { machine, model } = (await this.#namedBy(organisationId))(resource);
    const wrong = (what: string, by: string, flags: string) => new TandemError('price_wrong_kind', { params: { resource, what, by, flags }, param: 'buckets' });
    if (machine && !stated.some((bucket) => OF_TIME.has(bucket))) throw wrong('what machines or volumes here are paid by', 'by time', '--gpu-hour 1.00');
    if (model && stated.every((bucket) => OF_TIME.has(bucket))) throw wrong('a model here', 'by tokens or requests', '--input 1.00 --output 3.00');
  }

  async #write(author: Author, drafts: readonly Draft[], asked: number | undefined, also: (tx: Executor, prices: readonly StoredPrice[]) => Promise<void>, onlyMissing = false): Promise<StoredPrice[]> {
    const { database, clock, newId, book } = this.#options;
    const written = await database.transaction(async (tx) => {
      await lockBooks(database, tx, author.organisationId);
      // What another process wrote a moment ago is in the book only after this.
      await book.refresh(tx);
      const nowMs = clock.nowMs();
      const prices: StoredPrice[] = [];
      for (const draft of drafts) {
        const list = book.listOf(author.organisationId, draft.resource, draft.tier, draft.side, draft.backendId);
        if (onlyMissing && list.length > 0) continue;
        const shared = book.priceAt(author.organisationId, draft.resource, draft.tier, nowMs, draft.side, draft.backendId);
        const effectiveFromMs = startOfVersion(asked, nowMs, list, shared);
        prices.push({ ...draft, id: newId(), organisationId: author.organisationId, currency: author.currency, effectiveFromMs, createdAtMs: nowMs, createdBy: author.label });
      }
      await writeBooks(database, tx, author.organisationId, prices.map((price) => ({ kind: 'price', row: toRow(price) })));
      await also(tx, prices);
      await database.notify(tx, 'prices', author.organisationId);
      return prices;
    });
    await book.refresh();
    return written;
  }
}

function toRow(price: StoredPrice): JournalRowOf<'price'> {
  return {
    id: price.id, organisation_id: price.organisationId, resource: price.resource, tier: price.tier, side: price.side, backend_id: price.backendId,
    currency: price.currency, buckets: bucketsToJson(price.buckets), effective_from: new Date(price.effectiveFromMs), source: price.source,
    created_at: new Date(price.createdAtMs), created_by: price.createdBy,
  };
}

function readBuckets(given: NewPrice['buckets']): PriceBuckets {
  const json: JsonBuckets = {};
  for (const bucket of BUCKETS) {
    const unit = given[bucket];
    if (unit === undefined) continue;
    const price = parsePico(unit.price);
    const per = parsePico(unit.per);
    if (price === undefined || price < 0n) throw invalid(`buckets.${bucket}.price`, 'A price is a whole, non-negative number of picodollars, as a string.');
    if (per === undefined || per <= 0n) throw invalid(`buckets.${bucket}.per`, 'A price is stated for at least 1 unit.');
    json[bucket] = { price: String(price), per: String(per) };
  }
  if (Object.keys(json).length === 0) throw invalid('buckets', 'A price version names at least one bucket, such as input or output.');
  return bucketsFromJson(json);
}

function listName(list: readonly StoredPrice[]): string {
  const first = list[0];
  return first === undefined ? '' : `${first.resource} ${first.tier} ${first.side} ${first.backendId ?? ''}`;
}

function invalid(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}

function currencyMismatch(given: string, own: string): TandemError {
  return new TandemError('currency_mismatch', { params: { given, own } });
}
