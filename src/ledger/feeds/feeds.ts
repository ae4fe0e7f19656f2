import { sql, type Selectable } from 'kysely';
import { TandemError, type Clock, type SecretBox } from '../../base/index.ts';
import { checkHost, checkUrl, systemResolve, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor, Schema } from '../../db/index.ts';
import type { AuditPort } from '../ports.ts';
import { rotated } from '../webhooks/rotation.ts';
import { newSecret } from '../webhooks/signature.ts';
import type { FeedFormat } from './formats.ts';

export interface FeedsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly audit: AuditPort;
  /** Null: this process seals nothing, so it takes no feed. */
  readonly secrets: SecretBox | null;
  readonly policy: EgressPolicy;
  readonly resolve?: Resolve;
}

export interface FeedView {
  readonly id: string;
  readonly url: string;
  readonly format: FeedFormat;
  readonly customer: string;
  readonly state: 'sending' | 'paused' | 'failing';
  readonly createdAt: string;
  readonly sent: string;
  readonly lastSentAt: string | null;
  /** Where it goes on: when the first event that it has not sent was recorded; null: it has sent all. */
  readonly resumesFrom: string | null;
  readonly nextTryAt: string | null;
  readonly failingSince: string | null;
  readonly lastProblem: string | null;
}

/** Where an organisation's usage is sent to, event by event. */
export class Feeds {
  readonly #options: FeedsOptions;

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  async list(principal: Principal): Promise<{ items: FeedView[]; nextCursor: null }> {
    demand(principal, 'webhooks.read');
    const rows = await this.#options.database.scoped(principal.organisationId).selectFrom('usage_feeds').selectAll().where('removed_at', 'is', null).orderBy('created_at').orderBy('id').execute();
    const from = await this.#positions(principal);
    return { items: rows.map((row) => view(row, from.get(row.id))), nextCursor: null };
  }

