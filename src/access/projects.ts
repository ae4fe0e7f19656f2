import type { Selectable } from 'kysely';
import { TandemError } from '../base/index.ts';
import { isDuplicate, type Executor, type Schema } from '../db/index.ts';
import type { By } from './audit.ts';
import { changeOf, iso, notFound, nowOf, type AccessContext, type List } from './context.ts';
import type { KnownProject } from './directory-state.ts';
import { foldName, slugOf } from './names.ts';
import { freeSlug } from './organisations.ts';
import type { Principal, Tier } from './principal.ts';
import { demand } from './roles.ts';
import { demandOpenProject } from './service-accounts.ts';

export interface ProjectView {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly tier: Tier;
  /** Whether content may be kept for functions that need it; the organisation must allow it too. */
  readonly store: boolean;
  /** Since when and by whose word it pays for attempts that did not deliver; null: it does not. */
  readonly paysAttempts: { readonly since: string; readonly by: string } | null;
  readonly createdAt: string;
  readonly archivedAt: string | null;
}

type ProjectRow = Selectable<Schema['projects']>;

/** What of a project goes on and costs, in words such as `2 leases`. */
export type ProjectHolds = (tx: Executor, organisationId: string, projectId: string) => Promise<readonly string[]>;

/** Projects: what usage is counted by inside an organisation. */
export class Projects {
  readonly #context: AccessContext;

  #holds: ProjectHolds = async () => [];

  constructor(context: AccessContext) {
    this.#context = context;
  }

  /** Told by `start`, since what projects have is known only above this room. */
  useHolds(holds: ProjectHolds): void {
    this.#holds = holds;
  }

  /** Oldest first, archived ones too: their bills stay. */
  async list(principal: Principal): Promise<List<ProjectView>> {
    demand(principal, 'projects.read');
    let query = this.#context.database.scoped(principal.organisationId).selectFrom('projects').selectAll().orderBy('id');
    if (principal.projectId !== null) query = query.where('id', '=', principal.projectId);
    return { items: (await query.execute()).map(projectView), nextCursor: null };
  }

  async create(principal: Principal, input: { name: string }): Promise<ProjectView> {
    demand(principal, 'projects.write');
    const { database, directory } = this.#context;
    const row = await database.transaction((tx) => this.insert(tx, principal, input));
    await directory.refresh('project', row.id);
    return projectView(row);
  }

