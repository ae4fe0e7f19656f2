import { sql } from 'kysely';
import type { Clock, Logger, TandemError } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import { payloadOf } from '../events/announce.ts';
import { plainArray, textArray } from '../events/arrays.ts';

/** A call that was answered with an error. */
export interface CallError {
  /** The request's id. */
  readonly id: string;
  /** Null: nobody that is known here; it is noted for the operator. */
  readonly principal: Pick<Principal, 'organisationId' | 'projectId' | 'keyId'> | null;
  readonly model: string | null;
  readonly dialect: string;
  readonly error: Pick<TandemError, 'code' | 'status' | 'message' | 'param' | 'facts'>;
}

export interface CallErrorsOptions {
  readonly database: Pick<Database, 'unscoped' | 'transaction' | 'notify'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly operator: () => string | null;
}

interface Noted {
  readonly organisationId: string;
  readonly projectId: string | null;
  readonly keyId: string | null;
  readonly model: string;
  readonly atMs: number;
  readonly call: CallError;
}

interface Count {
  readonly noted: Noted;
  readonly minuteMs: number;
  calls: number;
}

/** Between two writes. A crash loses what came since the last. */
const FLUSH_MS = 1_000;
/** Between two writes: more calls than this are counted and not kept one by one. */
const DETAILS_AT_MOST = 500;
/** Between two writes: more kinds than this are counted under no key and no model. */
const COUNTS_AT_MOST = 2_000;
/** Kept one by one, per organisation. */
const KEPT_CALLS = 20_000;
const KEPT_CALLS_DAYS = 30;
const KEPT_COUNTS_DAYS = 400;

/**
 * Statuses whose messages are made of names, limits and amounts. Others can repeat a part of what the caller or the
 * backend sent, so they are kept without their message.
 */
const TOLD = new Set([401, 402, 403, 404, 429, 501, 503, 504]);
/** What a hook says of a call is the hook's own words, which can repeat a part of it. */
const UNTOLD: ReadonlySet<string> = new Set(['hook_blocked']);
/** What is no model's name may be anything, so it is not kept, and nor is a message that repeats it. */
const MODEL = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/;

/**
 * Why calls failed: the newest ones one by one, and all of them as counts by minute, code, key and model. Off the path
 * of calls: noted in memory, bounded, and written in batches. Metadata alone.
 */
