import { sql } from 'kysely';
import type { Clock, Logger, SecretBox } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { secretContext } from './endpoints.ts';
import type { WebhookEvent } from './events.ts';
import { retryAtMs } from './retry.ts';
import { openSecrets, type SealedSecrets } from './rotation.ts';
import type { WebhookSender } from './sender.ts';

export interface DeliveriesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly secrets: SecretBox | null;
  readonly sender: Pick<WebhookSender, 'send'>;
  /** From 0 to 1: spreads the tries. */
  readonly spread: () => number;
}

/** How many are sent at once. */
const AT_ONCE = 16;
/** What was delivered or given up is kept for this long, to be looked at. */
const KEPT_MS = 30 * 86_400_000;

interface Due extends SealedSecrets {
  id: string;
  endpoint_id: string;
  body: string;
  attempts: number;
  created_at: Date;
  url: string;
}

/** Messages to endpoints: written down with what they tell of, and sent until they are taken or given up. */
export class Deliveries {
  readonly #options: DeliveriesOptions;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /**
   * Puts a message in line for every endpoint of the organisation that wants such events, in the transaction of what it
   * tells of. The same subject is told an endpoint once.
   * @param data becomes `data` of the message; amounts as text.
   */
  async enqueue(tx: Executor, organisationId: string, event: WebhookEvent, subject: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    const { database, newId, clock } = this.#options;
    const endpoints = await database.scoped(organisationId, tx).selectFrom('webhook_endpoints').select('id')
      .where('removed_at', 'is', null).where(sql<boolean>`${event} = any(events)`).execute();
    if (endpoints.length === 0) return;
    const now = new Date(clock.nowMs());
    const body = JSON.stringify({ type: event, timestamp: now.toISOString(), data });
    await database.scoped(organisationId, tx).insertInto('webhook_deliveries', endpoints.map(({ id }) => ({
      id: newId(), endpoint_id: id, event, subject, body, created_at: now, due_at: now,
    }))).onConflict((on) => on.doNothing()).execute();
  }

  /**
   * Sends what is due; one process at a time calls it. A process that dies between a receiver's answer and its being
   * written down has the message sent again, under the same id.
   */
  async sendDue(signal: AbortSignal): Promise<void> {
    const { database, clock } = this.#options;
    const executor = database.unscoped('messages of every organisation are sent by one worker');
    while (!signal.aborted) {
      const { rows } = await sql<Due>`select d.id, d.endpoint_id, d.body, d.attempts, d.created_at, e.url, e.secret, e.previous_secret, e.previous_until
        from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
        where d.delivered_at is null and d.given_up_at is null and d.due_at <= ${new Date(clock.nowMs())}
        order by d.due_at limit ${AT_ONCE}`.execute(executor);
      await Promise.all(rows.map((row) => this.#try(executor, row, signal)));
      if (rows.length < AT_ONCE) return;
    }
  }

  /** Forgets what ended long ago. */
  async tidy(): Promise<void> {
    const { database, clock } = this.#options;
    const before = new Date(clock.nowMs() - KEPT_MS);
    await sql`delete from webhook_deliveries where coalesce(delivered_at, given_up_at) < ${before}`.execute(database.unscoped('messages of every organisation age alike'));
  }

  async #try(executor: Executor, row: Due, signal: AbortSignal): Promise<void> {
    const { clock, log, sender, secrets, spread } = this.#options;
    let signing: string[];
    try {
      if (secrets === null) throw new Error('this process was started without the secret file');
      signing = openSecrets(secrets, row, secretContext(row.endpoint_id), clock.nowMs());
    } catch (error) {
      return this.#failed(executor, row, null, (error as Error).message);
    }
    const sent = await sender.send({ url: row.url, secrets: signing, id: row.id, body: row.body }, signal);
    // A stop cut it off: that is no fault of the receiver's, and the next start tries again.
    if (signal.aborted && !sent.taken) return;
    if (!sent.taken) return this.#failed(executor, row, sent.status, sent.problem, spread());
    await sql`update webhook_deliveries set delivered_at = ${new Date(clock.nowMs())}, attempts = attempts + 1, last_status = ${sent.status}, last_problem = null where id = ${row.id}`.execute(executor);
    log.debug({ delivery: row.id, attempts: row.attempts + 1 }, 'a webhook was taken');
  }

  async #failed(executor: Executor, row: Due, status: number | null, problem: string, spread = 0.5): Promise<void> {
    const { clock, log } = this.#options;
    const nowMs = clock.nowMs();
    const againMs = retryAtMs(row.attempts + 1, row.created_at.getTime(), nowMs, spread);
    await sql`update webhook_deliveries set attempts = attempts + 1, last_status = ${status}, last_problem = ${problem},
      due_at = ${againMs === null ? sql`due_at` : new Date(againMs)}, given_up_at = ${againMs === null ? new Date(nowMs) : null} where id = ${row.id}`.execute(executor);
    log.warn({ delivery: row.id, attempts: row.attempts + 1, status, givenUp: againMs === null }, 'a webhook was not taken');
  }
}
