import { sql, type Selectable } from 'kysely';
import type { Clock, Logger, SecretBox } from '../../base/index.ts';
import type { Database, Executor, Schema } from '../../db/index.ts';
import { ifSeen, withoutCosts } from '../costs.ts';
import { plainArray } from '../events/arrays.ts';
import { retryAtMs } from '../webhooks/retry.ts';
import { openSecrets } from '../webhooks/rotation.ts';
import type { Sent, WebhookSender } from '../webhooks/sender.ts';
import { feedContext } from './feeds.ts';
import { EVENTS_PER_MESSAGE, messageBody, type SentEvent } from './formats.ts';
import { marksAfter, takePage, type Placed } from './page.ts';

export interface FeedPumpOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly secrets: SecretBox | null;
  readonly sender: Pick<WebhookSender, 'send'>;
  /** The organisation that runs the installation: its feeds alone carry what calls cost. */
  readonly operator: () => string | null;
  /** From 0 to 1: spreads the tries. */
  readonly spread: () => number;
}

type Feed = Selectable<Schema['usage_feeds']>;
type Row = Selectable<Schema['usage_events']>;
type PlacedEvent = Placed & { readonly event: SentEvent };

/** Messages to one feed before the others have their turn. */
const MESSAGES_IN_A_ROW = 50;

/**
 * Sends usage events to feeds: in order, at least once, none left out. A message is the next hundred events; the mark moves
 * when it was taken, so a process that dies in between sends it again. A receiver that fails holds its own feed up, for as long
 * as it takes; what it misses stays in the ledger and follows.
 */
export class FeedPump {
  readonly #options: FeedPumpOptions;

  constructor(options: FeedPumpOptions) {
    this.#options = options;
  }

  /** Sends what is due; one process at a time calls it. */
  async sendDue(signal: AbortSignal): Promise<void> {
    const { database, clock } = this.#options;
    const executor = database.unscoped('feeds of every organisation are sent by one worker');
    for (let more = true; more && !signal.aborted;) {
      const feeds = await executor.selectFrom('usage_feeds').selectAll().where('removed_at', 'is', null).where('paused_at', 'is', null).where('due_at', '<=', new Date(clock.nowMs())).orderBy('id').execute();
      const ahead = await Promise.all(feeds.map((feed) => this.#sendOne(executor, feed, signal)));
      more = ahead.some(Boolean);
    }
  }

  /** @returns true: there is more for this feed, and its receiver takes it. */
  async #sendOne(executor: Executor, feed: Feed, signal: AbortSignal): Promise<boolean> {
    for (let message = 0; message < MESSAGES_IN_A_ROW; message += 1) {
      if (signal.aborted) return false;
      const { page, marks } = await nextPage(executor, feed, feed.organisation_id === this.#options.operator());
      if (page.length === 0) {
        return !(await this.#moveMarks(feed, marks));
      }
      const sent = await this.#send(feed, page, signal);
      if (!sent.taken) {
        if (!signal.aborted) await this.#failed(executor, feed, sent);
        return false;
      }
      await this.#taken(executor, feed, page, sent.status);
      // Set anew meanwhile: the feed is read again.
      if (!(await this.#moveMarks(feed, marks))) return true;
    }
    return true;
  }

  async #send(feed: Feed, page: readonly PlacedEvent[], signal: AbortSignal): Promise<Sent> {
    const { clock, secrets, sender } = this.#options;
    try {
      if (secrets === null) throw new Error('this process was started without the secret file');
      const signing = openSecrets(secrets, feed, feedContext(feed.id), clock.nowMs());
      const events = page.map(({ event }) => event);
      // The last event's id names the message: a try after a failure has the same.
      return await sender.send({ url: feed.url, secrets: signing, id: events.at(-1)!.id, body: messageBody(feed.format, feed.customer, events, clock.nowMs()) }, signal);
    } catch (error) {
      return { taken: false, status: null, problem: (error as Error).message };
    }
  }

  /** @returns false: they were set anew meanwhile, by a replay, and stay so. */
  async #moveMarks(feed: Feed, marks: ReturnType<typeof marksAfter>): Promise<boolean> {
    if (marks.length === 0) return true;
    return this.#options.database.transaction(async (tx) => {
      const now = await tx.selectFrom('usage_feeds').select('replays').where('id', '=', feed.id).forUpdate().executeTakeFirst();
      if (now?.replays !== feed.replays) return false;
      await sql`insert into usage_feed_marks (feed_id, epoch_id, sequence)
        select ${feed.id}::uuid, * from unnest(${plainArray(marks.map((mark) => mark.epochId))}::text::uuid[], ${plainArray(marks.map((mark) => mark.after))}::text::bigint[])
        on conflict (feed_id, epoch_id) do update set sequence = excluded.sequence`.execute(tx);
      return true;
    });
  }

  async #taken(executor: Executor, feed: Feed, page: readonly PlacedEvent[], status: number): Promise<void> {
    const now = new Date(this.#options.clock.nowMs());
    await sql`update usage_feeds set sent = sent + ${page.length}, attempts = 0, failing_since = null, last_problem = null, last_status = ${status}, last_sent_at = ${now}, due_at = ${now} where id = ${feed.id}`.execute(executor);
    feed.attempts = 0;
    feed.failing_since = null;
  }

  /** It is tried again less and less often, four hours apart at most, and never given up. */
  async #failed(executor: Executor, feed: Feed, sent: Extract<Sent, { taken: false }>): Promise<void> {
    const { clock, log, spread } = this.#options;
    const nowMs = clock.nowMs();
    const againMs = retryAtMs(feed.attempts + 1, nowMs, nowMs, spread()) ?? nowMs;
    await sql`update usage_feeds set attempts = attempts + 1, failing_since = coalesce(failing_since, ${new Date(nowMs)}), last_status = ${sent.status}, last_problem = ${sent.problem}, due_at = ${new Date(againMs)} where id = ${feed.id}`.execute(executor);
    log.warn({ feed: feed.id, attempts: feed.attempts + 1, status: sent.status }, 'a feed of usage was not taken; it is tried again');
  }
}

