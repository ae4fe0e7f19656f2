import { sql, type Selectable } from 'kysely';
import { TandemError, type Clock, type SecretBox } from '../../base/index.ts';
import { isOrphan, type Database, type Executor, type Schema } from '../../db/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import { PieceWriter, readPieces } from './pieces.ts';
import type { ContentHead, ContentTotal, NewContent, Purpose, StoredContent } from './types.ts';

export interface ContentStoreOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly access: AccessPort;
  readonly clock: Clock;
}

/** A content that is written piece by piece. Nobody reads it before `finish`. */
export interface ContentWriter {
  readonly bytes: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Makes it readable, with what became known of it only at its end. */
  finish(late?: LateHead): Promise<StoredContent>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

export type LateHead = Pick<ContentHead, 'kind' | 'about' | 'expiresAtMs'>;

type Row = Selectable<Schema['contents']>;

/** How long content is kept where its maker says nothing else. */
const KEPT_MS = 30 * 86_400_000;
/** What was never finished is removed after this. */
const UNFINISHED_MS = 6 * 3_600_000;
const SWEEP_ROWS = 500;

/**
 * What is kept of callers' content, and only that: each for a function that the caller asked for or by its project's
 * consent, sealed under the secret file, with an end. A caller of one project finds nothing of another's: 404, and
 * the attempt is noted in the audit trail.
 */
export class ContentStore {
  readonly #options: ContentStoreOptions;

  constructor(options: ContentStoreOptions) {
    this.#options = options;
  }

  /** Whether project and organisation allow content to be kept. From memory. */
  keeps(organisationId: string, projectId: string): boolean {
    return this.#whoSwitchedOff(organisationId, projectId) === null;
  }

  /**
   * For a call that cannot be answered without keeping content.
   * @param what the function, to stand before "needs": `a batch`, `store: true`.
   * @throws TandemError store_off naming who switched it off.
   */
  demandKept(principal: Principal, what: string): void {
    const off = this.#whoSwitchedOff(principal.organisationId, this.#options.access.directory.projectFor(principal));
    if (off !== null) throw new TandemError('store_off', { params: { what, ...off } });
  }

  /**
   * Keeps a value whole; one of the same id and project is replaced. In a transaction of the caller's when one is given.
   * Null: the project's content was purged since it began, and it is not kept.
   */
  async put(content: NewContent, tx?: Executor): Promise<StoredContent | null> {
    if (tx === undefined) return this.#options.database.transaction((own) => this.put(content, own));
    if (!(await this.allows(tx, content))) return null;
    await this.#remove(tx, content.organisationId, content.id, content.projectId);
    await this.#insert(content, tx);
    const writer = this.#writer(content, tx);
    await writer.write(typeof content.value === 'string' ? Buffer.from(content.value) : content.value);
    return writer.finish();
  }

  /** Begins a content that comes in pieces. @throws TandemError content_not_found: it was purged since it began; `write` and `finish` throw the same. */
  async write(head: ContentHead): Promise<ContentWriter> {
    const { database } = this.#options;
    await database.transaction(async (tx) => {
      if (!(await this.allows(tx, head))) throw gone(head);
      await this.#insert(head, tx);
    });
    return this.#writer(head, database.unscoped('the pieces of one content, each written as its organisation\'s'));
  }

  /** Whether the project's content was not purged since something began, for as long as the transaction lasts. */
  allows(tx: Executor, { organisationId, projectId, beganMs }: Pick<ContentHead, 'organisationId' | 'projectId' | 'beganMs'>): Promise<boolean> {
    return this.#options.access.purges.allow(tx, organisationId, projectId, beganMs);
  }

  /** A content with its bytes. @throws TandemError content_not_found */
  async get(principal: Principal, id: string, purpose: Purpose | readonly Purpose[]): Promise<StoredContent & { readonly value: Buffer }> {
    const found = await this.find(principal, id, purpose);
    const pieces: Buffer[] = [];
    for await (const piece of this.read(found)) pieces.push(piece);
    return { ...found, value: Buffer.concat(pieces) };
  }

  /** A content without its bytes. @throws TandemError content_not_found: there is none, its time is over, or it is another project's. */
  async find(principal: Principal, id: string, purpose: Purpose | readonly Purpose[]): Promise<StoredContent> {
    const purposes = typeof purpose === 'string' ? [purpose] : purpose;
    const row = await this.#visible(principal).selectAll().where('id', '=', id).where('purpose', 'in', purposes).executeTakeFirst();
    if (row === undefined) throw this.missed(principal, purposes[0]!, id);
    return this.#stored(row);
  }