export class CallErrors {
  readonly #options: CallErrorsOptions;
  #details: Noted[] = [];
  #counts = new Map<string, Count>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: CallErrorsOptions) {
    this.#options = options;
  }

  note(call: CallError): void {
    const organisationId = call.principal?.organisationId ?? this.#options.operator();
    if (organisationId === null) return;
    const atMs = this.#options.clock.nowMs();
    const noted: Noted = {
      organisationId, projectId: call.principal === null ? null : (call.principal.projectId ?? organisationId), keyId: call.principal?.keyId ?? null,
      model: call.model !== null && MODEL.test(call.model) ? call.model : '', atMs, call,
    };
    if (this.#details.length < DETAILS_AT_MOST) this.#details.push(noted);
    this.#count(noted, Math.floor(atMs / 60_000) * 60_000);
    this.#timer ??= setTimeout(() => void this.written(), FLUSH_MS);
  }

  /** Writes what was noted; resolves when it is stored, or was given up for want of a database. */
  written(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [details, counts] = [this.#details, [...this.#counts.values()]];
    this.#details = [];
    this.#counts = new Map();
    if (counts.length > 0) {
      this.#writing = this.#writing.then(() => this.#write(details, counts)).catch((error: unknown) => {
        this.#options.log.warn({ calls: counts.reduce((sum, one) => sum + one.calls, 0), reason: (error as Error).message }, 'calls that failed could not be noted');
      });
    }
    return this.#writing;
  }

  /** Removes what is past its bounds. */
  async prune(): Promise<void> {
    const executor = this.#options.database.unscoped('bounds hold for every organisation');
    const before = (days: number) => new Date(this.#options.clock.nowMs() - days * 86_400_000);
    await sql`delete from call_error_minutes where minute < ${before(KEPT_COUNTS_DAYS)}`.execute(executor);
    await sql`delete from call_errors where at < ${before(KEPT_CALLS_DAYS)}`.execute(executor);
    await sql`delete from call_errors old using (
        select organisation_id, (array_agg(id order by id desc))[${sql.lit(KEPT_CALLS)}] as oldest from call_errors group by organisation_id having count(*) > ${sql.lit(KEPT_CALLS)}
      ) as kept where old.organisation_id = kept.organisation_id and old.id < kept.oldest`.execute(executor);
  }

  #count(noted: Noted, minuteMs: number): void {
    const full = this.#counts.size >= COUNTS_AT_MOST;
    const counted = full ? { ...noted, projectId: null, keyId: null, model: '' } : noted;
    const key = `${counted.organisationId} ${minuteMs} ${counted.projectId} ${counted.keyId} ${counted.model} ${counted.call.error.code}`;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { noted: counted, minuteMs, calls: 1 });
    else count.calls += 1;
  }

  #write(details: readonly Noted[], counts: readonly Count[]): Promise<void> {
    const { database } = this.#options;
    return database.transaction(async (tx) => {
      const plain = <T>(rows: readonly T[], pick: (row: T) => string | number | null) => plainArray(rows.map(pick));
      if (details.length > 0) {
        await sql`insert into call_errors (organisation_id, id, at, project_id, key_id, model, dialect, code, status, param, message, facts)
          select * from unnest(
            ${plain(details, (one) => one.organisationId)}::text::uuid[], ${plain(details, (one) => one.call.id)}::text::uuid[], ${plain(details, (one) => new Date(one.atMs).toISOString())}::text::timestamptz[],
            ${plain(details, (one) => one.projectId)}::text::uuid[], ${plain(details, (one) => one.keyId)}::text::uuid[], ${textArray(details.map((one) => one.model || null))}::text::text[],
            ${textArray(details.map((one) => one.call.dialect))}::text::text[], ${textArray(details.map((one) => one.call.error.code))}::text::text[], ${plain(details, (one) => one.call.error.status)}::text::smallint[],
            ${textArray(details.map((one) => one.call.error.param?.slice(0, 200) ?? null))}::text::text[], ${textArray(details.map((one) => (isTold(one) ? one.call.error.message.slice(0, 500) : null)))}::text::text[],
            ${textArray(details.map((one) => (isTold(one) ? JSON.stringify(one.call.error.facts ?? {}) : '{}')))}::text::jsonb[]) as given on conflict do nothing`.execute(tx);
      }
      await sql`insert into call_error_minutes as have (organisation_id, minute, project_id, key_id, model, code, calls)
        select * from unnest(
          ${plain(counts, (one) => one.noted.organisationId)}::text::uuid[], ${plain(counts, (one) => new Date(one.minuteMs).toISOString())}::text::timestamptz[],
          ${plain(counts, (one) => one.noted.projectId)}::text::uuid[], ${plain(counts, (one) => one.noted.keyId)}::text::uuid[], ${textArray(counts.map((one) => one.noted.model))}::text::text[],
          ${textArray(counts.map((one) => one.noted.call.error.code))}::text::text[], ${plain(counts, (one) => one.calls)}::text::bigint[]) as given (organisation_id, minute, project_id, key_id, model, code, calls)
        order by 1, 2, 3, 4, 5, 6
        on conflict (organisation_id, minute, project_id, key_id, model, code) do update set calls = have.calls + excluded.calls`.execute(tx);
      await database.notify(tx, 'sight', payloadOf(counts.map((one) => one.noted)));
    });
  }
}

function isTold({ call, model }: Noted): boolean {
  return TOLD.has(call.error.status) && !UNTOLD.has(call.error.code) && (call.model === null || model !== '');
}
