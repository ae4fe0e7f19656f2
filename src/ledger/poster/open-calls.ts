import type { Picodollars } from '../../base/index.ts';
import { parseAdmission, parseFinal, parseProgress, quantitiesFromText, type AdmissionRecord, type FinalRecord } from '../events/records.ts';
import type { UsageEvent } from '../events/usage-event.ts';
import { RECORD, type LogRecord } from '../log/record.ts';
import type { PriceVersion } from '../prices/types.ts';
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

export interface Read {
  readonly events: UsageEvent[];
  /** Calls that began in these records and are still open. */
  readonly begun: Map<string, OpenCall>;
  /** Calls of before with new progress. */
  readonly moved: Map<string, OpenCall>;
  /** Calls of before that ended. */
  readonly ended: string[];
  readonly mismatches: number;
  readonly lastNumber: number;
  /** The first record that is not there although later ones are, and nothing from there on was read; null: none is missing. */
  readonly missing: number | null;
}

/**
 * Turns records into events. Pure but for the open calls of before, which are not changed: a batch that is not committed
 * can be read again. Records up to `lastNumber`, and final events up to `lastSequence`, were posted and are skipped.
 */
export function readRecords(records: readonly LogRecord[], before: ReadonlyMap<string, OpenCall>, lastNumber: number, lastSequence: bigint, priceOf: PriceOf): Read {
  const begun = new Map<string, OpenCall>();
  const moved = new Map<string, OpenCall>();
  const ended = new Set<string>();
  const events: UsageEvent[] = [];
  let mismatches = 0;
  let missing: number | null = null;
  let number = lastNumber;
  let sequence = lastSequence;
  const find = (id: string): OpenCall | undefined => begun.get(id) ?? moved.get(id) ?? (ended.has(id) ? undefined : before.get(id));

  for (const record of records) {
    if (record.number <= number) continue;
    if (record.number > number + 1) {
      missing = number + 1;
      break;
    }
    number = record.number;
    if (record.type === RECORD.admission) {
      const admission = parseAdmission(record.payload);
      begun.set(admission.id, { admission, admissionPayload: record.payload, progressPayload: null });
    } else if (record.type === RECORD.progress) {
      const { id } = parseProgress(record.payload);
      const call = find(id);
      if (call === undefined) continue;
      const next = { ...call, progressPayload: record.payload };
      (begun.has(id) ? begun : moved).set(id, next);
    } else {
      const final = parseFinal(record.payload);
      if (BigInt(final.sequence) <= sequence) continue;
      const call = find(final.id);
      if (call === undefined) throw new Error(`the log ends a call that it does not begin: ${final.id}`);
      sequence = BigInt(final.sequence);
      const { event, mismatch } = endedEvent(call.admission, final, priceOf);
      if (mismatch) mismatches += 1;
      events.push(event);
      if (!begun.delete(final.id)) ended.add(final.id);
      moved.delete(final.id);
    }
  }
  return { events, begun, moved, ended: [...ended], mismatches, lastNumber: number, missing };
}

function endedEvent(admission: AdmissionRecord, final: FinalRecord, priceOf: PriceOf): { event: UsageEvent; mismatch: boolean } {
  const rated = final.released ? { lines: [], charge: 0n, excess: 0n } : rateWithin(admission, JSON.parse(final.quantities) as Record<string, string>, priceOf(admission));
  const attributes = final.saysHold && rated.excess === 0n ? final.attributes
    : canonicalJson({ hold: String(admission.hold), ...(JSON.parse(final.attributes) as object), ...(rated.excess > 0n && { excess: String(rated.excess) }) });
  return {
    event: eventOf(admission, { ...rated, quantities: final.quantities, cost: final.cost, outcome: final.outcome, counted: final.counted, attributes, freed: final.charge, priceOf }),
    mismatch: rated.charge !== final.charge,
  };
}

/** What a crash left of a call: charged for what its progress shows; null: it shows nothing. */
export function cutEvent(call: OpenCall, priceOf: PriceOf): UsageEvent | null {
  if (call.progressPayload === null) return null;
  const { quantities } = parseProgress(call.progressPayload);
  const { admission } = call;
  const rated = rateWithin(admission, quantities, priceOf(admission));
  const { user = '', tags = [] } = admission.context.labels ?? {};
  const attributes = canonicalJson({
    hold: String(admission.hold), recovered: true, ...(rated.excess > 0n && { excess: String(rated.excess) }), ...(user !== '' && { user }), ...(tags.length > 0 && { tags }),
  });
  return eventOf(admission, { ...rated, quantities: canonicalJson(quantities), cost: null, outcome: 'cut', counted: 'tokenizer', attributes, freed: rated.charge, priceOf });
}

/** A charge is never above its hold: the rest is the operator's. */
function rateWithin(admission: AdmissionRecord, quantities: Readonly<Record<string, string>>, price: PriceVersion | undefined): { lines: readonly RatedLine[]; charge: Picodollars; excess: Picodollars } {
  if (price === undefined) throw new Error(`the price version ${admission.context.priceId} of call ${admission.id} is not known`);
  const { lines, charge } = rate(quantitiesFromText(quantities), price);
  const excess = charge > admission.hold ? charge - admission.hold : 0n;
  return { lines, charge: charge - excess, excess };
}

function eventOf(admission: AdmissionRecord, end: {
  lines: readonly RatedLine[]; charge: Picodollars; quantities: string; cost: Picodollars | null;
  outcome: string; counted: string; attributes: string; freed: Picodollars; priceOf: PriceOf;
}): UsageEvent {
  const { context } = admission;
  return {
    id: admission.id, organisationId: context.organisationId, projectId: context.projectId, keyId: context.keyId, kind: 'call',
    resource: context.resource, tier: context.tier, serviceTier: context.serviceTier, occurredAtMs: admission.admittedAtMs, quantities: end.quantities, lines: end.lines,
    charge: end.charge, cost: end.cost, currency: context.currency, priceVersionId: end.priceOf(admission)?.id ?? context.priceId,
    outcome: end.outcome, counted: end.counted, attributes: end.attributes,
    slices: context.windows.length === 0 ? null : { windows: context.windows, amount: end.freed },
  };
}