  /** Its bytes, piece by piece: what another deletes meanwhile ends early. */
  read(content: Pick<StoredContent, 'organisationId' | 'id'>): AsyncGenerator<Buffer, void, undefined> {
    const { database, secrets } = this.#options;
    return readPieces(database.unscoped('the pieces of one content, read as its organisation\'s'), secrets, content.organisationId, content.id);
  }

  /** By time of making. `after` is the id of the last content of the page before. */
  async list(principal: Principal, page: { purpose: Purpose; kind?: string; limit: number; after?: string; order?: 'asc' | 'desc' }): Promise<{ items: StoredContent[]; more: boolean }> {
    const order = page.order ?? 'desc';
    let query = this.#visible(principal).selectAll().where('purpose', '=', page.purpose).orderBy('created_at', order).orderBy('id', order).limit(page.limit + 1);
    if (page.kind !== undefined) query = query.where('kind', '=', page.kind);
    if (page.after !== undefined) {
      const last = await this.find(principal, page.after, page.purpose);
      query = query.where(sql<boolean>`(created_at, id) ${sql.raw(order === 'desc' ? '<' : '>')} (${new Date(last.createdAtMs)}, ${last.id})`);
    }
    const rows = await query.execute();
    return { items: rows.slice(0, page.limit).map((row) => this.#stored(row)), more: rows.length > page.limit };
  }

  /** How much the caller's projects keep. */
  async totals(principal: Principal): Promise<ContentTotal[]> {
    const rows = await this.#visible(principal).select(['project_id', 'purpose', sql<string>`count(*)`.as('count'), sql<string>`sum(bytes)`.as('bytes'), sql<Date>`min(created_at)`.as('oldest')])
      .groupBy(['project_id', 'purpose']).orderBy('project_id').orderBy('purpose').execute();
    return rows.map((row) => ({ projectId: row.project_id, purpose: row.purpose, count: Number(row.count), bytes: Number(row.bytes), oldest: row.oldest.toISOString() }));
  }

  /** @throws TandemError content_not_found */
  async delete(principal: Principal, id: string, purpose: Purpose | readonly Purpose[]): Promise<void> {
    const found = await this.find(principal, id, purpose);
    await this.#remove(this.#options.database.unscoped('one content, found as its organisation\'s'), found.organisationId, id, found.projectId);
  }

  /** Removes one content in its maker's name. In a transaction of the caller's when one is given. */
  async drop(organisationId: string, id: string, tx?: Executor): Promise<void> {
    await this.#options.database.scoped(organisationId, tx).deleteFrom('contents').where('id', '=', id).execute();
  }

  /** Removes everything that belongs to something. */
  async removeOf(organisationId: string, belongsTo: string, tx?: Executor): Promise<number> {
    return (await this.#options.database.scoped(organisationId, tx).deleteFrom('contents').where('belongs_to', '=', belongsTo).returning('id').execute()).length;
  }

  /** Removes all content of a project, or that of some purposes. What was billed stays billed. */
  async removeAll(tx: Executor, organisationId: string, projectId: string, purposes?: readonly Purpose[]): Promise<number> {
    let query = this.#options.database.scoped(organisationId, tx).deleteFrom('contents').where('project_id', '=', projectId);
    if (purposes !== undefined) query = query.where('purpose', 'in', purposes);
    return (await query.returning('id').execute()).length;
  }

  /** What has expired, and what was begun and never finished. Safe to repeat. @returns how many. */
  async removeExpired(): Promise<number> {
    const nowMs = this.#options.clock.nowMs();
    const db = this.#options.database.unscoped('expired content of every organisation');
    let removed = 0;
    for (;;) {
      const { numAffectedRows } = await sql`delete from contents where ctid in (select ctid from contents
        where expires_at <= ${new Date(nowMs)} or (not whole and created_at <= ${new Date(nowMs - UNFINISHED_MS)}) limit ${SWEEP_ROWS})`.execute(db);
      removed += Number(numAffectedRows ?? 0n);
      if (Number(numAffectedRows ?? 0n) < SWEEP_ROWS) return removed;
    }
  }

  /** The same answer for what is not there and for what is another's; the attempt is noted. */
  missed(principal: Principal, kind: string, id: string): TandemError {
    this.#options.access.noteRefusal(principal, { action: `${kind}.refuse`, resourceKind: kind, resourceId: id.slice(0, 200), change: {} });
    return new TandemError('content_not_found', { params: { kind, id } });
  }

  #whoSwitchedOff(organisationId: string, projectId: string): { scope: string; name: string; path: string } | null {
    const { directory } = this.#options.access;
    const organisation = directory.organisation(organisationId);
    if (organisation?.store === false) return { scope: 'organisation', name: organisation.name, path: '/api/organisation' };
    const project = directory.project(projectId);
    return project?.store === false ? { scope: 'project', name: project.name, path: `/api/projects/${project.id}` } : null;
  }

  async #insert(head: ContentHead, executor: Executor): Promise<void> {
    const { database, secrets, clock } = this.#options;
    const own = database.scoped(head.organisationId, executor);
    const nowMs = clock.nowMs();
    const expiresAtMs = head.expiresAtMs === undefined ? nowMs + KEPT_MS : head.expiresAtMs;
    await own.insertInto('contents', {
      id: head.id, purpose: head.purpose, kind: head.kind ?? null, project_id: head.projectId, key_id: head.keyId, belongs_to: head.belongsTo ?? null,
      sealed_about: head.about === undefined ? null : secrets.seal(JSON.stringify(head.about), aboutContext(head.id)),
      bytes: 0, whole: false, created_at: new Date(nowMs), expires_at: expiresAtMs === null ? null : new Date(expiresAtMs),
    }).execute();
  }

  #writer(head: ContentHead, executor: Executor): ContentWriter {
    const { database, secrets } = this.#options;
    const own = database.scoped(head.organisationId, executor);
    const pieces = new PieceWriter({ executor, database, secrets, organisationId: head.organisationId, id: head.id });
    return {
      get bytes() { return pieces.bytes; },
      write: (chunk) => unlessGone(head, pieces.write(chunk)),
      finish: async (late = {}) => {
        await unlessGone(head, pieces.end());
        const after = {
          whole: true, bytes: pieces.bytes,
          ...(late.kind === undefined ? {} : { kind: late.kind }),
          ...(late.about === undefined ? {} : { sealed_about: secrets.seal(JSON.stringify(late.about), aboutContext(head.id)) }),
          ...(late.expiresAtMs === undefined ? {} : { expires_at: late.expiresAtMs === null ? null : new Date(late.expiresAtMs) }),
        };
        const [finished] = await own.updateTable('contents').set(after).where('id', '=', head.id).returningAll().execute();
        if (finished === undefined) throw gone(head);
        return this.#stored(finished);
      },
      abort: () => this.#remove(executor, head.organisationId, head.id, head.projectId),
    };
  }

