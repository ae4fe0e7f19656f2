import { sql } from 'kysely';
import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { plainArray, textArray } from '../events/arrays.ts';
import { keptAnnotations } from './kept.ts';

export interface CallAnnotationsOptions {
  readonly database: Pick<Database, 'unscoped'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Noted {
  readonly organisationId: string;
  readonly id: string;
  readonly annotations: Record<string, string | null>;
  readonly atMs: number;
}

/** Between two writes. A crash loses what came since the last. */
const FLUSH_MS = 1_000;
/** Between two writes: the annotations of more calls than this are not kept. */
const CALLS_AT_MOST = 5_000;
const KEPT_DAYS = 30;
/** Rows of one statement: a busy day's are removed a part at a time. */
const REMOVED_AT_ONCE = 20_000;

/** What hooks noted about calls, for the page of a call. Off the path of calls: noted in memory, bounded, and written in batches. */
export class CallAnnotations {
  readonly #options: CallAnnotationsOptions;
  #noted: Noted[] = [];
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: CallAnnotationsOptions) {
    this.#options = options;
  }

  /** Adds to what was noted of the call before, by hooks on its request. */
  note(organisationId: string, id: string, annotations: Readonly<Record<string, string>>): void {
    if (this.#noted.length >= CALLS_AT_MOST) {
      this.#lost += 1;
      return;
    }
    this.#noted.push({ organisationId, id, annotations: keptAnnotations(annotations), atMs: this.#options.clock.nowMs() });
    this.#timer ??= setTimeout(() => void this.written(), FLUSH_MS);
  }

  /** Writes what was noted; resolves when it is stored, or was given up for want of a database. */
  written(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [noted, lost] = [merged(this.#noted), this.#lost];
    [this.#noted, this.#lost] = [[], 0];
    if (lost > 0) this.#options.log.warn({ calls: lost }, 'annotations of more calls came than are kept');
    if (noted.length > 0) {
      this.#writing = this.#writing.then(() => this.#write(noted)).catch((error: unknown) => {
        this.#options.log.warn({ calls: noted.length, reason: (error as Error).message }, 'annotations of calls could not be kept');
      });
    }
    return this.#writing;
  }

  /** Removes what is past its time. */
  async prune(): Promise<void> {
    const before = new Date(this.#options.clock.nowMs() - KEPT_DAYS * 86_400_000);
    const executor = this.#options.database.unscoped('the bound holds for every organisation');
    for (let removed = REMOVED_AT_ONCE; removed === REMOVED_AT_ONCE;) {
      const { numAffectedRows } = await sql`delete from call_annotations where ctid in (select ctid from call_annotations where at < ${before} limit ${sql.lit(REMOVED_AT_ONCE)})`.execute(executor);
      removed = Number(numAffectedRows ?? 0n);
    }
  }

  async #write(noted: readonly Noted[]): Promise<void> {
    const plain = (pick: (one: Noted) => string) => plainArray(noted.map(pick));
    await sql`insert into call_annotations as have (organisation_id, id, annotations, at)
      select * from unnest(${plain((one) => one.organisationId)}::text::uuid[], ${plain((one) => one.id)}::text::uuid[],
        ${textArray(noted.map((one) => JSON.stringify(one.annotations)))}::text::jsonb[], ${plain((one) => new Date(one.atMs).toISOString())}::text::timestamptz[])
      on conflict (organisation_id, id) do update set annotations = have.annotations || excluded.annotations`.execute(this.#options.database.unscoped('each row names its organisation'));
  }
}

/** One row per call: a statement cannot touch a row twice. */
function merged(noted: readonly Noted[]): Noted[] {
  const calls = new Map<string, Noted>();
  for (const one of noted) {
    const key = `${one.organisationId} ${one.id}`;
    const before = calls.get(key);
    calls.set(key, before === undefined ? one : { ...before, annotations: { ...before.annotations, ...one.annotations } });
  }
  return [...calls.values()];
}
