import { sql } from 'kysely';
import type { Clock, SecretBox } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { keepsIntegers } from '../neutral/exact-json.ts';
import type { BatchRow } from './batch-object.ts';
import type { BatchTokens, LineResult } from './line-result.ts';

/** A line that this process has taken, for one attempt. */
export interface TakenLine {
  readonly line: number;
  readonly attempts: number;
  /** The id of this attempt's call. */
  readonly callId: string;
  /** An attempt of before was delivered, and its reply lost: this one is not charged. */
  readonly delivered: boolean;
  readonly customId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A line whose attempt was begun and is not known to have ended. */
export interface RunningLine {
  readonly line: number;
  readonly attempts: number;
  readonly callIds: readonly string[];
  readonly epochId: string | null;
}

export type BatchKey = Pick<BatchRow, 'organisation_id' | 'id'>;
/** A batch under its lease: what is written under an older token finds nothing to change. */
export type Leased = BatchKey & Pick<BatchRow, 'lease_token'>;

const LEASE_SECONDS = 30;
const PAGE = 200;

export interface BatchStoreOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly newId: () => string;
  /** The log of this process, among those on the same database. */
  readonly owner: string;
}

/** Batches and their lines in the database. Lines are sealed; leases go by Postgres' clock. */
export class BatchStore {
  readonly #options: BatchStoreOptions;

  constructor(options: BatchStoreOptions) {
    this.#options = options;
  }

