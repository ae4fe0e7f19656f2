import { sql } from 'kysely';
import { TandemError, type Clock, type SecretBox } from '../../base/index.ts';
import { checkHost, checkUrl, systemResolve, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { AuditPort } from '../ports.ts';
import type { WebhookEvent } from './events.ts';
import { rotated } from './rotation.ts';
import { newSecret } from './signature.ts';

export interface EndpointsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly audit: AuditPort;
  /** Null: this process seals nothing, so it takes no endpoint. */
  readonly secrets: SecretBox | null;
  readonly policy: EgressPolicy;
  readonly resolve?: Resolve;
}

/** The reply form. */
export interface EndpointView {
  readonly id: string;
  readonly url: string;
  readonly events: WebhookEvent[];
  readonly createdAt: string;
  /** How sending goes: what waits, what came last, and what is wrong with it. */
  readonly waiting: number;
  readonly lastDeliveredAt: string | null;
  /** When the oldest message that waits was made: how far the endpoint lags; null: nothing waits. */
  readonly oldestWaitingAt: string | null;
  /** Since when a message that was tried is not taken. */
  readonly failingSince: string | null;
  /** When the next try is due; null: nothing waits. */
  readonly nextTryAt: string | null;
  /** Messages that were tried for days and are tried no more, of the last 30 days. */
  readonly givenUp: number;
  readonly lastProblem: string | null;
}

export interface DeliveryView {
  readonly id: string;
  readonly event: string;
  readonly state: 'waiting' | 'delivered' | 'given-up';
  readonly attempts: number;
  readonly createdAt: string;
  /** When it is tried next; null: it is not. */
  readonly dueAt: string | null;
  readonly deliveredAt: string | null;
  readonly lastStatus: number | null;
  readonly lastProblem: string | null;
}

const SHOWN_DELIVERIES = 100;

