import type { Picodollars } from '../../base/index.ts';
import type { Bucket, CallerTier, Quantities, ServiceTier } from '../prices/types.ts';
import { BUCKETS } from '../prices/types.ts';
import { canonicalJson } from '../rating/canonical.ts';
import type { Attempt, CallEnd, Route } from './call.ts';
import { LABEL_LIMITS, cut, tagLabel, userLabel, type Labels } from './labels.ts';
import { named, quoted } from './quoted.ts';

/**
 * What the log's records say. They are written some thousand times a second, so they are arrays of JSON put
 * together from strings; counts and amounts are text. Ids, counts and codes only: never content.
 */
export interface AdmissionRecord {
  readonly id: string;
  readonly admittedAtMs: number;
  readonly hold: Picodollars;
  readonly context: AdmissionContext;
}

/** What many admissions share; its JSON is made once per key and price. */
export interface AdmissionContext {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly resource: string;
  readonly tier: CallerTier;
  readonly serviceTier: ServiceTier;
  readonly priceId: string;
  readonly currency: string;
  /** The budget windows that the hold was taken from. */
  readonly windows: readonly WindowKey[];
  /** Only where a budget counts by them: what a crash leaves of the call is counted by the same. */
  readonly labels?: Labels | undefined;
}

export interface WindowKey {
  readonly budgetId: string;
  readonly windowStartMs: number;
  /** Whose calls: of a budget for each model, user or tag; else empty. See `budgets/counted.ts`. */
  readonly counted: string;
}

export interface ProgressRecord {
  readonly id: string;
  readonly quantities: Readonly<Record<string, string>>;
}

export interface FinalRecord {
  readonly id: string;
  readonly sequence: number;
  readonly outcome: string;
  /** What the gateway charged: what its slices were lowered by. */
  readonly charge: Picodollars;
  readonly cost: Picodollars | null;
  readonly counted: string;
  /** True: ended without a charge. */
  readonly released: boolean;
  /** Canonical JSON, both, as the event keeps them. */
  readonly quantities: string;
  readonly attributes: string;
  /** False: a log of an earlier version, whose attributes do not say the hold. */
  readonly saysHold: boolean;
}

export function contextJson(context: AdmissionContext): string {
  const { organisationId, projectId, keyId, resource, tier, serviceTier, priceId, currency, windows, labels } = context;
  const keys = windows.map(({ budgetId, windowStartMs, counted }) => (counted === '' ? [budgetId, windowStartMs] : [budgetId, windowStartMs, counted]));
  const more = labels !== undefined ? [serviceTier, [labels.user, labels.tags]] : serviceTier === 'default' ? [] : [serviceTier];
  return JSON.stringify([organisationId, projectId, keyId, resource, tier, priceId, currency, keys, ...more]);
}

export function admissionPayload(id: string, admittedAtMs: number, hold: Picodollars, context: string): string {
  return `["${id}",${admittedAtMs},"${hold}",${context}]`;
}

/** The text that `admissionPayload` made; only a checksummed record comes here. */
export function parseAdmission(payload: string): AdmissionRecord {
  // ["ID",MS,"HOLD",CONTEXT]: the context is cut out as text, since few are different.
  const holdAt = payload.indexOf(',', ID_END + 2) + 2;
  const holdEnd = payload.indexOf('"', holdAt);
  return {
    id: payload.slice(2, ID_END),
    admittedAtMs: Number(payload.slice(ID_END + 2, holdAt - 2)),
    hold: BigInt(payload.slice(holdAt, holdEnd)),
    context: contextOf(payload.slice(holdEnd + 2, -1)),
  };
}

/** Behind `["` and an id. */
const ID_END = 38;
const KEPT_CONTEXTS = 20_000;
const contexts = new Map<string, AdmissionContext>();

/** One object per context, so that what is derived from it can be kept with it. */
function contextOf(json: string): AdmissionContext {
  const known = contexts.get(json);
  if (known !== undefined) return known;
  const [organisationId, projectId, keyId, resource, tier, priceId, currency, windows, serviceTier = 'default', labels] =
    JSON.parse(json) as [string, string, string | null, string, CallerTier, string, string, [string, number, string?][], ServiceTier?, [string, string[]]?];
  const context = {
    organisationId, projectId, keyId, resource, tier, serviceTier, priceId, currency, windows: windows.map(([budgetId, windowStartMs, counted = '']) => ({ budgetId, windowStartMs, counted })),
    ...(labels && { labels: { user: labels[0], tags: labels[1] } }),
  };
  if (contexts.size >= KEPT_CONTEXTS) contexts.clear();
  contexts.set(json, context);
  return context;
}

