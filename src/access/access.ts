import { randomFillSync } from 'node:crypto';
import { z } from 'zod';
import { createIdSource, type Clock, type Config, type Logger, type RandomBytes } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import { Attempts } from './attempts.ts';
import { Audit, type AuditEntry, type By } from './audit.ts';
import { Bootstrap, type Bootstrapped, type NewTenant, type Tenant } from './bootstrap.ts';
import { Consents } from './consents.ts';
import type { AccessContext } from './context.ts';
import { Directory } from './directory.ts';
import { Invitations } from './invitations.ts';
import { Keys } from './keys.ts';
import { Members } from './members.ts';
import { foldEmail } from './names.ts';
import { Oidc } from './oidc.ts';
import { readOidcConfig } from './oidc-config.ts';
import { parseOperatorPart } from './operator-file.ts';
import { Organisations, type OrganisationView } from './organisations.ts';
import type { Actor, Principal } from './principal.ts';
import { Purges } from './purges.ts';
import { Projects, projectViewOf, type ProjectView } from './projects.ts';
import { Refusals } from './refusals.ts';
import type { Role } from './role.ts';
import { permissionsOf, type Permission } from './roles.ts';
import { ServiceAccounts } from './service-accounts.ts';
import { Sessions } from './sessions.ts';
import { Upkeep } from './upkeep.ts';

export interface AccessOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** The operator's file: its part `oidc` is read here, its part `organisation` names the first organisation. */
  readonly config: Pick<Config, 'file'>;
  /** Default: the system's. */
  readonly random?: RandomBytes;
}

export interface Whoami {
  readonly organisation: OrganisationView;
  readonly project: ProjectView | null;
  readonly actor: Actor;
  readonly role: Role;
  readonly permissions: Permission[];
}

/** The room's face: who may do what, and what was done. */
export class Access {
  readonly directory: Directory;
  readonly organisations: Organisations;
  readonly projects: Projects;
  readonly consents: Consents;
  readonly purges: Purges;
  readonly keys: Keys;
  readonly members: Members;
  readonly invitations: Invitations;
  readonly serviceAccounts: ServiceAccounts;
  readonly sessions: Sessions;
  readonly oidc: Oidc;
  readonly audit: Audit;
  readonly attempts: Attempts;
  readonly #bootstrap: Bootstrap;
  readonly #refusals: Refusals;
  readonly #upkeep: Upkeep;
  readonly #first: NewTenant;

  constructor(options: AccessOptions) {
    const { database, clock, log } = options;
    const random = options.random ?? ((target) => void randomFillSync(target));
    const newId = createIdSource(() => clock.nowMs(), random);
    this.directory = new Directory(database, clock, log);
    this.audit = new Audit(database, clock, newId);
    const context: AccessContext = { database, clock, log, random, newId, directory: this.directory, audit: this.audit };
    this.#refusals = new Refusals(database, this.audit, clock, log);
    this.organisations = new Organisations(context);
    this.projects = new Projects(context);
    this.consents = new Consents(context);
    this.purges = new Purges(context);
    this.keys = new Keys(context);
    this.members = new Members(context);
    this.serviceAccounts = new ServiceAccounts(context);
    this.sessions = new Sessions(context, this.#refusals);
    this.invitations = new Invitations(context, this.members, this.sessions);
    this.attempts = new Attempts(clock);
    this.#bootstrap = new Bootstrap(context, this);
    this.oidc = new Oidc(context, readOidcConfig(options.config.file['oidc']), { members: this.members, sessions: this.sessions, refusals: this.#refusals });
    this.#upkeep = new Upkeep(database, this.directory, clock, log);
    this.#first = firstTenant(options.config.file['organisation']);
  }

  /** Makes the first organisation with project "default", owner and admin key, unless there is one. Before `start`. */
  bootstrap(): Promise<Bootstrapped> {
    return this.#bootstrap.run(this.#first);
  }

  /** Loads the directory and listens for changes. */
  async start(): Promise<void> {
    await this.directory.start();
    this.#upkeep.start();
  }

  async stop(): Promise<void> {
    await this.#upkeep.stop();
    await this.#refusals.settled();
    await this.directory.stop();
  }

  /** Another organisation with all it needs. For the operator, never through the API. */
  createTenant(input: NewTenant): Promise<Tenant> {
    return this.#bootstrap.createTenant(input);
  }

  /** Another owner's key, when the first was lost. For the operator, never through the API. */
  newAdminKey(organisationId: string): Promise<{ keyId: string; adminKey: string }> {
    return this.#bootstrap.newAdminKey(organisationId);
  }

  whoami(principal: Principal): Whoami {
    const project = principal.projectId === null ? undefined : this.directory.project(principal.projectId);
    return {
      organisation: this.organisations.show(principal), project: project === undefined ? null : projectViewOf(project),
      actor: principal.actor, role: principal.role, permissions: permissionsOf(principal),
    };
  }

  /** Notes a refused attempt in the audit trail, beside the request and bounded: a foreign id, an ended key at the sign-in. */
  noteRefusal(by: By, entry: AuditEntry): boolean {
    return this.#refusals.note(by, entry);
  }

  /** Resolves when every noted refusal is written. */
  refusalsWritten(): Promise<void> {
    return this.#refusals.settled();
  }
}

export function createAccess(options: AccessOptions): Access {
  return new Access(options);
}

/** The operator's wishes for the first organisation: `{ "organisation": { "name", "currency", "billing", "ownerEmail" } }`. */
const firstForm = z.strictObject({
  name: z.string().trim().min(1).max(100).default('Default'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'it is an ISO 4217 code such as USD').default('USD'),
  billing: z.enum(['postpaid', 'prepaid']).default('postpaid'),
  ownerEmail: z.email().max(254).transform(foldEmail).default('owner@localhost'),
});

function firstTenant(part: unknown): NewTenant {
  return parseOperatorPart('organisation', firstForm, part ?? {});
}
