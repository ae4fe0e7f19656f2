import type { BackendCall, MachineCost } from '../ports.ts';
import { servingPrincipal, type ServingContext } from './context.ts';
import type { ReplicaRow, ServingRow } from './rows.ts';
import { splitMinutes, type MadeTokens, type PaidMinute, type SplitMinute, type TokenShare } from './split.ts';

/** Minutes wait for so long until they are split: what ended in them is written down by then. An answer that ends later counts in minutes after them. */
const SETTLE_MS = 3 * 60_000;
/** Split at once at most. */
const MOST_MINUTES = 240;
const ROWS_AT_ONCE = 1_000;

/** Splits the minutes of replicas over the tokens that were made in them, once each: what was split is never changed. */
export class ReplicaMinutes {
  readonly #context: ServingContext;

  constructor(context: ServingContext) {
    this.#context = context;
  }

  /** All that is due: periodic, by one process at a time. */
  async settle(signal: AbortSignal): Promise<void> {
    const { database, log } = this.#context;
    const executor = database.unscoped('servings of every organisation are kept by one worker');
    const replicas = await executor.selectFrom('serving_replicas').selectAll().where('lease_id', 'is not', null).where('settled_at', 'is', null).orderBy('asked_at').execute();
    if (replicas.length === 0) return;
    const servings = new Map((await executor.selectFrom('servings').selectAll().where('id', 'in', [...new Set(replicas.map(({ serving_id }) => serving_id))]).execute()).map((row) => [row.id, row]));
    for (const replica of replicas) {
      if (signal.aborted) return;
      await this.#replica(servings.get(replica.serving_id)!, replica).catch((error: Error) => log.warn({ replica: replica.id, reason: error.message }, 'the minutes of a replica could not be split'));
    }
  }

  async #replica(serving: ServingRow, replica: ReplicaRow): Promise<void> {
    const { fleet, access, calls, clock } = this.#context;
    const { minutes, done } = await fleet.leases.minutes(servingPrincipal(access, serving), replica.lease_id!, replica.split_minutes);
    const due = minutes.filter(({ untilMs }) => untilMs + SETTLE_MS <= clock.nowMs()).slice(0, MOST_MINUTES);
    const all = done && due.length === minutes.length;
    if (due.length === 0 && !all) return;
    const made = due.length === 0 ? [] : await calls(serving.name, [replica.id], due[0]!.fromMs, due.at(-1)!.untilMs);
    const split = splitMinutes(due, dueTokens(made, due, await this.#counted(replica, made), all));
    await this.#write(replica, split, made, due.length, all);
  }

  /** Which answers are counted already, in minutes that were split before. */
  async #counted(replica: ReplicaRow, made: readonly BackendCall[]): Promise<ReadonlySet<string>> {
    if (made.length === 0) return new Set();
    const rows = await this.#context.database.scoped(replica.organisation_id).selectFrom('token_shares').select('event_id').distinct().where('event_id', 'in', made.map(({ eventId }) => eventId)).where('replica_id', '=', replica.id).execute();
    return new Set(rows.map(({ event_id }) => event_id));
  }

  async #write(replica: ReplicaRow, { minutes, shares }: { readonly minutes: readonly SplitMinute[]; readonly shares: readonly TokenShare[] }, made: readonly BackendCall[], count: number, all: boolean): Promise<void> {
    const { database, clock, noteCosts } = this.#context;
    const of = { replica_id: replica.id, serving_id: replica.serving_id };
    await database.transaction(async (tx) => {
      const own = database.scoped(replica.organisation_id, tx);
      const moved = await own.updateTable('serving_replicas').set({ split_minutes: replica.split_minutes + count, ...(all && { settled_at: new Date(clock.nowMs()) }) })
        .where('id', '=', replica.id).where('split_minutes', '=', replica.split_minutes).returning('id').executeTakeFirst();
      // Another process was here meanwhile.
      if (moved === undefined || minutes.length === 0) return;
      await own.insertInto('replica_minutes', minutes.map(({ fromMs, cost, tokens }) => ({ ...of, at: new Date(fromMs), cost, tokens }))).execute();
      const rows = shares.map(({ eventId, atMs, tokens, cost, charge }) => ({ ...of, event_id: eventId, at: new Date(atMs), tokens, cost, charge }));
      for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) await own.insertInto('token_shares', rows.slice(at, at + ROWS_AT_ONCE)).execute();
      await noteCosts(tx, costsOf(replica.id, shares, made));
    });
  }
}

/**
 * The answers that are to be counted in these minutes: those that have ended by the last of them and are not counted yet. One that goes on is counted
 * in later minutes, unless there are none. What was made before the first of these minutes is counted in them.
 */
export function dueTokens(made: readonly BackendCall[], minutes: readonly PaidMinute[], counted: ReadonlySet<string>, last: boolean): MadeTokens[] {
  const untilMs = minutes.at(-1)?.untilMs ?? 0;
  // A request that was sent once more to the same replica is one answer.
  const whole = [...Map.groupBy(made.filter(({ eventId }) => !counted.has(eventId)), ({ eventId }) => eventId)].map(([eventId, parts]): MadeTokens => ({
    eventId, fromMs: Math.min(...parts.map((part) => part.fromMs)), untilMs: Math.max(...parts.map((part) => part.untilMs)),
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0n), charge: parts.reduce((sum, { charge }) => sum + charge, 0n),
  }));
  return whole.filter((one) => last || one.untilMs < untilMs);
}

/** What the replica cost for each call, over its minutes. */
export function costsOf(backendId: string, shares: readonly TokenShare[], made: readonly BackendCall[]): MachineCost[] {
  const callers = new Map(made.map(({ eventId, organisationId }) => [eventId, organisationId]));
  return [...Map.groupBy(shares, ({ eventId }) => eventId)].map(([eventId, parts]) => ({ organisationId: callers.get(eventId)!, eventId, backendId, cost: parts.reduce((sum, { cost }) => sum + cost, 0n) }));
}
