import { sql, type Selectable } from 'kysely';
import type { Executor, Schema } from '../../db/index.ts';
import { ownListOf } from '../prices/service-tier.ts';
import type { CallerTier, PriceVersion, ServiceTier } from '../prices/types.ts';
import { chainHash, formerHash, readHash, type ReadEvent } from '../rating/event-hash.ts';
import { Findings, type VerifyScope } from './findings.ts';
import { nameChangedField, type KnownValues } from './name-field.ts';
import type { PriceHistory } from './price-history.ts';
import { hashedEvent, recomputeCharge, type StoredEvent } from './stored-event.ts';

/** Rows in memory at a time. */
const PAGE = 2_000;

type Epoch = Selectable<Schema['epochs']>;
type Posting = Selectable<Schema['postings']>;

export interface EventFindings {
  readonly events: Findings;
  readonly sequences: Findings;
}

/**
 * Reads every usage event, page by page: its hash, its charge recomputed from its quantities and the price
 * in force when it was admitted; and, for the whole installation, that the numbers of each epoch have no gap
 * up to what is posted and that the chain of its batches holds.
 */
export async function verifyEvents(executor: Executor, scope: VerifyScope, prices: PriceHistory): Promise<EventFindings> {
  const events = new Findings('events', 'Every usage event is as it was written, and its charge is what its quantities cost');
  const sequences = new Findings('sequences', 'No usage event is missing: numbers have no gap, and the chain of batches holds');
  const epochs = await executor.selectFrom('epochs').selectAll().orderBy('started_at').orderBy('id').execute();
  const known: Omit<KnownValues, 'expectedSequence' | 'groups'> = { price: prices.byId, priceIds: prices.ids, epochIds: () => epochs.map((epoch) => epoch.id) };
  const groups = await knownGroups(executor);
  const check = (row: StoredEvent, expectedSequence: bigint | null) => checkEvent(events, row, prices, { ...known, expectedSequence, groups: () => groups });
  for (const epoch of epochs) await verifyEpoch(executor, scope, epoch, { events, sequences, check });
  if (scope.organisationId === null) {
    const { rows } = await sql<{ id: string; epoch_id: string }>`select id, epoch_id from usage_events e where not exists (select from epochs where epochs.id = e.epoch_id) limit 1`.execute(executor);
    if (rows[0] !== undefined) events.fault(`usage event ${rows[0].id}: the field epoch_id names an epoch that does not exist (${rows[0].epoch_id})`);
  }
  return { events, sequences };
}

interface EpochWork extends EventFindings {
  check(row: StoredEvent, expectedSequence: bigint | null): Checked;
}

/** What became of one row. */
interface Checked {
  /** Recomputed. */
  readonly hash: Buffer;
  /** The row no longer fits its stored hash: which field it is that was changed, unless it is the hash itself. */
  readonly changed: { readonly id: string; readonly field: string; readonly difference: bigint } | null;
}

async function verifyEpoch(executor: Executor, scope: VerifyScope, epoch: Epoch, { events, sequences, check }: EpochWork): Promise<void> {
  const whole = scope.organisationId === null;
  const chain = whole ? new Chain({ events, sequences }, epoch, await PostingReader.open(executor, epoch.id)) : null;
  let after = -1n;
  for (;;) {
    let query = executor.selectFrom('usage_events').selectAll().where('epoch_id', '=', epoch.id).where('sequence', '>', String(after)).orderBy('sequence').limit(PAGE);
    if (scope.organisationId !== null) query = query.where('organisation_id', '=', scope.organisationId);
    const rows = await query.execute();
    for (const row of rows) {
      const checked = check(row, chain?.expected ?? null);
      if (chain !== null) await chain.take(row, checked);
      else if (checked.changed !== null) reportChanged(events, checked.changed, checked.changed.field);
    }
    if (rows.length < PAGE) break;
    after = BigInt(rows.at(-1)?.sequence ?? 0);
  }
  await chain?.end();
}

function checkEvent(findings: Findings, row: StoredEvent, prices: PriceHistory, known: KnownValues): Checked {
  findings.count(1);
  const event = hashedEvent(row);
  const hash = hashOf(event, row.hash);
  const price = event.priceVersionId === null ? undefined : prices.byId(event.priceVersionId);
  const charge = recomputeCharge(event, price);
  const difference = charge === undefined ? 0n : event.charge - charge;
  if (!hash.equals(row.hash)) {
    return { hash, changed: { id: row.id, field: nameChangedField(event, row.hash, known), difference } };
  }
  if (charge === undefined) {
    findings.fault(`usage event ${row.id}: its quantities cannot be rated by its price version ${row.price_version_id ?? '(none)'}`);
  } else if (difference !== 0n) {
    findings.fault(`usage event ${row.id}: the field charge is ${event.charge}, its quantities cost ${charge}`, difference);
  } else {
    const wrong = priceFault(event.priceVersionId, { ...event, agreedAtMs: agreedAt(event) }, prices, price);
    if (wrong !== null) findings.fault(`usage event ${row.id}: ${wrong}`);
  }
  return { hash, changed: null };
}

