import { sql, type RawBuilder } from 'kysely';
import { TandemError, isUuid, type Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { seesCosts } from '../costs.ts';
import { keyLabel, projectLabel } from '../bill/labels.ts';
import type { BackendNames, MachineShare, MachineShares, NamesPort } from '../ports.ts';
import type { PriceBook } from '../prices/book.ts';
import { idFloor, rangeOf, wrong } from '../sight/range.ts';
import { tokensOf } from '../usage/backend-calls.ts';
import { lineViews } from '../usage/line-views.ts';
import { callId, errorConditions, eventConditions, type RequestFilter } from './filter.ts';
import { attemptsOf, timelineOf } from './timeline.ts';
import { errorView, requestView, routeOf, type ErrorRow, type EventRow, type RequestDetail, type RequestView } from './views.ts';

export interface RequestsQuery extends RequestFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Of a reply, in any dialect's form, or a request's. */
  readonly id?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface RequestsView {
  /** Newest first. */
  readonly items: RequestView[];
  readonly nextCursor: string | null;
  /** Set where a page ended because enough calls were looked through: those before this time are still to be. */
  readonly lookedBackTo: string | null;
}

export interface RequestsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly names: NamesPort;
  readonly book: Pick<PriceBook, 'byId'>;
  readonly backendNames: BackendNames;
  readonly machineShares: MachineShares;
}

const DAY_MS = 86_400_000;
/** A page looks through this many calls at most, so that a rare filter answers in time on a busy server. */
const LOOKED_THROUGH = 100_000;