export function progressPayload(id: string, quantities: Quantities): string {
  return `["${id}",${quantitiesJson(quantities)}]`;
}

export function parseProgress(payload: string): ProgressRecord {
  const [id, quantities] = JSON.parse(payload) as [string, Record<string, string>];
  return { id, quantities };
}

/**
 * `["ID",SEQUENCE,"OUTCOME","CHARGE",COST,"COUNTED",RELEASED,{quantities},{attributes},1]`. The two objects are canonical
 * JSON: the poster hashes and stores them as they stand here, without reading them.
 * @param charges what is of which attempt, where it is not all of one.
 */
export function finalPayload(id: string, sequence: number, end: CallEnd, charge: Picodollars, released: boolean, hold: Picodollars, charges: ReadonlyMap<Attempt, Picodollars> | null = null): string {
  const { timings, dialect, route, scenario, tags, user } = end;
  const used = quantitiesJson(end.quantities);
  const paid = released ? undefined : (end.attempts.find((one) => one.delivered) ?? end.attempts.at(-1));
  let attempts = '';
  // Mostly there is one attempt, and what it used is what the call used.
  for (const one of end.attempts) attempts += `${attempts === '' ? '' : ','}${attemptJson(one, one.quantities === end.quantities ? used : quantitiesJson(one.quantities), charges !== null ? (charges.get(one) ?? null) : one === paid ? charge : null)}`;
  return `["${id}",${sequence},"${end.outcome}","${charge}",${text(costOf(end))},"${end.counted}",${released},${released ? '{}' : used},` +
    `{"attempts":[${attempts}]${end.undelivered === true ? ',"delivered":false' : ''}${dialect === undefined ? '' : `,"dialect":${named(dialect)}`},"finishReason":${end.finishReason === null ? 'null' : quoted(end.finishReason)},"hold":"${hold}"` +
    `${route === undefined ? '' : `,"route":${routeJson(route)}`}${scenario === undefined || scenario === null ? '' : `,"scenario":${quoted(cut(scenario, LABEL_LIMITS.tagLength))}`},"streamed":${end.streamed}` +
    `${tags === undefined || tags.length === 0 ? '' : `,"tags":[${tags.slice(0, LABEL_LIMITS.tags).map((tag) => quoted(tagLabel(tag))).join(',')}]`}` +
    `,"timings":{"connectMs":${tenth(timings.connectMs)},"firstTokenMs":${tenth(timings.firstTokenMs)},"queueMs":${tenth(timings.queueMs)},"totalMs":${tenth(timings.totalMs)}}` +
    `${user === undefined || user === null ? '' : `,"user":${quoted(userLabel(user))}`}},1]`;
}

function attemptJson(one: Attempt, quantities: string, charge: Picodollars | null): string {
  const { backend, backendKey, connectMs, countedBy, firstTokenMs, startedMs } = one;
  return `{${backend === undefined ? '' : `"backend":${named(backend)},`}"backendId":${named(one.backendId)}${backendKey === undefined ? '' : `,"backendKey":${named(backendKey)}`}` +
    `,"backendModel":${named(one.backendModel)}${one.billed === undefined ? '' : `,"billed":${quantitiesJson(one.billed)}`}${charge === null ? '' : `,"charge":"${charge}"`}${connectMs === undefined ? '' : `,"connectMs":${tenth(connectMs)}`},"cost":${text(one.cost)}` +
    `,"costPriceId":${one.costPriceId === null ? 'null' : named(one.costPriceId)}${countedBy === undefined ? '' : `,"countedBy":"${countedBy}"`}` +
    `${firstTokenMs === undefined ? '' : `,"firstTokenMs":${tenth(firstTokenMs)}`}${one.hedged === true ? ',"hedged":true' : ''},"httpStatus":${one.httpStatus},"ms":${tenth(one.ms)}` +
    `,"outcome":"${one.outcome}","quantities":${quantities}${startedMs === undefined ? '' : `,"startedMs":${tenth(startedMs)}`}}`;
}

