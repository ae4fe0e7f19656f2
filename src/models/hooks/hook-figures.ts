import { sql } from 'kysely';
import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { Question } from './hook-notes.ts';

export interface HookFiguresOptions {
  readonly database: Pick<Database, 'transaction'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
}

/** Between two writes. A crash loses what came since the last. */
const FLUSH_MS = 1_000;
/** Between two writes: more failures than this are counted and not kept one by one. */
const FAILURES_AT_MOST = 200;
/** Kept one by one, per hook. */
export const KEPT_FAILURES = 100;

interface Count {
  asked: number;
  failed: number;
}

/** How often hooks were asked and failed, and the newest failures of each. Noted in memory, bounded, and written in batches. */
export class HookFigures {
  readonly #options: HookFiguresOptions;
  #counts = new Map<string, Count>();
  #failures: (Question & { readonly id: string; readonly atMs: number })[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: HookFiguresOptions) {
    this.#options = options;
  }

  note(question: Question): void {
    const { clock, newId } = this.#options;
    const count = this.#counts.get(question.hookId) ?? { asked: 0, failed: 0 };
    this.#counts.set(question.hookId, count);
    count.asked += 1;
    if (question.problem !== null) {
      count.failed += 1;
      if (this.#failures.length < FAILURES_AT_MOST) this.#failures.push({ ...question, id: newId(), atMs: clock.nowMs() });
    }
    this.#timer ??= setTimeout(() => void this.written(), FLUSH_MS);
  }

  /** Writes what was noted; resolves when it is stored, or was given up for want of a database. */
  written(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [counts, failures] = [this.#counts, this.#failures];
    [this.#counts, this.#failures] = [new Map(), []];
    if (counts.size > 0) {
      this.#writing = this.#writing.then(() => this.#write(counts, failures)).catch((error: unknown) => {
        this.#options.log.warn({ hooks: counts.size, reason: (error as Error).message }, 'how hooks did could not be noted');
      });
    }
    return this.#writing;
  }

  #write(counts: ReadonlyMap<string, Count>, failures: readonly (Question & { readonly id: string; readonly atMs: number })[]): Promise<void> {
    return this.#options.database.transaction(async (tx) => {
      // In one order everywhere: two processes must not wait for each other's rows.
      for (const [id, { asked, failed }] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        await sql`update hooks set asked = asked + ${asked}, failed = failed + ${failed} where id = ${id}`.execute(tx);
      }
      for (const { organisationId, id, hookId, callId, stage, problem, atMs } of failures) {
        // A hook that was removed meanwhile has no failures.
        await sql`insert into hook_failures (organisation_id, id, hook_id, call_id, stage, problem, at)
          select ${organisationId}::uuid, ${id}::uuid, id, ${callId}::uuid, ${stage}, ${problem}, ${new Date(atMs)} from hooks where id = ${hookId}`.execute(tx);
      }
      for (const hookId of new Set(failures.map((one) => one.hookId))) {
        await sql`delete from hook_failures where hook_id = ${hookId} and id < (select id from hook_failures where hook_id = ${hookId} order by id desc offset ${sql.lit(KEPT_FAILURES - 1)} limit 1)`.execute(tx);
      }
    });
  }
}
