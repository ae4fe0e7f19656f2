import { sql } from 'kysely';
import { TandemError, type Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { PathNames } from '../holders/names.ts';
import { monthOf } from '../bill/months.ts';
import { DIRECT_EPOCH, readEpoch } from '../epochs/epochs.ts';
import { closedMonthsOf, monthKey } from '../invoices/late.ts';
import type { PriceBook } from '../prices/book.ts';
import { BUCKETS } from '../prices/types.ts';
import { canonicalJson } from '../rating/canonical.ts';
import { rate, unknownPrice } from '../rating/rate.ts';
import { announceUsage } from './announce.ts';
import { applyEvents } from './apply.ts';
import { plainArray } from './arrays.ts';
import { quantitiesFromText } from './records.ts';
import type { UsageEvent, UsagePlace } from './usage-event.ts';

/** A usage event as POST /api/usage takes it. */
export interface GivenEvent {
  readonly id: string;
  readonly kind: string;
  readonly resource: string;
  readonly projectId: string;
  readonly keyId: string | null;
  /** ISO 8601, UTC. */
  readonly occurredAt: string;
  /** Bucket → whole number as text. */
  readonly quantities: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

export interface RecordUsageOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly prices: Pick<PriceBook, 'priceAt'>;
  readonly names: PathNames;
}

/** A sender's clock may be this much ahead of ours. */
const FUTURE_MS = 5 * 60_000;

/**
 * Records events from outside, all or none. The same id with the same payload counts once, whenever it comes again.
 * They are rated by when they happened, and count against budgets, which they can overrun: what happened, happened.
 * @throws TandemError id_conflict, usage_refused, price_unknown, resource_not_found.
 */
export async function recordUsage(options: RecordUsageOptions, principal: Principal, given: readonly GivenEvent[]): Promise<{ recorded: number; repeated: number }> {
  demand(principal, 'usage.write');
  const { database, clock, newId } = options;
  const events = unique(given.map((event) => toEvent(options, principal, event)));
  return database.transaction(async (tx) => {
    // One log for all: its row puts those who record in a row, so the look for known ids below is not overtaken.
    const log = await readEpoch(tx, DIRECT_EPOCH, true);
    const known = await knownEvents(tx, principal.organisationId, events);
    const fresh = events.filter((event) => {
      const before = known.get(event.id);
      if (before === undefined) return true;
      if (before !== payloadOf(event)) throw conflict(event.id);
      return false;
    });
    if (fresh.length > 0) {
      await refuseClosed(tx, fresh);
      const atMs = clock.nowMs();
      const after = await applyEvents(tx, fresh, { epochId: DIRECT_EPOCH, lastSequence: log.sequence, chain: log.chain, atMs, database, newId });
      await sql`update epochs set posted_sequence = ${String(after.lastSequence)}, chain = ${after.chain}, posted_at = ${new Date(atMs)} where id = ${DIRECT_EPOCH}`.execute(tx);
      await announceUsage(database, tx, [principal]);
    }
    return { recorded: fresh.length, repeated: given.length - fresh.length };
  });
}

function toEvent({ clock, prices, names }: RecordUsageOptions, principal: Principal, given: GivenEvent): UsageEvent {
  const occurredAtMs = Date.parse(given.occurredAt);
  if (!(occurredAtMs <= clock.nowMs() + FUTURE_MS)) throw refused(given.id, 'occurredAt lies in the future');
  const project = names.project(given.projectId);
  if (project?.organisationId !== principal.organisationId) throw notHere('project', given.projectId);
  const { tier } = project;
  if (given.keyId !== null && names.keyName(given.keyId) === null) throw notHere('key', given.keyId);
  const quantities = Object.fromEntries(BUCKETS.flatMap((bucket) => {
    const quantity = given.quantities[bucket];
    if (quantity === undefined) return [];
    if (!/^\d{1,30}$/.test(quantity)) throw refused(given.id, `the quantity of ${bucket} is not a whole number from 0`);
    return BigInt(quantity) === 0n ? [] : [[bucket, String(BigInt(quantity))]];
  }));
  const price = prices.priceAt(principal.organisationId, given.resource, tier, occurredAtMs);
  if (price === undefined) throw unknownPrice(given.resource, null);
  const { lines, charge } = rate(quantitiesFromText(quantities), price);
  const place = {
    organisationId: principal.organisationId, projectId: given.projectId, keyId: given.keyId, kind: given.kind, resource: given.resource, tier, serviceTier: 'default' as const,
    currency: price.currency, priceVersionId: price.id, windows: [],
  };
  return {
    id: given.id, place, occurredAtMs, quantities: canonicalJson(quantities), lines, charge, cost: null, outcome: 'completed', counted: 'reported', attributes: canonicalJson(given.attributes), freed: 0n,
  };
}

/** The same event twice in one request is one; two that differ are a conflict. */
function unique(events: readonly UsageEvent[]): UsageEvent[] {
  const byId = new Map<string, UsageEvent>();
  for (const event of events) {
    const before = byId.get(event.id);
    if (before !== undefined && payloadOf(before) !== payloadOf(event)) throw conflict(event.id);
    byId.set(event.id, event);
  }
  return [...byId.values()];
}

interface Stored {
  id: string;
  kind: string;
  resource: string;
  project_id: string;
  key_id: string | null;
  occurred_at: Date;
  quantities: Record<string, string>;
  attributes: Record<string, unknown>;
}

async function knownEvents(tx: Executor, organisationId: string, events: readonly UsageEvent[]): Promise<Map<string, string>> {
  const { rows } = await sql<Stored>`select id, kind, resource, project_id, key_id, occurred_at, quantities, attributes from usage_events
    where organisation_id = ${organisationId} and id = any(${plainArray(events.map((event) => event.id))}::text::uuid[])`.execute(tx);
  return new Map(rows.map((row) => [row.id, payloadOf({
    place: { kind: row.kind, resource: row.resource, projectId: row.project_id, keyId: row.key_id }, occurredAtMs: row.occurred_at.getTime(),
    quantities: canonicalJson(row.quantities), attributes: canonicalJson(row.attributes),
  })]));
}

/** What the sender said, in one form. */
function payloadOf(event: Pick<UsageEvent, 'occurredAtMs' | 'quantities' | 'attributes'> & { readonly place: Pick<UsagePlace, 'kind' | 'resource' | 'projectId' | 'keyId'> }): string {
  const { place: { kind, resource, projectId, keyId }, occurredAtMs, quantities, attributes } = event;
  return JSON.stringify([kind, resource, projectId, keyId, occurredAtMs, quantities, attributes]);
}

async function refuseClosed(tx: Executor, events: readonly UsageEvent[]): Promise<void> {
  const closed = await closedMonthsOf(tx, events.map((event) => ({ organisationId: event.place.organisationId, month: monthOf(event.occurredAtMs) })));
  const late = events.find((event) => closed.has(monthKey(event.place.organisationId, monthOf(event.occurredAtMs))));
  if (late !== undefined) throw refused(late.id, `the month ${monthOf(late.occurredAtMs)} is closed; adjust its invoice instead`);
}

function conflict(id: string): TandemError {
  return new TandemError('id_conflict', { params: { id }, facts: { id } });
}

function refused(id: string, reason: string): TandemError {
  return new TandemError('usage_refused', { params: { id, reason } });
}

function notHere(kind: string, id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind, id, verb: `${kind}s` } });
}