function routeJson({ code, target, words }: Route): string {
  return `{"code":${named(code)},"target":${quoted(target)}${words === undefined ? '' : `,"words":${quoted(cut(words, LABEL_LIMITS.wordsLength))}`}}`;
}

/** What `finalPayload` made, cut into its parts; only a checksummed record comes here. */
export function parseFinal(payload: string): FinalRecord {
  if (!payload.endsWith(',1]')) return parseFormerFinal(payload);
  const sequenceEnd = payload.indexOf(',', ID_END + 2);
  const outcomeEnd = payload.indexOf('"', sequenceEnd + 2);
  const chargeEnd = payload.indexOf('"', outcomeEnd + 3);
  const costAt = chargeEnd + 2;
  const costEnd = payload.indexOf(',', costAt);
  const countedEnd = payload.indexOf('"', costEnd + 2);
  const quantitiesAt = payload.indexOf('{', countedEnd);
  const quantitiesEnd = payload.indexOf('}', quantitiesAt) + 1;
  return {
    id: payload.slice(2, ID_END),
    sequence: Number(payload.slice(ID_END + 2, sequenceEnd)),
    outcome: payload.slice(sequenceEnd + 2, outcomeEnd),
    charge: BigInt(payload.slice(outcomeEnd + 3, chargeEnd)),
    cost: payload[costAt] === '"' ? BigInt(payload.slice(costAt + 1, costEnd - 1)) : null,
    counted: payload.slice(costEnd + 2, countedEnd),
    released: payload[countedEnd + 2] === 't',
    quantities: payload.slice(quantitiesAt, quantitiesEnd),
    attributes: payload.slice(quantitiesEnd + 1, -3),
    saysHold: true,
  };
}

/** A record of an earlier version's log: the same array without the mark at its end, its objects in another order. */
function parseFormerFinal(payload: string): FinalRecord {
  const [id, sequence, outcome, charge, cost, counted, released, quantities, attributes] =
    JSON.parse(payload) as [string, number, string, string, string | null, string, boolean, Record<string, string>, Record<string, unknown>];
  return { id, sequence, outcome, charge: BigInt(charge), cost: cost === null ? null : BigInt(cost), counted, released, quantities: canonicalJson(quantities), attributes: canonicalJson(attributes), saysHold: false };
}

const SORTED_BUCKETS = [...BUCKETS].sort();

/** The quantities as they are stored: bucket → whole number as text, zeros left out, as canonical JSON. */
export function quantitiesJson(quantities: Quantities): string {
  let json = '';
  for (const bucket of SORTED_BUCKETS) {
    const quantity = quantities[bucket];
    if (quantity !== undefined && quantity !== 0n) json += `${json === '' ? '' : ','}"${bucket}":"${quantity}"`;
  }
  return `{${json}}`;
}

/** What `quantitiesJson` made, read back. A batch has thousands of them, and general parsing takes three times as long. */
export function parseQuantities(json: string): Quantities {
  const quantities: { -readonly [B in Bucket]?: bigint } = {};
  for (let at = 2; at < json.length;) {
    const nameEnd = json.indexOf('"', at);
    const valueEnd = json.indexOf('"', nameEnd + 3);
    quantities[json.slice(at, nameEnd) as Bucket] = BigInt(json.slice(nameEnd + 3, valueEnd));
    at = valueEnd + 3;
  }
  return quantities;
}

export function quantitiesFromText(text: Readonly<Record<string, string>>): Quantities {
  return Object.fromEntries(Object.entries(text).map(([bucket, quantity]) => [bucket, BigInt(quantity)]));
}

/** What all attempts cost together; not known when one of them is not. */
function costOf(end: CallEnd): Picodollars | null {
  let cost = 0n;
  for (const attempt of end.attempts) {
    if (attempt.cost === null) return null;
    cost += attempt.cost;
  }
  return end.attempts.length === 0 ? null : cost;
}

function text(amount: Picodollars | null): string {
  return amount === null ? 'null' : `"${amount}"`;
}

/** Milliseconds to a tenth: what is not a number is written as none. Put together from two whole numbers, whose text is found five times as fast as a fraction's. */
function tenth(ms: number): string {
  if (!Number.isFinite(ms)) return 'null';
  const tenths = Math.round(ms * 10);
  const rest = tenths % 10;
  return rest > 0 ? `${(tenths - rest) / 10}.${rest}` : String(tenths / 10);
}