/** The hash of what stands there: in the form in which it fits the stored one, else in today's. */
function hashOf(event: ReadEvent, stored: Buffer): Buffer {
  const hash = readHash(event);
  if (hash.equals(stored)) return hash;
  const former = formerHash(event);
  return former.equals(stored) ? former : hash;
}

function reportChanged(findings: Findings, changed: NonNullable<Checked['changed']>, field: string): void {
  findings.fault(`usage event ${changed.id}: the field ${field} was changed after it was written`, changed.difference);
}

/** When the price was agreed: at the admission, or before it, where a lease's price was quoted and stays. */
function agreedAt({ kind, attributes, occurredAtMs }: Pick<ReadEvent, 'kind' | 'attributes' | 'occurredAtMs'>): number {
  const said = kind === 'lease' && typeof attributes === 'object' && attributes !== null ? attributes['agreedAt'] : undefined;
  const atMs = typeof said === 'string' ? Date.parse(said) : Number.NaN;
  return atMs <= occurredAtMs ? atMs : occurredAtMs;
}

/** Whether the version was the one in force at the admission. */
function priceFault(id: string | null, event: { resource: string; tier: string; serviceTier: string; agreedAtMs: number; currency: string }, prices: PriceHistory, price: PriceVersion | undefined): string | null {
  if (id === null) return null;
  if (price === undefined) return `the field price_version_id names a version that does not exist (${id})`;
  const fits = price.side === 'sell' && price.resource === event.resource && (price.tier === event.tier || price.tier === ownListOf(event.tier as CallerTier, event.serviceTier as ServiceTier)) && price.currency === event.currency;
  if (!fits) return `the field price_version_id names the price of something else (${price.resource}, ${price.tier}, ${price.currency})`;
  const stated = ownListOf(event.tier as CallerTier, event.serviceTier as ServiceTier);
  if (stated !== null && price.tier !== stated && prices.hasPrice(price, stated, event.agreedAtMs)) return `the field price_version_id names the ${price.tier} price, but there was one for ${stated}`;
  return prices.inForce(price, event.agreedAtMs) ? null : `the field price_version_id names a version that was not in force at ${new Date(event.agreedAtMs).toISOString()}`;
}

/** Follows one epoch's events and batches side by side. */
class Chain {
  readonly #events: Findings;
  readonly #findings: Findings;
  readonly #epoch: Epoch;
  readonly #postings: PostingReader;
  #previous: Buffer = Buffer.alloc(32);
  #hashes: Buffer[] = [];
  #stored: Buffer[] = [];
  #changed: NonNullable<Checked['changed']>[] = [];
  expected = 1n;

  constructor({ events, sequences }: EventFindings, epoch: Epoch, postings: PostingReader) {
    this.#events = events;
    this.#findings = sequences;
    this.#epoch = epoch;
    this.#postings = postings;
  }

  async take(row: StoredEvent, { hash, changed }: Checked): Promise<void> {
    const sequence = BigInt(row.sequence);
    this.#findings.count(1);
    if (changed !== null) this.#changed.push(changed);
    if (sequence < this.expected) {
      this.#findings.fault(`usage event ${row.id}: the field sequence was changed, ${sequence} is there twice in epoch ${this.#epoch.id}`);
      return;
    }
    if (sequence > this.expected) this.#missing(this.expected, sequence - 1n);
    while (this.expected < sequence) await this.#step(null, null);
    await this.#step(hash, row);
  }