  /** Takes an open batch that nobody works on, the one that was left alone longest. */
  async claim(): Promise<BatchRow | null> {
    const { rows } = await sql<BatchRow>`update batches set lease_owner = ${this.#options.owner}, lease_token = lease_token + 1, lease_until = now() + make_interval(secs => ${LEASE_SECONDS})
      where (organisation_id, id) = (select organisation_id, id from batches where state in ('validating', 'in_progress', 'finalizing', 'cancelling')
        and (lease_until is null or lease_until < now()) order by lease_until nulls first, created_at for update skip locked limit 1) returning *`.execute(this.#all());
    return rows[0] ?? null;
  }

  /** Ends leases early whose holder is known to have ended: a crash then costs no wait. */
  async freeEnded(hasEnded: (owner: string, organisationId: string) => Promise<boolean>): Promise<void> {
    const held = await this.#all().selectFrom('batches').select(['organisation_id', 'lease_owner']).distinct()
      .where('state', 'in', ['validating', 'in_progress', 'finalizing', 'cancelling']).where('lease_until', 'is not', null).where('lease_owner', '<>', this.#options.owner).execute();
    for (const { organisation_id: organisationId, lease_owner: owner } of held) {
      if (owner === null || !(await hasEnded(owner, organisationId))) continue;
      await this.#options.database.scoped(organisationId).updateTable('batches').set({ lease_until: null }).where('lease_owner', '=', owner).execute();
    }
  }

  /** Keeps the lease. False: another process has the batch. */
  async renew(batch: Leased): Promise<boolean> {
    return (await this.#update(batch, { lease_until: sql<Date>`now() + make_interval(secs => ${LEASE_SECONDS})` })) !== null;
  }

  /** Gives the batch back for others to take, at once. */
  async release(batch: Leased): Promise<void> {
    await this.#update(batch, { lease_until: null });
  }

  /** The batch as it is now; null: it is no longer this process's. */
  async read(batch: Leased): Promise<BatchRow | null> {
    const row = await this.#scoped(batch).selectFrom('batches').selectAll().where('id', '=', batch.id).where('lease_token', '=', batch.lease_token).executeTakeFirst();
    return row ?? null;
  }

  /** Changes the batch under its lease and out of the state that it is known in. Null: it is no longer this process's, or was cancelled meanwhile. */
  async change(batch: Leased & Pick<BatchRow, 'state'>, change: BatchChange, tx?: Executor): Promise<BatchRow | null> {
    return this.#update(batch, change, tx, batch.state);
  }

  /** Begins the lines anew: none of them has run before the batch is in progress. */
  async clearLines(batch: BatchKey): Promise<void> {
    await this.#scoped(batch).deleteFrom('batch_lines').where('batch_id', '=', batch.id).execute();
  }

  /** Adds none to a batch that is no longer this process's, or was purged meanwhile: nobody would remove them again. */
  async addLines(batch: Leased, lines: readonly { line: number; customId: string; body: unknown }[]): Promise<void> {
    if (lines.length === 0) return;
    const { database, secrets } = this.#options;
    await database.transaction(async (tx) => {
      if (!(await this.#lock(batch, tx, batch.lease_token))) return;
      await database.scoped(batch.organisation_id, tx).insertInto('batch_lines', lines.map(({ line, customId, body }) => ({
        batch_id: batch.id, line, state: 'waiting' as const,
        sealed_request: secrets.seal(JSON.stringify({ customId, body }), lineContext(batch.id, line, 'request')),
      }))).execute();
    });
  }

  /** Takes the next waiting line for an attempt; null: there is none, or the batch is no longer this process's. */
  async takeLine(batch: Leased, epochId: string): Promise<TakenLine | null> {
    const callId = this.#options.newId();
    const { rows: [row] } = await sql<{ line: number; attempts: number; delivered: boolean; sealed_request: Buffer }>`
      update batch_lines set state = 'running', attempts = attempts + 1, call_ids = call_ids || ${callId}::uuid, epoch_id = ${epochId}
      where organisation_id = ${batch.organisation_id} and batch_id = ${batch.id}
        and line = (select line from batch_lines where organisation_id = ${batch.organisation_id} and batch_id = ${batch.id} and state = 'waiting' order by line for update skip locked limit 1)
        and exists (select from batches where organisation_id = ${batch.organisation_id} and id = ${batch.id} and lease_token = ${batch.lease_token} and state = 'in_progress')
      returning line, attempts, delivered, sealed_request`.execute(this.#all());
    if (row === undefined) return null;
    return { line: row.line, attempts: row.attempts, callId, delivered: row.delivered, ...this.#request(batch, row) };
  }

  /** Back to the others, for another attempt. Does nothing when the line was taken since. */
  async putBack(batch: BatchKey, line: Pick<RunningLine, 'line' | 'attempts'>, delivered = false): Promise<void> {
    await this.#scoped(batch).updateTable('batch_lines').set({ state: 'waiting', ...(delivered && { delivered: true }) })
      .where('batch_id', '=', batch.id).where('line', '=', line.line).where('attempts', '=', line.attempts).where('state', '=', 'running').execute();
  }

  /** Keeps a line's result and counts it, once: a second result of a line finds it ended. */
  async endLine(batch: BatchKey, line: Pick<TakenLine, 'line' | 'attempts'>, state: 'done' | 'failed', result: LineResult, tokens: BatchTokens): Promise<void> {
    const sealed = this.#options.secrets.seal(JSON.stringify(result), lineContext(batch.id, line.line, 'result'));
    await this.#options.database.transaction(async (tx) => {
      // The batch before its lines, as a purge takes them: in the other order the two would wait for each other.
      await this.#lock(batch, tx);
      const own = this.#options.database.scoped(batch.organisation_id, tx);
      const ended = await own.updateTable('batch_lines').set({ state, sealed_result: sealed, sealed_request: null })
        .where('batch_id', '=', batch.id).where('line', '=', line.line).where('attempts', '=', line.attempts).where('state', '=', 'running').returning('line').execute();
      if (ended.length === 0) return;
      await sql`update batches set completed = completed + ${state === 'done' ? 1 : 0}, failed = failed + ${state === 'failed' ? 1 : 0}, usage = jsonb_build_object(
          'input', coalesce((usage->>'input')::bigint, 0) + ${tokens.input}, 'cached', coalesce((usage->>'cached')::bigint, 0) + ${tokens.cached},
          'output', coalesce((usage->>'output')::bigint, 0) + ${tokens.output}, 'reasoning', coalesce((usage->>'reasoning')::bigint, 0) + ${tokens.reasoning})
        where organisation_id = ${batch.organisation_id} and id = ${batch.id}`.execute(tx);
    });
  }

  async runningLines(batch: BatchKey): Promise<RunningLine[]> {
    const rows = await this.#scoped(batch).selectFrom('batch_lines').select(['line', 'attempts', 'call_ids', 'epoch_id']).where('batch_id', '=', batch.id).where('state', '=', 'running').execute();
    return rows.map((row) => ({ line: row.line, attempts: row.attempts, callIds: row.call_ids, epochId: row.epoch_id }));
  }

  /** Whether a line waits or runs. */
  async hasOpenLines(batch: BatchKey): Promise<boolean> {
    const row = await this.#scoped(batch).selectFrom('batch_lines').select('line').where('batch_id', '=', batch.id).where('state', 'in', ['waiting', 'running']).limit(1).executeTakeFirst();
    return row !== undefined;
  }

  /** The results of one state, in the order of the input. */
  async* results(batch: BatchKey, state: 'done' | 'failed'): AsyncGenerator<LineResult, void, undefined> {
    for await (const row of this.#pages(batch, [state])) {
      if (row.sealed_result !== null) yield JSON.parse(this.#options.secrets.open(row.sealed_result, lineContext(batch.id, row.line, 'result')).toString()) as LineResult;
    }
  }

  /** What was never run, in the order of the input. */
  async* unrun(batch: BatchKey): AsyncGenerator<{ line: number; customId: string }, void, undefined> {
    for await (const row of this.#pages(batch, ['waiting', 'running'])) {
      if (row.sealed_request !== null) yield { line: row.line, customId: this.#request(batch, { line: row.line, sealed_request: row.sealed_request }).customId };
    }
  }

  /** The results stand in files now; which calls were made stays. */
  async dropContent(batch: BatchKey, tx: Executor): Promise<void> {
    await this.#options.database.scoped(batch.organisation_id, tx).updateTable('batch_lines').set({ sealed_request: null, sealed_result: null }).where('batch_id', '=', batch.id).execute();
  }

  async* #pages(batch: BatchKey, states: readonly ('waiting' | 'running' | 'done' | 'failed')[]) {
    let after = 0;
    for (;;) {
      const rows = await this.#scoped(batch).selectFrom('batch_lines').select(['line', 'sealed_request', 'sealed_result'])
        .where('batch_id', '=', batch.id).where('state', 'in', states).where('line', '>', after).orderBy('line').limit(PAGE).execute();
      yield* rows;
      if (rows.length < PAGE) return;
      after = rows.at(-1)!.line;
    }
  }

  #request(batch: BatchKey, row: { line: number; sealed_request: Buffer }): { customId: string; body: Record<string, unknown> } {
    const text = this.#options.secrets.open(row.sealed_request, lineContext(batch.id, row.line, 'request')).toString();
    const reviver = keepsIntegers(text);
    return (reviver === null ? JSON.parse(text) : JSON.parse(text, reviver)) as { customId: string; body: Record<string, unknown> };
  }

  async #update(batch: Leased, change: object, tx?: Executor, from?: BatchRow['state']): Promise<BatchRow | null> {
    let query = this.#options.database.scoped(batch.organisation_id, tx).updateTable('batches').set(change).where('id', '=', batch.id).where('lease_token', '=', batch.lease_token as never);
    if (from !== undefined) query = query.where('state', '=', from);
    const [row] = await query.returningAll().execute();
    return row ?? null;
  }

  /** Locks the batch for a transaction. @param token of a lease: false when another process has it. */
  async #lock(batch: BatchKey, tx: Executor, token?: string): Promise<boolean> {
    let query = this.#options.database.scoped(batch.organisation_id, tx).selectFrom('batches').select('id').where('id', '=', batch.id).forUpdate();
    if (token !== undefined) query = query.where('lease_token', '=', token);
    return (await query.executeTakeFirst()) !== undefined;
  }

  #scoped(batch: BatchKey) {
    return this.#options.database.scoped(batch.organisation_id);
  }

  #all(): Executor {
    return this.#options.database.unscoped('a process works on the batches of every organisation');
  }
}

type BatchChange = Partial<Pick<BatchRow, 'state' | 'output_file_id' | 'error_file_id' | 'total' | 'in_progress_at' | 'finalizing_at' | 'completed_at' | 'failed_at' | 'expired_at' | 'cancelled_at' | 'lease_until'>> & { readonly faults?: string };

function lineContext(batchId: string, line: number, part: 'request' | 'result'): string {
  return `batch_lines:${batchId}:${line}:${part}`;
}