  async #remove(executor: Executor, organisationId: string, id: string, projectId: string): Promise<void> {
    await this.#options.database.scoped(organisationId, executor).deleteFrom('contents').where('id', '=', id).where('project_id', '=', projectId).execute();
  }

  /** What the caller may see: whole, not expired, of its project. */
  #visible(principal: Principal) {
    const query = this.#options.database.scoped(principal.organisationId).selectFrom('contents').where('whole', '=', true)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', new Date(this.#options.clock.nowMs()))]));
    return principal.projectId === null ? query : query.where('project_id', '=', principal.projectId);
  }

  #stored(row: Row): StoredContent {
    const about = row.sealed_about === null ? {} : JSON.parse(this.#options.secrets.open(row.sealed_about, aboutContext(row.id)).toString()) as Record<string, unknown>;
    return {
      id: row.id, organisationId: row.organisation_id, projectId: row.project_id, keyId: row.key_id, purpose: row.purpose, kind: row.kind, belongsTo: row.belongs_to, about,
      bytes: Number(row.bytes), createdAtMs: row.created_at.getTime(), expiresAtMs: row.expires_at?.getTime() ?? null,
    };
  }
}

/** It was purged or deleted while it was written. */
function gone({ purpose, id }: ContentHead): TandemError {
  return new TandemError('content_not_found', { params: { kind: purpose, id } });
}

/** A piece of a content that is not there any more finds nothing to belong to. */
async function unlessGone(head: ContentHead, written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (error) {
    throw isOrphan(error) ? gone(head) : error;
  }
}

function aboutContext(id: string): string {
  return `contents:${id}:about`;
}
