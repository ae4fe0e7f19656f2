import { createIdSource } from '../../base/index.ts';
import { applyEvents } from '../events/apply.ts';
import type { UsageEvent } from '../events/usage-event.ts';
import type { PriceBook } from '../prices/book.ts';
import type { Quantities, ServiceTier } from '../prices/types.ts';
import { quantitiesToJson } from '../rating/quantities.ts';
import { canonicalJson } from '../rating/canonical.ts';
import { rate } from '../rating/rate.ts';
import type { TestHouse } from './house.ts';

export interface TestUsage {
  readonly quantities: Quantities;
  readonly id?: string;
  readonly atMs?: number;
  readonly organisationId?: string;
  readonly projectId?: string;
  readonly keyId?: string | null;
  readonly resource?: string;
  /** Default: a call. */
  readonly kind?: string;
  readonly outcome?: string;
  readonly cost?: bigint | null;
  readonly firstTokenMs?: number;
  readonly serviceTier?: ServiceTier;
  /** Over those that a call has here. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** Puts usage into the database as the poster does: rated and applied, and the epoch moved on. */
export class TestPoster {
  readonly #house: TestHouse;
  readonly #book: PriceBook;
  readonly epochId: string;
  #lastSequence = 0n;
  #chain: Buffer = Buffer.alloc(32);

  private constructor(house: TestHouse, book: PriceBook, epochId: string) {
    this.#house = house;
    this.#book = book;
    this.epochId = epochId;
  }

  static async open(house: TestHouse, book: PriceBook): Promise<TestPoster> {
    const epochId = house.newId();
    const at = new Date(house.clock.nowMs());
    await house.database.unscoped('a test opens an epoch').insertInto('epochs').values({
      id: epochId, kind: 'log', host: 'test', home: '/test', folder: `/test/${epochId}`, pid: 1, started_at: at, heartbeat_at: at, chain: Buffer.alloc(32),
    }).execute();
    return new TestPoster(house, book, epochId);
  }

  event(usage: TestUsage): UsageEvent {
    const occurredAtMs = usage.atMs ?? this.#house.clock.nowMs();
    const organisationId = usage.organisationId ?? this.#house.organisationId;
    const resource = usage.resource ?? 'tandem/local';
    const serviceTier = usage.serviceTier ?? 'default';
    const price = this.#book.priceOn(organisationId, resource, 'standard', serviceTier, occurredAtMs);
    if (price === undefined) throw new Error(`the test has no price for ${resource} at ${new Date(occurredAtMs).toISOString()}`);
    const { lines, charge } = rate(usage.quantities, price);
    const cost = usage.cost ?? null;
    return {
      id: usage.id ?? (usage.atMs === undefined ? this.#house.newId() : createIdSource(() => occurredAtMs)()),
      place: {
        organisationId, projectId: usage.projectId ?? this.#house.projectId, keyId: usage.keyId ?? null, kind: usage.kind ?? 'call', resource, tier: 'standard', serviceTier,
        currency: price.currency, priceVersionId: price.id, windows: [],
      },
      occurredAtMs, quantities: canonicalJson(quantitiesToJson(usage.quantities)), lines, charge, cost, outcome: usage.outcome ?? 'completed', counted: 'tokenizer', freed: 0n,
      attributes: canonicalJson({ streamed: true, timings: { firstTokenMs: usage.firstTokenMs ?? 12.5 }, attempts: [{ cost: cost === null ? null : String(cost) }], ...usage.attributes }),
    };
  }

  async post(events: readonly UsageEvent[]): Promise<void> {
    const { database, newId, clock } = this.#house;
    const after = await database.transaction(async (tx) => {
      const moved = await applyEvents(tx, events, { epochId: this.epochId, lastSequence: this.#lastSequence, chain: this.#chain, atMs: clock.nowMs(), database, newId });
      await tx.updateTable('epochs').set({ posted_sequence: moved.lastSequence, chain: moved.chain, posted_at: new Date(clock.nowMs()) }).where('id', '=', this.epochId).execute();
      return moved;
    });
    this.#lastSequence = after.lastSequence;
    this.#chain = after.chain;
  }

  async use(...usage: TestUsage[]): Promise<UsageEvent[]> {
    const events = usage.map((one) => this.event(one));
    await this.post(events);
    return events;
  }
}
