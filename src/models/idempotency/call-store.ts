import { sql } from 'kysely';
import { uuidTimeMs, type Clock, type Logger, type SecretBox } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { KeptReply } from './shared-reply.ts';

/** Which call: a caller's key of idempotency is its own. */
export interface CallKey {
  readonly organisationId: string;
  /** Whose content the reply is. */
  readonly projectId: string;
  readonly callerId: string;
  readonly idempotencyKey: string;
}

/** What is known of a key: it is ours to answer, or somebody was first. */
export type Claim =
  | { readonly kind: 'ours' }
  | { readonly kind: 'other-request' }
  | { readonly kind: 'running'; readonly eventId: string; readonly abandoned: boolean }
  | { readonly kind: 'cut' }
  /** It was too large, or purged before it had ended. */
  | { readonly kind: 'not-kept' }
  | { readonly kind: 'done'; readonly reply: KeptReply };

/** Told with the event's id whenever a call has ended in any way. */
const CHANNEL = 'idempotent_calls';
const KEPT_MS = 24 * 3_600_000;
const MOST_KEPT_CHARACTERS = 8 * 1024 * 1024;
const BEAT_MS = 5_000;
/** A call whose process gave no sign for this long was cut with it. */
const ABANDONED_SECONDS = 20;
const SWEEP_MS = 600_000;
const TRIES = 5;

export interface CallStoreOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly content: Pick<ContentStore, 'allows'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** This process, among those on the same database. */
  readonly owner: string;
}

/** Calls with an Idempotency-Key in the database: who answers which, and their kept replies, sealed. */
export class CallStore {
  readonly #options: CallStoreOptions;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #stop = new AbortController();
  #unlisten: (() => Promise<void>) | undefined;
  #upkeep: Promise<unknown> | undefined;
  #running = 0;

