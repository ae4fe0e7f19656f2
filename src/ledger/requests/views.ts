import type { Selectable } from 'kysely';
import { ERRORS, type ErrorCode } from '../../base/index.ts';
import type { Schema } from '../../db/index.ts';
import { ifSeen } from '../costs.ts';
import type { MachineShare } from '../ports.ts';
import type { UsageLineView } from '../usage/line-views.ts';
import { attemptsOf, firstTokenMs, servedTry, totalMs, type Timeline } from './timeline.ts';

export type EventRow = Selectable<Schema['usage_events']>;
export type ErrorRow = Selectable<Schema['call_errors']>;

/** A call of the model API as a list shows it. What is not known is null. */
export interface RequestView {
  /** The header `x-request-id` of its reply, and a part of the reply's own id. */
  readonly id: string;
  readonly at: string;
  readonly outcome: string;
  /** The error that it was answered with. */
  readonly code: string | null;
  readonly status: number | null;
  readonly model: string | null;
  readonly dialect: string | null;
  readonly tier: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly backendId: string | null;
  readonly backendName: string | null;
  readonly tries: number;
  readonly user: string | null;
  readonly scenario: string | null;
  readonly tags: string[];
  readonly streamed: boolean | null;
  readonly finishReason: string | null;
  readonly quantities: Readonly<Record<string, string>>;
  readonly charge: string;
  /** Null: not known. Absent: the caller does not see costs. */
  readonly cost?: string | null;
  readonly margin?: string | null;
  readonly currency: string | null;
  readonly firstTokenMs: number | null;
  readonly totalMs: number | null;
}

export interface RequestError {
  readonly code: string;
  readonly status: number;
  readonly param: string | null;
  readonly message: string | null;
  /** What to do about it: the general step of this error. */
  readonly next: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface RequestDetail extends RequestView, Timeline {
  /** When its usage was posted. */
  readonly recordedAt: string | null;
  readonly counted: string | null;
  readonly lines: UsageLineView[];
  readonly route: { readonly code: string; readonly why: string } | null;
  readonly error: RequestError | null;
  /** What the machines cost that it ran on. Null: it ran on none that are leased. Absent: the caller does not see costs. */
  readonly machine?: MachineShare | null;
  /** What hooks noted: a name to a label; null where what they said is no label and so is not kept. */
  readonly annotations: Readonly<Record<string, string | null>>;
}

interface Labels {
  readonly seesCosts: boolean;
  backendName(id: string): string | null;
  keyName(id: string | null): string | null;
  projectName(organisationId: string, id: string | null): string | null;
}

export function requestView({ event, error }: { readonly event: EventRow | null; readonly error: ErrorRow | null }, labels: Labels): RequestView {
  const row = (event ?? error)!;
  const attributes = event?.attributes ?? {};
  const attempts = attemptsOf(attributes);
  const served = servedTry(attempts);
  const backendId = text(served?.['backendId']);
  return {
    id: row.id, at: (event?.occurred_at ?? error!.at).toISOString(), outcome: event?.outcome ?? 'refused', code: error?.code ?? null, status: error?.status ?? null,
    model: event?.resource ?? error?.model ?? null, dialect: text(attributes['dialect']) ?? error?.dialect ?? null, tier: event === null ? null : tierOf(event),
    projectId: row.project_id, projectName: labels.projectName(row.organisation_id, row.project_id), keyId: row.key_id, keyName: labels.keyName(row.key_id),
    backendId, backendName: backendId === null ? null : (labels.backendName(backendId) ?? text(served?.['backend']) ?? backendId), tries: attempts.length, user: text(attributes['user']), scenario: text(attributes['scenario']),
    tags: Array.isArray(attributes['tags']) ? attributes['tags'].filter((tag) => typeof tag === 'string') : [],
    streamed: typeof attributes['streamed'] === 'boolean' ? attributes['streamed'] : null, finishReason: text(attributes['finishReason']),
    quantities: event?.quantities ?? {}, charge: event?.charge ?? '0',
    ...ifSeen(labels.seesCosts, { cost: event?.cost ?? null, margin: event === null || event.cost === null ? null : String(BigInt(event.charge) - BigInt(event.cost)) }), currency: event?.currency ?? null,
    firstTokenMs: firstTokenMs(attributes), totalMs: totalMs(attributes),
  };
}

/** As `tierOf` of the sums says it. */
function tierOf({ tier, service_tier: service }: EventRow): string {
  if (tier !== 'contributor') return service;
  return service === 'default' ? tier : `${tier} ${service}`;
}

export function errorView(error: ErrorRow): RequestError {
  const next = Object.hasOwn(ERRORS, error.code) ? ERRORS[error.code as ErrorCode].next : null;
  return { code: error.code, status: error.status, param: error.param, message: error.message, next: next === null || /\{\w+\}/.test(next) ? null : next, facts: error.facts };
}

/** The codes that calls of models give for their route, as people read them. */
const ROUTE_WORDS: Readonly<Record<string, string>> = {
  only: 'it is the only target of the model', weights: 'its weight had its turn', order: 'it is the first in order', cheapest: 'it costs the least', fastest: 'its first token came quickest of late',
  'least-busy': 'it had the least to do', 'same-prefix': 'it has lately read a prompt that begins alike', probe: 'it had failed, and was tried again', next: 'the target before it had failed',
};

/** Which target was taken and why, as the event says it. */
export function routeOf(attributes: Readonly<Record<string, unknown>>): RequestDetail['route'] {
  const route = attributes['route'];
  if (typeof route === 'string') return { code: route, why: route };
  if (typeof route !== 'object' || route === null) return null;
  const { code, why, reason, words } = route as Record<string, unknown>;
  const told = text(words) ?? text(reason) ?? text(why);
  return told === null && text(code) === null ? null : { code: text(code) ?? 'chosen', why: told ?? ROUTE_WORDS[text(code)!] ?? text(code)! };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
