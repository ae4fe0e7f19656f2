import type { Selectable } from 'kysely';
import type { Executor, Schema } from '../db/index.ts';
import type { DirectoryState, KnownKey, KnownMember, KnownOrganisation, KnownProject, KnownServiceAccount } from './directory-state.ts';

/** What the directory watches: the words of its notifications, `kind:id`. */
export const WATCHED = ['organisation', 'project', 'member', 'service-account', 'key'] as const;
export type Watched = (typeof WATCHED)[number];

const PAGE = 5_000;
const TABLES = { organisation: 'organisations', project: 'projects', member: 'members', 'service-account': 'service_accounts', key: 'api_keys' } as const;

/** Reads everything, page by page, so that no single query holds a hundred thousand keys. */
export async function loadAll(db: Executor, state: DirectoryState): Promise<void> {
  for (const kind of WATCHED) {
    let after: string | undefined;
    for (;;) {
      const ids: string[] = await readPage(db, state, kind, after);
      if (ids.length < PAGE) break;
      after = ids.at(-1);
    }
  }
}

/** Reads some rows of one kind again. */
export async function loadSome(db: Executor, state: DirectoryState, kind: Watched, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += PAGE) {
    const rows = await db.selectFrom(TABLES[kind]).selectAll().where('id', 'in', ids.slice(at, at + PAGE)).execute();
    for (const row of rows) put(state, kind, row);
  }
}

async function readPage(db: Executor, state: DirectoryState, kind: Watched, after: string | undefined): Promise<string[]> {
  let query = db.selectFrom(TABLES[kind]).selectAll().orderBy('id').limit(PAGE);
  if (after !== undefined) query = query.where('id', '>', after);
  const rows = await query.execute();
  for (const row of rows) put(state, kind, row);
  return rows.map((row) => row.id);
}

type Row = Selectable<Schema[(typeof TABLES)[Watched]]>;

function put(state: DirectoryState, kind: Watched, row: Row): void {
  switch (kind) {
    case 'organisation': return state.putOrganisation(organisation(row as Selectable<Schema['organisations']>));
    case 'project': return state.putProject(project(row as Selectable<Schema['projects']>));
    case 'member': return state.putMember(member(row as Selectable<Schema['members']>));
    case 'service-account': return state.putServiceAccount(serviceAccount(row as Selectable<Schema['service_accounts']>));
    case 'key': return state.putKey(key(row as Selectable<Schema['api_keys']>));
  }
}

function organisation(row: Selectable<Schema['organisations']>): KnownOrganisation {
  return { id: row.id, name: row.name, slug: row.slug, currency: row.currency, billing: row.billing, store: row.store, createdAtMs: row.created_at.getTime() };
}

function project(row: Selectable<Schema['projects']>): KnownProject {
  return {
    id: row.id, organisationId: row.organisation_id, name: row.name, slug: row.slug, tier: row.tier, store: row.store, contentPurgedAtMs: row.content_purged_at?.getTime() ?? null,
    paysAttempts: row.pays_attempts_at === null ? null : { sinceMs: row.pays_attempts_at.getTime(), by: row.pays_attempts_by ?? '' },
    createdAtMs: row.created_at.getTime(), archivedAtMs: row.archived_at?.getTime() ?? null,
  };
}

function member(row: Selectable<Schema['members']>): KnownMember {
  return { id: row.id, organisationId: row.organisation_id, email: row.email, role: row.role, removed: row.removed_at !== null };
}

function serviceAccount(row: Selectable<Schema['service_accounts']>): KnownServiceAccount {
  return { id: row.id, organisationId: row.organisation_id, name: row.name, role: row.role, disabled: row.disabled_at !== null };
}

function key(row: Selectable<Schema['api_keys']>): KnownKey {
  return {
    id: row.id, organisationId: row.organisation_id, projectId: row.project_id, name: row.name, prefix: row.prefix, hash: row.hash.toString('base64'), role: row.role,
    ownerKind: row.owner_kind, ownerId: row.owner_id, models: row.models, expiresAtMs: row.expires_at?.getTime() ?? null, revoked: row.revoked_at !== null, replaced: row.replaced_by !== null,
    cacheSeconds: row.cache_seconds,
  };
}