  /** The row, its notice and its audit entry, in a transaction of the caller's. */
  async insert(tx: Executor, by: By, input: { name: string }): Promise<ProjectRow> {
    const { database, newId, audit, directory } = this.#context;
    const own = database.scoped(by.organisationId, tx);
    const wanted = slugOf(input.name, 'project');
    const taken = await own.selectFrom('projects').select('slug').where('slug', 'like', `${wanted}%`).execute();
    const values = {
      id: newId(), name: input.name, name_folded: foldName(input.name), slug: freeSlug(wanted, taken.map((row) => row.slug)),
      // Consent alone changes it.
      tier: 'standard' as const, created_at: nowOf(this.#context),
    };
    const row = await nameTaken(input.name, () => own.insertInto('projects', values).returningAll().executeTakeFirstOrThrow());
    await directory.announce(tx, 'project', row.id);
    await audit.record(tx, by, { action: 'project.create', resourceKind: 'project', resourceId: row.id, change: { name: row.name, slug: row.slug, tier: row.tier } });
    return row;
  }

  async update(principal: Principal, id: string, input: { name?: string | undefined; store?: boolean | undefined; paysAttempts?: boolean | undefined }): Promise<ProjectView> {
    demand(principal, 'projects.write');
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const before = await this.#lock(tx, principal, id);
      if (before.archived_at !== null) throw new TandemError('project_archived', { params: { name: before.name } });
      const name = input.name ?? before.name;
      const paid = paidBy(before, input.paysAttempts, principal, nowOf(this.#context));
      const after = await nameTaken(name, () => database.scoped(principal.organisationId, tx).updateTable('projects')
        .set({ name, name_folded: foldName(name), store: input.store ?? before.store, ...paid }).where('id', '=', id).returningAll().executeTakeFirstOrThrow());
      await directory.announce(tx, 'project', id);
      await audit.record(tx, principal, { action: 'project.update', resourceKind: 'project', resourceId: id, change: changeOf(said(before), said(after)) });
      return after;
    });
    await directory.refresh('project', id);
    return projectView(row);
  }

  /**
   * Ends the project: its keys are revoked, its usage and bills stay. Once more changes nothing.
   * @throws TandemError last_project; project_in_use while it has machines, which nobody could end by its keys any more.
   */
  async archive(principal: Principal, id: string): Promise<ProjectView> {
    demand(principal, 'projects.write');
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      // All open projects are locked, so that two archivings at once cannot leave none.
      const open = await own.selectFrom('projects').selectAll().where('archived_at', 'is', null).orderBy('id').forUpdate().execute();
      const before = open.find((project) => project.id === id) ?? await this.#lock(tx, principal, id);
      if (before.archived_at !== null) return before;
      if (open.length === 1) throw new TandemError('last_project', { params: { name: before.name } });
      const held = await this.#holds(tx, principal.organisationId, id);
      if (held.length > 0) throw new TandemError('project_in_use', { params: { name: before.name, what: held.join(', ') } });
      const now = nowOf(this.#context);
      const after = await own.updateTable('projects').set({ archived_at: now }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      const revoked = await own.updateTable('api_keys').set({ revoked_at: now }).where('project_id', '=', id).where('revoked_at', 'is', null).returning('id').execute();
      await directory.announce(tx, 'project', id);
      await audit.record(tx, principal, { action: 'project.archive', resourceKind: 'project', resourceId: id, change: { name: after.name, revokedKeys: revoked.map((key) => key.id) } });
      return after;
    });
    await directory.refresh('project', id);
    return projectView(row);
  }

  /** Locks the project against being archived meanwhile, for what is to be its own. @throws TandemError resource_not_found, project_archived. */
  async demandOpen(tx: Executor, organisationId: string, id: string): Promise<void> {
    await demandOpenProject(this.#context, tx, { organisationId, projectId: null }, id);
  }

  async #lock(tx: Executor, principal: Principal, id: string): Promise<ProjectRow> {
    const row = await this.#context.database.scoped(principal.organisationId, tx).selectFrom('projects').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (row === undefined) throw notFound('project', id, 'projects');
    return row;
  }
}

/** What a word about it changes: whoever says again what is so already is not the one who decided it. */
function paidBy(before: ProjectRow, pays: boolean | undefined, principal: Principal, now: Date): Partial<Pick<ProjectRow, 'pays_attempts_at' | 'pays_attempts_by'>> {
  if (pays === undefined || pays === (before.pays_attempts_at !== null)) return {};
  return pays ? { pays_attempts_at: now, pays_attempts_by: principal.actor.label } : { pays_attempts_at: null, pays_attempts_by: null };
}

/** As the trail has it. */
function said({ name, store, pays_attempts_at: pays }: ProjectRow): { name: string; store: boolean; paysAttempts: boolean } {
  return { name, store, paysAttempts: pays !== null };
}

async function nameTaken<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isDuplicate(error)) throw new TandemError('name_taken', { params: { kind: 'project', name }, param: 'name' });
    throw error;
  }
}

/** The same from memory. */
export function projectViewOf(known: KnownProject): ProjectView {
  return {
    id: known.id, name: known.name, slug: known.slug, tier: known.tier, store: known.store,
    paysAttempts: known.paysAttempts && { since: iso(new Date(known.paysAttempts.sinceMs)), by: known.paysAttempts.by },
    createdAt: iso(new Date(known.createdAtMs)), archivedAt: iso(known.archivedAtMs === null ? null : new Date(known.archivedAtMs)),
  };
}

function projectView(row: ProjectRow): ProjectView {
  return { id: row.id, name: row.name, slug: row.slug, tier: row.tier, store: row.store, paysAttempts: row.pays_attempts_at && { since: iso(row.pays_attempts_at), by: row.pays_attempts_by ?? '' }, createdAt: iso(row.created_at), archivedAt: iso(row.archived_at) };
}
