import type { Selectable } from 'kysely';
import { TandemError } from '../base/index.ts';
import type { Executor, Schema } from '../db/index.ts';
import { CONSENT_TEXT } from './consent-text.ts';
import { iso, notFound, nowOf, type AccessContext } from './context.ts';
import type { Principal } from './principal.ts';
import { demand } from './roles.ts';

export interface ConsentView {
  readonly projectId: string;
  readonly state: 'none' | 'given' | 'withdrawn';
  /** Which text was agreed to. */
  readonly textVersion: string | null;
  readonly givenBy: string | null;
  readonly givenAt: string | null;
  readonly withdrawnBy: string | null;
  readonly withdrawnAt: string | null;
  /** The text that would be agreed to now. */
  readonly current: { readonly version: string; readonly text: string };
}

/** What is kept by consent: removed in the transaction that withdraws it. Another room keeps it. */
export interface Contributions {
  /** @returns how many were removed. */
  removeOf(tx: Executor, organisationId: string, projectId: string): Promise<number>;
}

type Row = Selectable<Schema['consents']>;

/** A project's consent to contribute its content: the only way to the tier `contributor`, and out of it. */
export class Consents {
  readonly #context: AccessContext;
  #contributions: Contributions | undefined;

  constructor(context: AccessContext) {
    this.#context = context;
  }

  /** Who removes what was kept. At the start, before any call. */
  useContributions(contributions: Contributions): void {
    this.#contributions = contributions;
  }

  /** @throws TandemError resource_not_found */
  async show(principal: Principal, projectId: string): Promise<ConsentView> {
    demand(principal, 'projects.read');
    this.#find(principal, projectId);
    const row = await this.#context.database.scoped(principal.organisationId).selectFrom('consents').selectAll().where('project_id', '=', projectId).executeTakeFirst();
    return view(projectId, row);
  }

  /**
   * Once more changes nothing but the version of the text.
   * @param textVersion of the text that was read: another than today's is refused.
   * @throws TandemError resource_not_found, project_archived, consent_text_changed.
   */
  async give(principal: Principal, projectId: string, textVersion: string): Promise<ConsentView> {
    demand(principal, 'projects.write');
    this.#find(principal, projectId);
    if (textVersion !== CONSENT_TEXT.version) throw new TandemError('consent_text_changed', { params: { given: textVersion, version: CONSENT_TEXT.version, id: projectId }, param: 'textVersion' });
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      await this.#setTier(tx, principal, projectId, 'contributor');
      const before = await own.selectFrom('consents').selectAll().where('project_id', '=', projectId).executeTakeFirst();
      if (before !== undefined && before.withdrawn_at === null && before.text_version === textVersion) return before;
      const given = { text_version: textVersion, given_by: principal.actor.label, given_at: nowOf(this.#context), withdrawn_by: null, withdrawn_at: null };
      const [after] = await own.insertInto('consents', { project_id: projectId, ...given })
        .onConflict((conflict) => conflict.columns(['organisation_id', 'project_id']).doUpdateSet(given)).returningAll().execute();
      await directory.announce(tx, 'project', projectId);
      await audit.record(tx, principal, { action: 'consent.give', resourceKind: 'project', resourceId: projectId, change: { textVersion, tier: { from: 'standard', to: 'contributor' } } });
      return after!;
    });
    await directory.refresh('project', projectId);
    return view(projectId, row);
  }

  /** In force at once: the next call has the standard price, and what was kept is gone. Once more changes nothing. @throws TandemError resource_not_found */
  async withdraw(principal: Principal, projectId: string): Promise<ConsentView> {
    demand(principal, 'projects.write');
    this.#find(principal, projectId);
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      // The project's row is locked first: what is being kept at this moment is written before, and removed, or finds no consent.
      await this.#setTier(tx, principal, projectId, 'standard');
      const [after] = await own.updateTable('consents').set({ withdrawn_by: principal.actor.label, withdrawn_at: nowOf(this.#context) })
        .where('project_id', '=', projectId).where('withdrawn_at', 'is', null).returningAll().execute();
      if (after === undefined) return own.selectFrom('consents').selectAll().where('project_id', '=', projectId).executeTakeFirst();
      const removed = (await this.#contributions?.removeOf(tx, principal.organisationId, projectId)) ?? 0;
      await directory.announce(tx, 'project', projectId);
      await audit.record(tx, principal, { action: 'consent.withdraw', resourceKind: 'project', resourceId: projectId, change: { textVersion: after.text_version, removed, tier: { from: 'contributor', to: 'standard' } } });
      return after;
    });
    await directory.refresh('project', projectId);
    return view(projectId, row);
  }

  /**
   * Whether the project consents, for as long as the transaction lasts: a withdrawal waits for its end.
   * @param sinceMs UTC milliseconds. What began before a withdrawal is not covered by what is agreed to after it.
   */
  async holds(tx: Executor, organisationId: string, projectId: string, sinceMs?: number): Promise<boolean> {
    const own = this.#context.database.scoped(organisationId, tx);
    const row = await own.selectFrom('projects').select('tier').where('id', '=', projectId).forShare().executeTakeFirst();
    if (row?.tier !== 'contributor' || sinceMs === undefined) return row?.tier === 'contributor';
    const given = await own.selectFrom('consents').select('given_at').where('project_id', '=', projectId).where('given_at', '<=', new Date(sinceMs)).executeTakeFirst();
    return given !== undefined;
  }

  async #setTier(tx: Executor, principal: Principal, projectId: string, tier: 'standard' | 'contributor'): Promise<void> {
    const [row] = await this.#context.database.scoped(principal.organisationId, tx).updateTable('projects').set({ tier }).where('id', '=', projectId).returning(['archived_at', 'name']).execute();
    if (row === undefined) throw notFound('project', projectId, 'projects');
    if (row.archived_at !== null && tier === 'contributor') throw new TandemError('project_archived', { params: { name: row.name } });
  }

  #find(principal: Principal, projectId: string): void {
    const project = this.#context.directory.project(projectId);
    if (project?.organisationId !== principal.organisationId || (principal.projectId !== null && principal.projectId !== projectId)) throw notFound('project', projectId, 'projects');
  }
}

function view(projectId: string, row: Row | undefined): ConsentView {
  return {
    projectId, state: row === undefined ? 'none' : row.withdrawn_at === null ? 'given' : 'withdrawn', textVersion: row?.text_version ?? null,
    givenBy: row?.given_by ?? null, givenAt: iso(row?.given_at ?? null), withdrawnBy: row?.withdrawn_by ?? null, withdrawnAt: iso(row?.withdrawn_at ?? null),
    current: CONSENT_TEXT,
  };
}