  /** After the last event: what is posted by the epoch's own watermark must be there. */
  async end(): Promise<void> {
    const posted = BigInt(this.#epoch.posted_sequence);
    if (this.expected <= posted) this.#missing(this.expected, posted);
    if (this.expected > posted + 1n) this.#findings.fault(`epoch ${this.#epoch.id}: events up to ${this.expected - 1n} are there, but only ${posted} are posted`);
    while (this.expected <= posted) await this.#step(null, null);
    this.#report(false);
    if (!this.#previous.equals(this.#epoch.chain)) this.#findings.fault(`epoch ${this.#epoch.id}: its chain does not end as the epoch says, a batch was changed or removed`);
  }

  #missing(from: bigint, to: bigint): void {
    const which = from === to ? `the usage event with sequence ${from}` : `the usage events with sequences ${from} to ${to}`;
    this.#findings.fault(`${which} of epoch ${this.#epoch.id} (started ${this.#epoch.started_at.toISOString()}) ${from === to ? 'was' : 'were'} removed`);
  }

  /** One sequence number on; a missing event breaks the batch that it was in, which is not another fault. */
  async #step(hash: Buffer | null, row: StoredEvent | null): Promise<void> {
    const posting = await this.#postings.at(this.expected);
    if (posting === undefined) {
      if (row !== null) this.#findings.fault(`usage event ${row.id}: no batch of epoch ${this.#epoch.id} holds its sequence ${row.sequence}`);
    } else {
      if (row !== null && row.recorded_at.getTime() !== posting.posted_at.getTime()) {
        this.#findings.fault(`usage event ${row.id}: the field recorded_at is ${row.recorded_at.toISOString()}, its batch was posted at ${posting.posted_at.toISOString()}`);
      }
      if (hash !== null && row !== null) {
        this.#hashes.push(hash);
        this.#stored.push(row.hash);
      }
      if (BigInt(posting.last_sequence) === this.expected) this.#close(posting);
    }
    this.expected += 1n;
  }

  #close(posting: Posting): void {
    const size = BigInt(posting.last_sequence) - BigInt(posting.first_sequence) + 1n;
    const complete = BigInt(this.#hashes.length) === size;
    // A changed event has been named already: then its stored hash still fits the chain, and only when
    // neither fits was the hash, or the chain itself, rewritten too.
    const fitsChain = (hashes: Buffer[]) => chainHash(this.#previous, hashes).equals(posting.hash);
    const recomputedFits = complete && fitsChain(this.#hashes);
    const fits = recomputedFits || fitsChain(this.#stored);
    this.#report(recomputedFits);
    if (complete && !fits) {
      this.#findings.fault(`the batch of sequences ${posting.first_sequence} to ${posting.last_sequence} of epoch ${this.#epoch.id}: its hash does not fit its events, one of them was rewritten together with its hash, or the batch was changed`);
    }
    this.#previous = posting.hash;
    this.#hashes = [];
    this.#stored = [];
  }

  /** Events that do not fit their stored hash. When the chain fits what they say now, it was the hash that was changed. */
  #report(recomputedFits: boolean): void {
    for (const changed of this.#changed) reportChanged(this.#events, changed, recomputedFits ? 'hash' : changed.field);
    this.#changed = [];
  }
}

/** The batches of one epoch in order, a page at a time. */
class PostingReader {
  readonly #executor: Executor;
  readonly #epochId: string;
  #page: Posting[] = [];
  #at = 0;
  #done = false;

  private constructor(executor: Executor, epochId: string) {
    this.#executor = executor;
    this.#epochId = epochId;
  }

  static async open(executor: Executor, epochId: string): Promise<PostingReader> {
    const reader = new PostingReader(executor, epochId);
    await reader.#more('0');
    return reader;
  }

  /** The batch that holds a sequence number; asked with rising numbers. */
  async at(sequence: bigint): Promise<Posting | undefined> {
    for (;;) {
      const posting = this.#page[this.#at];
      if (posting === undefined) {
        if (this.#done) return undefined;
        await this.#more(this.#page.at(-1)?.first_sequence ?? '0');
        continue;
      }
      if (BigInt(posting.last_sequence) >= sequence) return BigInt(posting.first_sequence) <= sequence ? posting : undefined;
      this.#at += 1;
    }
  }

  async #more(after: string): Promise<void> {
    this.#page = await this.#executor.selectFrom('postings').selectAll().where('epoch_id', '=', this.#epochId).where('first_sequence', '>', after).orderBy('first_sequence').limit(PAGE).execute();
    this.#at = 0;
    this.#done = this.#page.length === 0;
  }
}

async function knownGroups(executor: Executor): Promise<{ organisationId: string; projectId: string; keyId: string | null; resource: string }[]> {
  const rows = await executor.selectFrom('usage_rollups').select(['organisation_id', 'project_id', 'key_id', 'resource']).distinct().limit(10_000).execute();
  return rows.map((row) => ({ organisationId: row.organisation_id, projectId: row.project_id, keyId: row.key_id, resource: row.resource }));
}
