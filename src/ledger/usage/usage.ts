import type { Selectable } from 'kysely';
import { TandemError, isUuid } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Schema } from '../../db/index.ts';
import { ifSeen, seesCosts, withoutCosts } from '../costs.ts';
import { keyLabel, projectLabel } from '../bill/labels.ts';
import type { NamesPort } from '../ports.ts';
import type { PriceBook } from '../prices/book.ts';
import { lineViews, type UsageLineView } from './line-views.ts';

export interface UsageEventView {
  readonly id: string;
  readonly kind: string;
  readonly resource: string;
  readonly serviceTier: 'default' | 'priority' | 'flex';
  readonly projectId: string;
  readonly projectName: string;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly quantities: Readonly<Record<string, string>>;
  readonly charge: string;
  /** Null: not known. Absent: the caller does not see costs. */
  readonly cost?: string | null;
  readonly currency: string;
  readonly outcome: string;
  readonly counted: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface UsageEventDetail extends UsageEventView {
  readonly lines: UsageLineView[];
  readonly priceVersionId: string | null;
}

export interface UsageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly projectId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly resource?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Usage events as people read them. */
export class UsageReader {
  readonly #database: Database;
  readonly #names: NamesPort;
  readonly #book: PriceBook;

  constructor(options: { database: Database; names: NamesPort; book: PriceBook }) {
    this.#database = options.database;
    this.#names = options.names;
    this.#book = options.book;
  }

  /** Newest first: ids carry the time of admission, and their order is the primary key's. */
  async list(principal: Principal, input: UsageQuery): Promise<{ items: UsageEventView[]; nextCursor: string | null }> {
    demand(principal, 'usage.read');
    let query = this.#database.scoped(principal.organisationId).selectFrom('usage_events').selectAll().orderBy('id', 'desc').limit(input.limit + 1);
    if (input.cursor !== undefined) {
      if (!isUuid(input.cursor)) throw new TandemError('invalid_request', { params: { reason: 'The cursor is the nextCursor of the page before.' }, param: 'cursor' });
      query = query.where('id', '<', input.cursor);
    }
    if (principal.projectId !== null) query = query.where('project_id', '=', principal.projectId);
    if (input.projectId !== undefined) query = query.where('project_id', '=', input.projectId);
    if (input.keyId !== undefined) query = query.where('key_id', '=', input.keyId);
    if (input.resource !== undefined) query = query.where('resource', '=', input.resource);
    if (input.from !== undefined) query = query.where('occurred_at', '>=', new Date(input.from));
    if (input.to !== undefined) query = query.where('occurred_at', '<', new Date(input.to));
    const rows = await query.execute();
    const items = rows.slice(0, input.limit).map((row) => this.#view(row, seesCosts(principal)));
    return { items, nextCursor: rows.length > input.limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** @throws TandemError resource_not_found, also for an event of another organisation or project. */
  async show(principal: Principal, id: string): Promise<UsageEventDetail> {
    demand(principal, 'usage.read');
    const row = await this.#database.scoped(principal.organisationId).selectFrom('usage_events').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || (principal.projectId !== null && principal.projectId !== row.project_id)) {
      throw new TandemError('resource_not_found', { params: { kind: 'usage event', id, verb: 'bill' } });
    }
    const price = row.price_version_id === null ? undefined : this.#book.byId(row.price_version_id);
    return {
      ...this.#view(row, seesCosts(principal)), priceVersionId: row.price_version_id,
      lines: lineViews(row, price),
    };
  }

  #view(row: Selectable<Schema['usage_events']>, seen: boolean): UsageEventView {
    return {
      id: row.id, kind: row.kind, resource: row.resource, serviceTier: row.service_tier, projectId: row.project_id, projectName: projectLabel(this.#names, row.organisation_id, row.project_id),
      keyId: row.key_id, keyName: keyLabel(this.#names, row.key_id),
      occurredAt: row.occurred_at.toISOString(), recordedAt: row.recorded_at.toISOString(), quantities: row.quantities, charge: row.charge, ...ifSeen(seen, { cost: row.cost }),
      currency: row.currency, outcome: row.outcome, counted: row.counted, attributes: seen ? row.attributes : withoutCosts(row.attributes),
    };
  }
}