  /**
   * A feed begins with what is recorded from now on, or from a time of before.
   * @returns the feed, and its signing secret, shown this once. @throws TandemError url_not_allowed.
   */
  async create(principal: Principal, input: { readonly url: string; readonly format: FeedFormat; readonly customer?: string | undefined; readonly from?: string | undefined }): Promise<{ feed: FeedView; secret: string }> {
    demand(principal, 'webhooks.write');
    const { database, secrets, policy, resolve = systemResolve, clock, newId, audit } = this.#options;
    if (secrets === null) throw new TandemError('secret_unreadable', { params: { reason: 'this process was started without the secret file' } });
    const url = checkUrl(input.url, policy);
    await checkHost(url, policy, resolve);
    const { organisationId } = principal;
    const id = newId();
    const secret = newSecret();
    const now = new Date(clock.nowMs());
    await database.transaction(async (tx) => {
      const own = database.scoped(organisationId, tx);
      await own.insertInto('usage_feeds', { id, url: input.url, secret: secrets.seal(secret, feedContext(id)), format: input.format, customer: input.customer ?? organisationId, created_at: now, due_at: now }).execute();
      await setMarks(tx, organisationId, id, input.from === undefined ? null : new Date(input.from));
      await audit.record(tx, principal, { action: 'feed.create', resourceKind: 'feed', resourceId: id, change: { origin: url.origin, format: input.format } });
    });
    return { feed: await this.#show(principal, id), secret };
  }

  /** Pauses, resumes, or sends again what was recorded from a time on. A feed that goes on goes on where it stood. */
  async update(principal: Principal, id: string, input: { readonly paused?: boolean | undefined; readonly replayFrom?: string | undefined }): Promise<FeedView> {
    demand(principal, 'webhooks.write');
    const { database, clock, audit } = this.#options;
    const now = new Date(clock.nowMs());
    await database.transaction(async (tx) => {
      await this.#find(tx, principal, id);
      const own = database.scoped(principal.organisationId, tx);
      // What waited for a failing receiver is tried at once.
      await own.updateTable('usage_feeds').set({ due_at: now, ...(input.paused !== undefined && { paused_at: input.paused ? now : null }) }).where('id', '=', id).execute();
      if (input.replayFrom !== undefined) {
        await sql`update usage_feeds set replays = replays + 1 where id = ${id}`.execute(tx);
        await setMarks(tx, principal.organisationId, id, new Date(input.replayFrom));
      }
      await audit.record(tx, principal, { action: 'feed.update', resourceKind: 'feed', resourceId: id, change: { ...(input.paused !== undefined && { paused: input.paused }), ...(input.replayFrom !== undefined && { replayFrom: input.replayFrom }) } });
    });
    return this.#show(principal, id);
  }

  /** A new signing secret, shown this once; the one of before signs beside it for a day. @throws TandemError resource_not_found. */
  async rotate(principal: Principal, id: string): Promise<{ secret: string; bothUntil: string }> {
    demand(principal, 'webhooks.write');
    const { database, secrets, clock, audit } = this.#options;
    if (secrets === null) throw new TandemError('secret_unreadable', { params: { reason: 'this process was started without the secret file' } });
    const secret = newSecret();
    const bothUntil = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await own.selectFrom('usage_feeds').select('secret').where('id', '=', id).where('removed_at', 'is', null).forUpdate().executeTakeFirst();
      if (before === undefined) throw missing(id);
      const after = rotated(before, secrets.seal(secret, feedContext(id)), clock.nowMs());
      await own.updateTable('usage_feeds').set(after).where('id', '=', id).execute();
      await audit.record(tx, principal, { action: 'feed.rotate', resourceKind: 'feed', resourceId: id, change: {} });
      return after.previous_until!.toISOString();
    });
    return { secret, bothUntil };
  }

  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'webhooks.write');
    const { database, clock, audit } = this.#options;
    await database.transaction(async (tx) => {
      await this.#find(tx, principal, id);
      await database.scoped(principal.organisationId, tx).updateTable('usage_feeds').set({ removed_at: new Date(clock.nowMs()) }).where('id', '=', id).execute();
      await sql`delete from usage_feed_marks where feed_id = ${id}`.execute(tx);
      await audit.record(tx, principal, { action: 'feed.remove', resourceKind: 'feed', resourceId: id, change: {} });
    });
  }

  async #show(principal: Principal, id: string): Promise<FeedView> {
    const row = await this.#find(this.#options.database.unscoped('bound to the organisation by #find'), principal, id);
    return view(row, (await this.#positions(principal)).get(id));
  }

  /** Where each feed stands: the first event behind its mark, of each log. */
  async #positions({ organisationId }: Principal): Promise<ReadonlyMap<string, Date>> {
    const { rows } = await sql<{ id: string; at: Date }>`select f.id, min(e.recorded_at) as at from usage_feeds f
      join epochs p on true left join usage_feed_marks m on m.feed_id = f.id and m.epoch_id = p.id
      cross join lateral (
        select u.recorded_at from usage_events u where u.epoch_id = p.id and u.sequence > coalesce(m.sequence, 0) and u.organisation_id = f.organisation_id order by u.sequence limit 1
      ) e where f.organisation_id = ${organisationId} and f.removed_at is null and p.posted_sequence > coalesce(m.sequence, 0) group by f.id`
      .execute(this.#options.database.unscoped('filtered by the caller\'s organisation in the query'));
    return new Map(rows.map(({ id, at }) => [id, at]));
  }

  async #find(executor: Executor, principal: Principal, id: string): Promise<Feed> {
    const row = await this.#options.database.scoped(principal.organisationId, executor).selectFrom('usage_feeds').selectAll().where('id', '=', id).where('removed_at', 'is', null).executeTakeFirst();
    if (row === undefined) throw missing(id);
    return row;
  }
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'feed', id, verb: 'feeds' } });
}

type Feed = Selectable<Schema['usage_feeds']>;

/**
 * Sets where each log is sent from: null, from its end as it is now; a time, from the first event that was recorded then or
 * later. Logs that come later are sent from their start.
 */
async function setMarks(tx: Executor, organisationId: string, feedId: string, from: Date | null): Promise<void> {
  await sql`insert into usage_feed_marks (feed_id, epoch_id, sequence)
    select ${feedId}::uuid, p.id, coalesce(f.first - 1, p.posted_sequence) from epochs p left join (
      select epoch_id, min(sequence) as first from usage_events where organisation_id = ${organisationId} and recorded_at >= coalesce(${from}::timestamptz, 'infinity') group by epoch_id
    ) f on f.epoch_id = p.id
    on conflict (feed_id, epoch_id) do update set sequence = excluded.sequence`.execute(tx);
}

/** What a feed's secret is sealed under. */
export function feedContext(feedId: string): string {
  return `usage_feeds.secret ${feedId}`;
}

function view(row: Feed, resumesFrom: Date | undefined): FeedView {
  return {
    id: row.id, url: row.url, format: row.format, customer: row.customer, state: row.paused_at !== null ? 'paused' : row.failing_since !== null ? 'failing' : 'sending',
    createdAt: row.created_at.toISOString(), sent: row.sent, lastSentAt: row.last_sent_at?.toISOString() ?? null, resumesFrom: resumesFrom?.toISOString() ?? null, nextTryAt: row.failing_since === null || row.paused_at !== null ? null : row.due_at.toISOString(),
    failingSince: row.failing_since?.toISOString() ?? null, lastProblem: row.last_problem,
  };
}
