import { sql } from 'kysely';
import { TandemError, type Clock, type SecretBox } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import { cursorList, keptSeconds, type CursorList, type Files } from '../files/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import { batchObject, type BatchObject, type BatchRow } from './batch-object.ts';

export interface BatchesOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly access: AccessPort;
  readonly store: ContentStore;
  readonly files: Files;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Routes that lines may call. */
  readonly endpoints: readonly string[];
  /** Told of a new batch, or a change of one, at its commit. */
  readonly wake: () => void;
}

/** A change of a batch wakes the processes that work on them. */
export const BATCHES_CHANNEL = 'batches';
const WINDOW_MS = 24 * 3_600_000;
const MOST_METADATA = 16;

/** `/v1/batches`: making, showing and cancelling; `BatchWorker` runs them. */
export class Batches {
  readonly #options: BatchesOptions;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** @throws TandemError invalid_request, content_not_found for the input file, store_off. */
  async create(principal: Principal, body: unknown): Promise<BatchObject> {
    const { database, access, store, files, clock, newId, secrets, endpoints } = this.#options;
    store.demandKept(principal, 'A batch');
    const asked = readBody(body, endpoints);
    const nowMs = clock.nowMs();
    const projectId = access.directory.projectFor(principal);
    const input = await files.find(principal, asked.inputFileId);
    if (input.kind !== 'batch') throw invalid('input_file_id', 'The input file was uploaded for another purpose: upload it with purpose batch.');
    const id = `batch_${newId().replaceAll('-', '')}`;
    const row = await database.transaction(async (tx) => {
      // Its input is gone by then.
      if (!(await store.allows(tx, { organisationId: principal.organisationId, projectId, beganMs: nowMs }))) throw store.missed(principal, 'file', input.id);
      const [made] = await database.scoped(principal.organisationId, tx).insertInto('batches', {
        id, project_id: projectId, key_id: principal.keyId, member_id: principal.keyId === null ? principal.actor.id : null,
        endpoint: asked.endpoint, input_file_id: input.id, state: 'validating',
        sealed_metadata: asked.metadata === null ? null : secrets.seal(JSON.stringify(asked.metadata), metadataContext(id)),
        output_file_id: null, error_file_id: null, output_seconds: asked.outputSeconds, created_at: new Date(nowMs), expires_at: new Date(nowMs + WINDOW_MS),
      }).returningAll().execute();
      await database.notify(tx, BATCHES_CHANNEL, id);
      return made!;
    });
    this.#options.wake();
    return this.#object(row);
  }

  /** @throws TandemError content_not_found */
  async show(principal: Principal, id: string): Promise<BatchObject> {
    return this.#object(await this.#find(principal, id));
  }

  /** Newest first. @throws TandemError content_not_found for a cursor that is none. */
  async list(principal: Principal, query: { after?: string | undefined; limit: number }): Promise<CursorList<BatchObject>> {
    let select = this.#visible(principal).selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(query.limit + 1);
    if (query.after !== undefined) {
      const last = await this.#find(principal, query.after);
      select = select.where(sql<boolean>`(created_at, id) < (${last.created_at}, ${last.id})`);
    }
    const rows = await select.execute();
    return cursorList(rows.slice(0, query.limit).map((row) => this.#object(row)), rows.length > query.limit);
  }

  /** Lines that run end; the others are not begun. @throws TandemError content_not_found, invalid_request when it has ended otherwise. */
  async cancel(principal: Principal, id: string): Promise<BatchObject> {
    const { database, clock } = this.#options;
    const before = await this.#find(principal, id);
    const [after] = await database.transaction(async (tx) => {
      const changed = await database.scoped(principal.organisationId, tx).updateTable('batches').set({ state: 'cancelling', cancelling_at: new Date(clock.nowMs()) })
        .where('id', '=', before.id).where('state', 'in', ['validating', 'in_progress']).returningAll().execute();
      await database.notify(tx, BATCHES_CHANNEL, id);
      return changed;
    });
    this.#options.wake();
    if (after !== undefined) return this.#object(after);
    const now = await this.#find(principal, id);
    if (now.state !== 'cancelling' && now.state !== 'cancelled') throw invalid('batch_id', `A batch that is ${now.state} cannot be cancelled.`);
    return this.#object(now);
  }

  async #find(principal: Principal, id: string): Promise<BatchRow> {
    const row = await this.#visible(principal).selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw this.#options.store.missed(principal, 'batch', id);
    return row;
  }

  #visible(principal: Principal) {
    const query = this.#options.database.scoped(principal.organisationId).selectFrom('batches');
    return principal.projectId === null ? query : query.where('project_id', '=', principal.projectId);
  }

  #object(row: BatchRow): BatchObject {
    const metadata = row.sealed_metadata === null ? null : JSON.parse(this.#options.secrets.open(row.sealed_metadata, metadataContext(row.id)).toString()) as Record<string, string>;
    return batchObject(row, metadata);
  }
}

interface Asked {
  readonly inputFileId: string;
  readonly endpoint: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputSeconds: number | null;
}

function readBody(body: unknown, endpoints: readonly string[]): Asked {
  if (!isObject(body)) throw invalid('input_file_id', 'The body is a JSON object.');
  const { input_file_id: inputFileId, endpoint, completion_window: window, metadata = null, output_expires_after: after = null } = body;
  if (typeof inputFileId !== 'string') throw invalid('input_file_id', 'input_file_id is missing: the id of a file with purpose batch.');
  if (typeof endpoint !== 'string' || !endpoints.includes(endpoint)) throw invalid('endpoint', `endpoint is one of ${endpoints.join(', ')}.`);
  if (window !== '24h') throw invalid('completion_window', 'completion_window is 24h.');
  if (after !== null && (!isObject(after) || after['anchor'] !== 'created_at')) throw invalid('output_expires_after', 'output_expires_after.anchor is created_at.');
  return { inputFileId, endpoint, metadata: readMetadata(metadata), outputSeconds: after === null ? null : keptSeconds(after['seconds'], 'output_expires_after') };
}

function readMetadata(metadata: unknown): Record<string, string> | null {
  if (metadata === null) return null;
  const fits = isObject(metadata) && Object.keys(metadata).length <= MOST_METADATA && Object.entries(metadata).every(([name, value]) => name.length <= 64 && typeof value === 'string' && value.length <= 512);
  if (!fits) throw invalid('metadata', `metadata holds at most ${MOST_METADATA} texts of up to 512 characters, under names of up to 64.`);
  return metadata as Record<string, string>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}

function metadataContext(id: string): string {
  return `batches:${id}`;
}