/** Where an organisation wants to be told of what happens. */
export class Endpoints {
  readonly #options: EndpointsOptions;

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  async list(principal: Principal): Promise<{ items: EndpointView[]; nextCursor: null }> {
    demand(principal, 'webhooks.read');
    const { rows } = await sql<EndpointState>`select e.id, e.url, e.events, e.created_at,
        count(d.id) filter (where d.delivered_at is null and d.given_up_at is null)::int as waiting, max(d.delivered_at) as last_delivered_at,
        min(d.created_at) filter (where d.delivered_at is null and d.given_up_at is null) as oldest_waiting_at,
        min(d.created_at) filter (where d.delivered_at is null and d.given_up_at is null and d.attempts > 0) as failing_since,
        min(d.due_at) filter (where d.delivered_at is null and d.given_up_at is null) as next_try_at, count(d.id) filter (where d.given_up_at is not null)::int as given_up,
        (array_agg(d.last_problem order by d.created_at desc) filter (where d.delivered_at is null and d.last_problem is not null))[1] as last_problem
      from webhook_endpoints e left join webhook_deliveries d on d.endpoint_id = e.id
      where e.organisation_id = ${principal.organisationId} and e.removed_at is null group by e.id order by e.created_at, e.id`
      .execute(this.#options.database.unscoped('filtered by the caller\'s organisation in the query'));
    return { items: rows.map(view), nextCursor: null };
  }

  /** @returns the endpoint, and its signing secret, shown this once. @throws TandemError url_not_allowed after its name was resolved. */
  async create(principal: Principal, input: { readonly url: string; readonly events: readonly WebhookEvent[] }): Promise<{ endpoint: EndpointView; secret: string }> {
    demand(principal, 'webhooks.write');
    const { database, secrets, policy, resolve = systemResolve, clock, newId, audit } = this.#options;
    if (secrets === null) throw new TandemError('secret_unreadable', { params: { reason: 'this process was started without the secret file' } });
    await checkHost(checkUrl(input.url, policy), policy, resolve);
    const id = newId();
    const secret = newSecret();
    const now = new Date(clock.nowMs());
    const events = [...new Set(input.events)];
    await database.transaction(async (tx) => {
      await database.scoped(principal.organisationId, tx).insertInto('webhook_endpoints', { id, url: input.url, secret: secrets.seal(secret, secretContext(id)), events, created_at: now }).execute();
      await audit.record(tx, principal, { action: 'webhook.create', resourceKind: 'webhook', resourceId: id, change: { origin: originOf(input.url), events } });
    });
    return { endpoint: { id, url: input.url, events, createdAt: now.toISOString(), waiting: 0, lastDeliveredAt: null, oldestWaitingAt: null, failingSince: null, nextTryAt: null, givenUp: 0, lastProblem: null }, secret };
  }

  /** A new signing secret, shown this once; the one of before signs beside it for a day. @throws TandemError resource_not_found. */
  async rotate(principal: Principal, id: string): Promise<{ secret: string; bothUntil: string }> {
    demand(principal, 'webhooks.write');
    const { database, secrets, clock, audit } = this.#options;
    if (secrets === null) throw new TandemError('secret_unreadable', { params: { reason: 'this process was started without the secret file' } });
    const secret = newSecret();
    const bothUntil = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await own.selectFrom('webhook_endpoints').select('secret').where('id', '=', id).where('removed_at', 'is', null).forUpdate().executeTakeFirst();
      if (before === undefined) throw missing(id);
      const after = rotated(before, secrets.seal(secret, secretContext(id)), clock.nowMs());
      await own.updateTable('webhook_endpoints').set(after).where('id', '=', id).execute();
      await audit.record(tx, principal, { action: 'webhook.rotate', resourceKind: 'webhook', resourceId: id, change: {} });
      return after.previous_until!.toISOString();
    });
    return { secret, bothUntil };
  }

  /** What waits for it is given up. */
  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'webhooks.write');
    const { database, clock, audit } = this.#options;
    await database.transaction(async (tx) => {
      const endpoint = await this.#find(tx, principal, id);
      const own = database.scoped(principal.organisationId, tx);
      const now = new Date(clock.nowMs());
      await own.updateTable('webhook_endpoints').set({ removed_at: now }).where('id', '=', id).execute();
      await own.updateTable('webhook_deliveries').set({ given_up_at: now }).where('endpoint_id', '=', id).where('delivered_at', 'is', null).where('given_up_at', 'is', null).execute();
      await audit.record(tx, principal, { action: 'webhook.remove', resourceKind: 'webhook', resourceId: id, change: { origin: originOf(endpoint.url) } });
    });
  }

  /** What was or is to be sent there, the newest hundred. */
  async deliveries(principal: Principal, id: string): Promise<{ items: DeliveryView[]; nextCursor: null }> {
    demand(principal, 'webhooks.read');
    const { database } = this.#options;
    await this.#find(database.unscoped('bound to the organisation by #find'), principal, id);
    const rows = await database.scoped(principal.organisationId).selectFrom('webhook_deliveries').selectAll().where('endpoint_id', '=', id)
      .orderBy('created_at', 'desc').orderBy('id', 'desc').limit(SHOWN_DELIVERIES).execute();
    return {
      items: rows.map((row) => {
        const state = row.delivered_at !== null ? 'delivered' : row.given_up_at !== null ? 'given-up' : 'waiting';
        return {
          id: row.id, event: row.event, state, attempts: row.attempts, createdAt: row.created_at.toISOString(), dueAt: state === 'waiting' ? row.due_at.toISOString() : null,
          deliveredAt: row.delivered_at?.toISOString() ?? null, lastStatus: row.last_status, lastProblem: row.last_problem,
        };
      }),
      nextCursor: null,
    };
  }

  async #find(executor: Executor, principal: Principal, id: string): Promise<{ url: string }> {
    const row = await this.#options.database.scoped(principal.organisationId, executor).selectFrom('webhook_endpoints').select('url').where('id', '=', id).where('removed_at', 'is', null).executeTakeFirst();
    if (row === undefined) throw missing(id);
    return row;
  }
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'webhook', id, verb: 'webhooks' } });
}

/** Paths and queries of webhooks are often secrets: the trail gets neither. */
function originOf(url: string): string {
  return new URL(url).origin;
}

/** What an endpoint's secret is sealed under. */
export function secretContext(endpointId: string): string {
  return `webhook_endpoints.secret ${endpointId}`;
}

interface EndpointState {
  id: string;
  url: string;
  events: WebhookEvent[];
  created_at: Date;
  waiting: number;
  last_delivered_at: Date | null;
  oldest_waiting_at: Date | null;
  failing_since: Date | null;
  next_try_at: Date | null;
  given_up: number;
  last_problem: string | null;
}

function view(row: EndpointState): EndpointView {
  return {
    id: row.id, url: row.url, events: row.events, createdAt: row.created_at.toISOString(), waiting: row.waiting,
    lastDeliveredAt: row.last_delivered_at?.toISOString() ?? null, oldestWaitingAt: row.oldest_waiting_at?.toISOString() ?? null, failingSince: row.failing_since?.toISOString() ?? null,
    nextTryAt: row.next_try_at?.toISOString() ?? null, givenUp: row.given_up, lastProblem: row.last_problem,
  };
}
