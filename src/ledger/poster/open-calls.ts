import type { Picodollars } from '../../base/index.ts';
import type { EpochState } from '../epochs/epochs.ts';
import { parseAdmission, parseFinal, parseProgress, parseQuantities, quantitiesFromText, type AdmissionContext, type AdmissionRecord, type FinalRecord } from '../events/records.ts';
import type { UsageEvent, UsagePlace } from '../events/usage-event.ts';
import { RECORD, type LogRecord } from '../log/record.ts';
import type { PriceVersion, Quantities } from '../prices/types.ts';
import { canonicalJson } from '../rating/canonical.ts';
import { rate, type RatedLine } from '../rating/rate.ts';

/** A call that is admitted and not ended, as far as its log was read. */
export interface OpenCall {
  readonly admission: AdmissionRecord;
  readonly admissionPayload: string;
  progressPayload: string | null;
}

/** The price by which a call is to be rated: the version in force at its admission. */
export type PriceOf = (admission: AdmissionRecord) => PriceVersion | undefined;

/** Where a log stands before what is read. */
export type ReadFrom = Pick<EpochState, 'recordNumber' | 'sequence'>;

/**
 * Turns records into events, slice by slice. The open calls of before are not changed: what is not committed can be read
 * again. Records up to those of `from`, numbers of final events too, were posted and are skipped.
 */
export class CallReading {
  /** Calls that began in these records and are still open. */
  readonly begun = new Map<string, OpenCall>();
  /** Calls of before with new progress. */
  readonly moved = new Map<string, OpenCall>();
  /** Calls of before that ended. */
  readonly ended = new Set<string>();
  /** Calls that the gateway charged otherwise than they are rated. */
  mismatches = 0;
  /** Of the last record that was read. */
  lastNumber: number;
  /** The first record that is not there although later ones are, and nothing from there on is read; null: none is missing. */
  missing: number | null = null;
  readonly #before: ReadonlyMap<string, OpenCall>;
  readonly #priceOf: PriceOf;
  #sequence: number;

  constructor(before: ReadonlyMap<string, OpenCall>, from: ReadFrom, priceOf: PriceOf) {
    this.#before = before;
    this.#priceOf = priceOf;
    this.lastNumber = from.recordNumber;
    this.#sequence = Number(from.sequence);
  }

  /** @returns the calls that end in these records, in their order. */
  read(records: readonly LogRecord[]): UsageEvent[] {
    const events: UsageEvent[] = [];
    for (const record of records) {
      if (record.number <= this.lastNumber) continue;
      if (record.number > this.lastNumber + 1) {
        this.missing = this.lastNumber + 1;
        break;
      }
      this.lastNumber = record.number;
      if (record.type === RECORD.admission) {
        const admission = parseAdmission(record.payload);
        this.begun.set(admission.id, { admission, admissionPayload: record.payload, progressPayload: null });
      } else if (record.type === RECORD.progress) {
        this.#progress(record.payload);
      } else {
        const event = this.#end(parseFinal(record.payload));
        if (event !== null) events.push(event);
      }
    }
    return events;
  }

  #progress(payload: string): void {
    const { id } = parseProgress(payload);
    const call = this.#find(id);
    if (call !== undefined) (this.begun.has(id) ? this.begun : this.moved).set(id, { ...call, progressPayload: payload });
  }

  #end(final: FinalRecord): UsageEvent | null {
    if (final.sequence <= this.#sequence) return null;
    const call = this.#find(final.id);
    if (call === undefined) throw new Error(`the log ends a call that it does not begin: ${final.id}`);
    this.#sequence = final.sequence;
    const { event, mismatch } = endedEvent(call.admission, final, this.#priceOf);
    if (mismatch) this.mismatches += 1;
    if (!this.begun.delete(final.id)) this.ended.add(final.id);
    this.moved.delete(final.id);
    return event;
  }

  #find(id: string): OpenCall | undefined {
    return this.begun.get(id) ?? this.moved.get(id) ?? (this.ended.has(id) ? undefined : this.#before.get(id));
  }
}

function endedEvent(admission: AdmissionRecord, final: FinalRecord, priceOf: PriceOf): { event: UsageEvent; mismatch: boolean } {
  const price = priceOf(admission);
  const rated = final.released ? FREE : rateWithin(admission, parseQuantities(final.quantities), price);
  const attributes = final.saysHold && rated.excess === 0n ? final.attributes
    : canonicalJson({ hold: String(admission.hold), ...(JSON.parse(final.attributes) as object), ...(rated.excess > 0n && { excess: String(rated.excess) }) });
  const { quantities, cost, outcome, counted } = final;
  return { event: eventOf(admission, price, rated, { quantities, cost, outcome, counted, attributes, freed: final.charge }), mismatch: rated.charge !== final.charge };
}

/** What a crash left of a call: charged for what its progress shows; null: it shows nothing. */
export function cutEvent(call: OpenCall, priceOf: PriceOf): UsageEvent | null {
  if (call.progressPayload === null) return null;
  const { quantities } = parseProgress(call.progressPayload);
  const { admission } = call;
  const price = priceOf(admission);
  const rated = rateWithin(admission, quantitiesFromText(quantities), price);
  const { user = '', tags = [] } = admission.context.labels ?? {};
  const attributes = canonicalJson({
    hold: String(admission.hold), recovered: true, ...(rated.excess > 0n && { excess: String(rated.excess) }), ...(user !== '' && { user }), ...(tags.length > 0 && { tags }),
  });
  return eventOf(admission, price, rated, { quantities: canonicalJson(quantities), cost: null, outcome: 'cut', counted: 'tokenizer', attributes, freed: rated.charge });
}

interface Rated {
  readonly lines: readonly RatedLine[];
  readonly charge: Picodollars;
  readonly excess: Picodollars;
}

const FREE: Rated = { lines: [], charge: 0n, excess: 0n };

/** A charge is never above its hold: the rest is the operator's. */
function rateWithin(admission: AdmissionRecord, quantities: Quantities, price: PriceVersion | undefined): Rated {
  if (price === undefined) throw new Error(`the price version ${admission.context.priceId} of call ${admission.id} is not known`);
  const { lines, charge } = rate(quantities, price);
  const excess = charge > admission.hold ? charge - admission.hold : 0n;
  return { lines, charge: charge - excess, excess };
}

function eventOf(
  admission: AdmissionRecord, price: PriceVersion | undefined, { lines, charge }: Rated,
  end: Pick<UsageEvent, 'quantities' | 'cost' | 'outcome' | 'counted' | 'attributes' | 'freed'>,
): UsageEvent {
  return { ...end, id: admission.id, place: placeOf(admission.context, price?.id ?? admission.context.priceId), occurredAtMs: admission.admittedAtMs, lines, charge };
}

const places = new WeakMap<AdmissionContext, UsagePlace>();

/** One object per context and price, as long as the price stays the same. */
function placeOf(context: AdmissionContext, priceVersionId: string): UsagePlace {
  let place = places.get(context);
  if (place === undefined || place.priceVersionId !== priceVersionId) {
    const { organisationId, projectId, keyId, resource, tier, serviceTier, currency, windows } = context;
    place = { organisationId, projectId, keyId, kind: 'call', resource, tier, serviceTier, currency, priceVersionId, windows };
    places.set(context, place);
  }
  return place;
}
