import { CopyBytes } from './copy-bytes.ts';
import type { SealedEvent } from './event-batch.ts';
import type { UsagePlace } from './usage-event.ts';

/** The statement that takes what `CopyRows` makes. What a place's events share comes first: those bytes are made once. */
export const COPY_EVENTS = `copy usage_events (epoch_id, recorded_at, organisation_id, project_id, key_id, kind, resource, tier, service_tier, currency, price_version_id,
  id, occurred_at, quantities, charge, cost, outcome, counted, attributes, sequence, hash) from stdin (format binary)`;
const COLUMNS = 21;

/** Signature, flags, and the length of a header extension that is not there. */
const START = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Stands where another row would say its number of columns. */
const END = Buffer.from([0xff, 0xff]);
/** Fields of fixed length, the lengths of the others, and two amounts at their longest. */
const REST_OF_ROW = 220;
const FIRST_CAPACITY = 65_536;

/**
 * Usage events as rows of Postgres' binary COPY. It costs Postgres a fifth less than text does, and nothing is put together
 * as text that would have to be taken apart again.
 */
export class CopyRows {
  readonly #epochId: string;
  readonly #atMs: number;
  readonly #places = new Map<UsagePlace, Buffer>();
  #capacity = FIRST_CAPACITY;
  #begun = false;

  constructor(log: { readonly epochId: string; readonly atMs: number }) {
    this.#epochId = log.epochId;
    this.#atMs = log.atMs;
  }

  /** The next bytes of the stream. */
  rows(sealed: readonly SealedEvent[]): Buffer {
    const bytes = new CopyBytes(this.#capacity);
    if (!this.#begun) {
      bytes.bytes(START);
      this.#begun = true;
    }
    for (const one of sealed) this.#row(bytes, one);
    this.#capacity = Math.max(FIRST_CAPACITY, Math.ceil(bytes.length * 1.2));
    return bytes.take();
  }

  /** Its last bytes. */
  end(): Buffer {
    return END;
  }

  #row(bytes: CopyBytes, { event, sequence, hash }: SealedEvent): void {
    const place = this.#placeOf(event.place);
    bytes.reserve(place.length + REST_OF_ROW + 3 * (event.quantities.length + event.attributes.length + event.outcome.length + event.counted.length));
    bytes.bytes(place);
    bytes.uuid(event.id);
    bytes.time(event.occurredAtMs);
    bytes.json(event.quantities);
    bytes.numeric(event.charge);
    if (event.cost === null) bytes.nothing();
    else bytes.numeric(event.cost);
    bytes.text(event.outcome);
    bytes.text(event.counted);
    bytes.json(event.attributes);
    bytes.int64(sequence);
    bytes.latin1(hash);
  }

  #placeOf(place: UsagePlace): Buffer {
    let made = this.#places.get(place);
    if (made === undefined) {
      made = this.#makePlace(place);
      this.#places.set(place, made);
    }
    return made;
  }

  #makePlace({ organisationId, projectId, keyId, kind, resource, tier, serviceTier, currency, priceVersionId }: UsagePlace): Buffer {
    const texts = [kind, resource, tier, serviceTier, currency];
    const bytes = new CopyBytes(200 + texts.reduce((sum, one) => sum + 3 * one.length, 0));
    const id = (one: string | null) => (one === null ? bytes.nothing() : bytes.uuid(one));
    bytes.int16(COLUMNS);
    id(this.#epochId);
    bytes.time(this.#atMs);
    for (const one of [organisationId, projectId, keyId]) id(one);
    for (const one of texts) bytes.text(one);
    id(priceVersionId);
    return bytes.take();
  }
}
