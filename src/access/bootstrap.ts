import { sql } from 'kysely';
import type { Executor } from '../db/index.ts';
import { bySystem } from './audit.ts';
import type { AccessContext } from './context.ts';
import type { Keys } from './keys.ts';
import type { Members } from './members.ts';
import type { NewOrganisation, Organisations } from './organisations.ts';
import type { Projects } from './projects.ts';

export interface NewTenant extends NewOrganisation {
  /** The first owner's address; default owner@localhost, which nobody can sign in by. */
  readonly ownerEmail?: string;
}

export interface Tenant {
  readonly organisationId: string;
  /** Its project "default". */
  readonly projectId: string;
  /** An owner's key of the whole organisation: shown once. */
  readonly adminKey: string;
}

export interface Bootstrapped {
  readonly created: boolean;
  readonly organisationId: string;
  readonly projectId: string;
  /** Null unless it was made now. */
  readonly adminKey: string | null;
}

interface Made extends Tenant {
  readonly memberId: string;
  readonly keyId: string;
}

/** Any fixed number: it keeps two servers from making the first organisation at once. */
const BOOTSTRAP_LOCK = 0x7a6d_0011;

/** Makes organisations with all they need to begin: project, owner, admin key. For the operator, never through the API. */
export class Bootstrap {
  readonly #context: AccessContext;
  readonly #organisations: Organisations;
  readonly #projects: Projects;
  readonly #members: Members;
  readonly #keys: Keys;

  constructor(context: AccessContext, parts: { organisations: Organisations; projects: Projects; members: Members; keys: Keys }) {
    this.#context = context;
    this.#organisations = parts.organisations;
    this.#projects = parts.projects;
    this.#members = parts.members;
    this.#keys = parts.keys;
  }

  /** The operator's own organisation, the first: made when there is none. */
  async run(first: NewTenant): Promise<Bootstrapped> {
    const done = await this.#context.database.transaction(async (tx): Promise<{ found: Bootstrapped } | { made: Made }> => {
      await sql`select pg_advisory_xact_lock(${BOOTSTRAP_LOCK})`.execute(tx);
      const known = await firstOrganisation(tx);
      if (known !== null) {
        const project = await this.#context.database.scoped(known, tx).selectFrom('projects').select('id').where('archived_at', 'is', null).orderBy('id').limit(1).executeTakeFirstOrThrow();
        return { found: { created: false, organisationId: known, projectId: project.id, adminKey: null } };
      }
      return { made: await this.#make(tx, first) };
    });
    if ('found' in done) return done.found;
    const { organisationId, projectId, adminKey } = await this.#inMemory(done.made);
    return { created: true, organisationId, projectId, adminKey };
  }

  async createTenant(input: NewTenant): Promise<Tenant> {
    const { organisationId, projectId, adminKey } = await this.#inMemory(await this.#context.database.transaction((tx) => this.#make(tx, input)));
    return { organisationId, projectId, adminKey };
  }

  /** A new owner's key for the operator, when the first one was lost. */
  async newAdminKey(organisationId: string): Promise<{ keyId: string; adminKey: string }> {
    const made = await this.#context.database.transaction(async (tx) => {
      const owner = await this.#context.database.scoped(organisationId, tx).selectFrom('members').select('id')
        .where('role', '=', 'owner').where('removed_at', 'is', null).orderBy('id').limit(1).executeTakeFirstOrThrow();
      return this.#adminKey(tx, organisationId, owner.id);
    });
    await this.#context.directory.refresh('key', made.row.id);
    return { keyId: made.row.id, adminKey: made.secret };
  }

  async #make(tx: Executor, input: NewTenant): Promise<Made> {
    const { id: organisationId } = await this.#organisations.insert(tx, input);
    const by = bySystem(organisationId);
    const project = await this.#projects.insert(tx, by, { name: 'default' });
    const owner = await this.#members.insert(tx, by, { email: input.ownerEmail ?? 'owner@localhost', name: 'Owner', role: 'owner' });
    const key = await this.#adminKey(tx, organisationId, owner.id);
    return { organisationId, projectId: project.id, adminKey: key.secret, memberId: owner.id, keyId: key.row.id };
  }

  #adminKey(tx: Executor, organisationId: string, ownerId: string): ReturnType<Keys['insert']> {
    return this.#keys.insert(tx, bySystem(organisationId), {
      projectId: null, name: 'admin', role: 'owner', ownerKind: 'member', ownerId, models: null, expiresAt: null,
    });
  }

  async #inMemory(made: Made): Promise<Made> {
    const { directory } = this.#context;
    await Promise.all([
      directory.refresh('organisation', made.organisationId), directory.refresh('project', made.projectId),
      directory.refresh('member', made.memberId), directory.refresh('key', made.keyId),
    ]);
    return made;
  }
}

/** The operator's organisation: the oldest. Null before the first start. */
export async function firstOrganisation(executor: Executor): Promise<string | null> {
  const row = await executor.selectFrom('organisations').select('id').orderBy('id').limit(1).executeTakeFirst();
  return row?.id ?? null;
}