  constructor(options: CallStoreOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.database.listen(CHANNEL, (eventId) => {
      // An id wakes those who wait for that call; a resync wakes all.
      const woken = this.#waiting.get(eventId);
      for (const waiters of woken ? [woken] : this.#waiting.values()) for (const wake of waiters) wake();
    });
    this.#upkeep = Promise.all([this.#every(BEAT_MS, () => this.#beat()), this.#every(SWEEP_MS, () => this.#removeExpired())]);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the room stops'));
    await this.#upkeep;
    await this.#unlisten?.();
  }

  /** Takes the key for the call, or says what became of the one that has it. */
  async claim(key: CallKey, requestHash: Buffer, eventId: string): Promise<Claim> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await this.#insert(key, requestHash, eventId)) {
        this.#running += 1;
        return { kind: 'ours' };
      }
      const row = await this.#scoped(key).selectFrom('idempotent_calls')
        .select(['request_hash', 'state', 'event_id', 'sealed_reply', sql<boolean>`alive_at < now() - make_interval(secs => ${ABANDONED_SECONDS})`.as('abandoned')])
        .where('caller_id', '=', key.callerId).where('idempotency_key', '=', key.idempotencyKey).executeTakeFirst();
      // It ended without a trace in between: the key is free again.
      if (!row) continue;
      if (!row.request_hash.equals(requestHash)) return { kind: 'other-request' };
      if (row.state === 'running') return { kind: 'running', eventId: row.event_id, abandoned: row.abandoned };
      if (row.state === 'cut') return { kind: 'cut' };
      return row.sealed_reply === null ? { kind: 'not-kept' } : { kind: 'done', reply: this.#open(row.event_id, row.sealed_reply) };
    }
    return { kind: 'running', eventId, abandoned: false };
  }

  /** Keeps the reply, unless its project was purged since the call began; or notes that the call was charged without a whole one. */
  async finish(key: CallKey, eventId: string, reply: KeptReply | undefined): Promise<void> {
    this.#running -= 1;
    const text = reply && JSON.stringify(reply);
    const sealed = text === undefined || text.length > MOST_KEPT_CHARACTERS ? null : this.#options.secrets.seal(text, contextOf(eventId));
    await this.#options.database.transaction(async (tx) => {
      const kept = sealed !== null && await this.#options.content.allows(tx, { ...key, beganMs: uuidTimeMs(eventId) });
      await this.#options.database.scoped(key.organisationId, tx).updateTable('idempotent_calls').set({ state: reply ? 'done' : 'cut', sealed_reply: kept ? sealed : null })
        .where('caller_id', '=', key.callerId).where('idempotency_key', '=', key.idempotencyKey).where('event_id', '=', eventId).execute();
      await this.#options.database.notify(tx, CHANNEL, eventId);
    });
  }

  /** Frees the key: the call was refused or failed and cost nothing. */
  async forget(key: CallKey, eventId: string): Promise<void> {
    this.#running -= 1;
    await this.#options.database.transaction(async (tx) => {
      await this.#options.database.scoped(key.organisationId, tx).deleteFrom('idempotent_calls')
        .where('caller_id', '=', key.callerId).where('idempotency_key', '=', key.idempotencyKey).where('event_id', '=', eventId).execute();
      await this.#options.database.notify(tx, CHANNEL, eventId);
    });
  }

  /** A promise of the call's end in another process, and how to stop waiting. Made before the row is looked at again, so that no end is missed. */
  watch(eventId: string): { readonly ended: Promise<void>; readonly stop: () => void } {
    let wake = () => {};
    const ended = new Promise<void>((resolve) => { wake = resolve; });
    const waiters = this.#waiting.get(eventId) ?? new Set();
    this.#waiting.set(eventId, waiters);
    waiters.add(wake);
    return {
      ended,
      stop: () => {
        waiters.delete(wake);
        if (waiters.size === 0) this.#waiting.delete(eventId);
      },
    };
  }

  async #insert(key: CallKey, requestHash: Buffer, eventId: string): Promise<boolean> {
    const nowMs = this.#options.clock.nowMs();
    const now = new Date(nowMs);
    const fresh = {
      request_hash: requestHash, state: 'running' as const, owner: this.#options.owner, event_id: eventId, sealed_reply: null,
      created_at: now, expires_at: new Date(nowMs + KEPT_MS),
    };
    const row = await this.#scoped(key).insertInto('idempotent_calls', { ...fresh, caller_id: key.callerId, idempotency_key: key.idempotencyKey })
      .onConflict((conflict) => conflict.columns(['organisation_id', 'caller_id', 'idempotency_key'])
        .doUpdateSet({ ...fresh, alive_at: sql<Date>`now()` }).where('idempotent_calls.expires_at', '<=', now))
      .returning('event_id').executeTakeFirst();
    return row !== undefined;
  }

  #open(eventId: string, sealed: Buffer): KeptReply {
    return JSON.parse(this.#options.secrets.open(sealed, contextOf(eventId)).toString()) as KeptReply;
  }

  #scoped(key: CallKey) {
    return this.#options.database.scoped(key.organisationId);
  }

  /** Says that this process's calls still run. Nothing is written while there are none. */
  async #beat(): Promise<void> {
    if (this.#running === 0) return;
    await this.#options.database.unscoped('the calls of this process, of every organisation').updateTable('idempotent_calls').set({ alive_at: sql<Date>`now()` })
      .where('owner', '=', this.#options.owner).where('state', '=', 'running').execute();
  }

  async #removeExpired(): Promise<void> {
    await this.#options.database.unscoped('expired replies of every organisation').deleteFrom('idempotent_calls').where('expires_at', '<=', new Date(this.#options.clock.nowMs())).execute();
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#options.clock.sleep(ms, signal);
        await work();
      } catch (error) {
        if (!signal.aborted) this.#options.log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'kept calls could not be tended; trying again');
      }
    }
  }
}

function contextOf(eventId: string): string {
  return `idempotent_calls:${eventId}`;
}