/** Calls of the model API: those that were admitted, from their usage, and those that were refused. */
export class Requests {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  async list(principal: Principal, query: RequestsQuery): Promise<RequestsView> {
    demand(principal, 'usage.read');
    if (query.id !== undefined) {
      const found = await this.#find(principal, callId(query.id));
      return { items: found === null ? [] : [this.#view(principal, found)], nextCursor: null, lookedBackTo: null };
    }
    const range = rangeOf(query, this.#options.clock.nowMs() + 60_000, DAY_MS);
    if (query.cursor !== undefined && !isUuid(query.cursor)) throw wrong('cursor', 'The cursor is the nextCursor of the page before.');
    if (principal.projectId !== null && query.projectId !== undefined && query.projectId !== principal.projectId) return { items: [], nextCursor: null, lookedBackTo: null };
    const filter = principal.projectId === null ? query : { ...query, projectId: principal.projectId };
    const within = sql`organisation_id = ${principal.organisationId} and id >= ${idFloor(range.fromMs)}::uuid and id < ${query.cursor ?? idFloor(range.toMs)}::uuid`;
    const executor = this.#options.database.unscoped('both statements name the organisation of the caller');
    const [events, refused] = await Promise.all([this.#events(executor, within, eventConditions(filter), query.limit + 1), this.#refusals(executor, within, filter, query.limit + 1)]);
    const merged = [...events.rows.map((event) => ({ id: event.id, event, error: null })), ...refused.map((error) => ({ id: error.id, event: null, error }))].toSorted((a, b) => (a.id < b.id ? 1 : -1));
    // Behind the place where looking through events stopped, there may be events between the refusals.
    const sure = events.stoppedAt === null ? merged : merged.filter((one) => one.id >= events.stoppedAt!);
    const page = sure.slice(0, query.limit);
    const complete = await this.#completed(executor, principal, page);
    const more = sure.length > query.limit;
    return {
      items: complete.map((one) => this.#view(principal, one)), nextCursor: more ? page.at(-1)!.id : events.stoppedAt,
      lookedBackTo: !more && events.stoppedAt !== null ? new Date(Number.parseInt(events.stoppedAt.replaceAll('-', '').slice(0, 12), 16)).toISOString() : null,
    };
  }

  /** @throws TandemError resource_not_found, also for a call of another organisation or project. */
  async show(principal: Principal, id: string): Promise<RequestDetail> {
    demand(principal, 'usage.read');
    const found = await this.#find(principal, id);
    if (found === null) throw new TandemError('resource_not_found', { params: { kind: 'request', id, verb: 'requests' } });
    const { event, error } = found;
    const price = event?.price_version_id ? this.#options.book.byId(event.price_version_id) : undefined;
    const attributes = event?.attributes ?? {};
    return {
      ...this.#view(principal, found), recordedAt: event?.recorded_at.toISOString() ?? null, counted: event?.counted ?? null,
      lines: event === null ? [] : lineViews(event, price),
      ...(seesCosts(principal) && { machine: event === null ? null : await this.#machine(principal, event) }),
      annotations: await this.#annotations(principal, id), route: routeOf(attributes), error: error === null ? null : errorView(error),
      ...(event === null ? { totalMs: null, stages: [], attempts: [] } : timelineOf({
        attributes, outcome: event.outcome, occurredAtMs: event.occurred_at.getTime(), recordedAtMs: event.recorded_at.getTime(), backendNames: this.#options.backendNames, seesCosts: seesCosts(principal),
      })),
    };
  }

  async #find(principal: Principal, id: string): Promise<Found | null> {
    const own = this.#options.database.scoped(principal.organisationId);
    const [event, error] = await Promise.all([
      own.selectFrom('usage_events').selectAll().where('id', '=', id).where('kind', '=', 'call').executeTakeFirst(),
      own.selectFrom('call_errors').selectAll().where('id', '=', id).executeTakeFirst(),
    ]);
    const projectId = event?.project_id ?? error?.project_id;
    if ((event ?? error) === undefined || (principal.projectId !== null && projectId !== principal.projectId)) return null;
    return { event: event ?? null, error: error ?? null } as Found;
  }

  async #annotations({ organisationId }: Principal, id: string): Promise<Readonly<Record<string, string | null>>> {
    const row = await this.#options.database.scoped(organisationId).selectFrom('call_annotations').select('annotations').where('id', '=', id).executeTakeFirst();
    return row?.annotations ?? {};
  }

  /** Of the asker's own machines. */
  async #machine({ organisationId }: Principal, { id, attributes }: EventRow): Promise<MachineShare | null> {
    const tries = attemptsOf(attributes).map(({ backendId, quantities }) => ({ backendId: String(backendId), tokens: tokensOf(quantities) }));
    return this.#options.machineShares(organisationId, { id, tries });
  }

  async #events(executor: Executor, within: RawBuilder<unknown>, conditions: RawBuilder<unknown>[] | null, limit: number): Promise<{ rows: EventRow[]; stoppedAt: string | null }> {
    if (conditions === null) return { rows: [], stoppedAt: null };
    const { rows } = await sql<EventRow>`select * from (select * from usage_events where ${within} order by id desc limit ${sql.lit(LOOKED_THROUGH)}) as newest
      where ${sql.join([sql`kind = 'call'`, ...conditions], sql` and `)} order by id desc limit ${limit}`.execute(executor);
    if (rows.length === limit) return { rows, stoppedAt: null };
    const last = await sql<{ id: string }>`select id from usage_events where ${within} order by id desc offset ${sql.lit(LOOKED_THROUGH - 1)} limit 1`.execute(executor);
    return { rows, stoppedAt: last.rows[0]?.id ?? null };
  }

  /** Calls that were not admitted; by an error's code, also those that failed later. */
  async #refusals(executor: Executor, within: RawBuilder<unknown>, filter: RequestFilter, limit: number): Promise<ErrorRow[]> {
    const conditions = errorConditions(filter);
    if (conditions === null) return [];
    const admitted = sql`exists (select from usage_events where usage_events.organisation_id = call_errors.organisation_id and usage_events.id = call_errors.id)`;
    const byError = filter.code !== undefined || filter.status !== undefined;
    const { rows } = await sql<ErrorRow>`select * from call_errors where ${sql.join([within, ...conditions, ...(byError && filter.outcome !== 'refused' ? [] : [sql`not ${admitted}`])], sql` and `)} order by id desc limit ${limit}`.execute(executor);
    return rows;
  }

  /** Brings together what is known of a call from both sides. */
  async #completed(executor: Executor, { organisationId }: Principal, page: readonly (Found & { readonly id: string })[]): Promise<Found[]> {
    const ids = (missing: keyof Found) => page.filter((one) => one[missing] === null).map((one) => one.id);
    const [withoutError, withoutEvent] = [ids('error'), ids('event')];
    const [errors, events] = await Promise.all([
      withoutError.length === 0 ? [] : sql<ErrorRow>`select * from call_errors where organisation_id = ${organisationId} and id = any(${withoutError}::uuid[])`.execute(executor).then(({ rows }) => rows),
      withoutEvent.length === 0 ? [] : sql<EventRow>`select * from usage_events where organisation_id = ${organisationId} and id = any(${withoutEvent}::uuid[]) and kind = 'call'`.execute(executor).then(({ rows }) => rows),
    ]);
    return page.map((one) => ({ event: one.event ?? events.find(({ id }) => id === one.id) ?? null, error: one.error ?? errors.find(({ id }) => id === one.id) ?? null }) as Found);
  }

  #view(principal: Principal, found: Found): RequestView {
    const { names, backendNames } = this.#options;
    return requestView(found, {
      seesCosts: seesCosts(principal), backendName: backendNames, keyName: (id) => keyLabel(names, id),
      projectName: (organisationId, id) => (id === null ? null : projectLabel(names, organisationId, id)),
    });
  }
}

/** At least one of the two is there. */
type Found = { readonly event: EventRow; readonly error: ErrorRow | null } | { readonly event: null; readonly error: ErrorRow };