/** What follows the feed's marks, and where these are to stand when it is taken. */
async function nextPage(executor: Executor, feed: Feed, seen: boolean): Promise<{ page: PlacedEvent[]; marks: ReturnType<typeof marksAfter> }> {
  const { rows: logs } = await sql<{ id: string; posted: string; mark: string }>`select p.id, p.posted_sequence::text as posted, coalesce(m.sequence, 0)::text as mark
    from epochs p left join usage_feed_marks m on m.feed_id = ${feed.id} and m.epoch_id = p.id where p.posted_sequence > coalesce(m.sequence, 0)`.execute(executor);
  if (logs.length === 0) return { page: [], marks: [] };
  const { rows } = await sql<Row>`select e.* from epochs p left join usage_feed_marks m on m.feed_id = ${feed.id} and m.epoch_id = p.id
    cross join lateral (
      select * from usage_events u where u.epoch_id = p.id and u.sequence > coalesce(m.sequence, 0) and u.organisation_id = ${feed.organisation_id}
      order by u.sequence limit ${EVENTS_PER_MESSAGE}
    ) e where p.id = any(${plainArray(logs.map((log) => log.id))}::text::uuid[])`.execute(executor);
  const placed = rows.map((row) => ({ epochId: row.epoch_id, sequence: BigInt(row.sequence), recordedAtMs: row.recorded_at.getTime(), event: sentEvent(row, seen) }));
  const page = takePage(placed, EVENTS_PER_MESSAGE);
  const ahead = logs.map((log) => ({ epochId: log.id, mark: BigInt(log.mark), end: BigInt(log.posted) }));
  return { page, marks: marksAfter(ahead, placed, page, EVENTS_PER_MESSAGE) };
}

/** @param seen Whether the receiver is to see what calls cost the operator. */
export function sentEvent(row: Row, seen: boolean): SentEvent {
  return {
    id: row.id, kind: row.kind, resource: row.resource, tier: row.tier, serviceTier: row.service_tier, projectId: row.project_id, keyId: row.key_id,
    occurredAt: row.occurred_at.toISOString(), recordedAt: row.recorded_at.toISOString(), quantities: row.quantities, charge: row.charge, ...ifSeen(seen, { cost: row.cost }),
    currency: row.currency, outcome: row.outcome, counted: row.counted, attributes: seen ? row.attributes : withoutCosts(row.attributes),
  };
}
