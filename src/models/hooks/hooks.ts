import type { Selectable } from 'kysely';
import { TandemError, type Clock, type SecretBox } from '../../base/index.ts';
import { checkHost, checkUrl, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { demand } from '../../access/index.ts';
import type { Database, Schema } from '../../db/index.ts';
import { newSecret } from '../../ledger/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import { HOOKS_CHANNEL, secretContext, type ActiveHooks, type HookStage } from './active-hooks.ts';

export interface HooksOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly access: AccessPort;
  readonly clock: Clock;
  readonly policy: EgressPolicy;
  readonly resolve: Resolve;
  readonly newId: () => string;
  readonly active: Pick<ActiveHooks, 'reload'>;
}

export interface HookView {
  readonly id: string;
  readonly name: string;
  /** Null: of the whole organisation. */
  readonly projectId: string | null;
  readonly url: string;
  readonly stage: HookStage;
  readonly deadlineMs: number;
  readonly onFailure: 'open' | 'closed';
  readonly enabled: boolean;
  readonly createdAt: string;
}

export interface HookChange {
  readonly name?: string | undefined;
  readonly url?: string | undefined;
  readonly stage?: HookStage | undefined;
  readonly deadlineMs?: number | undefined;
  readonly onFailure?: 'open' | 'closed' | undefined;
  readonly enabled?: boolean | undefined;
}

export type NewHook = Omit<HookView, 'id' | 'createdAt'>;

/** They are asked one after the other, so each makes every call longer. */
const MOST_HOOKS = 20;

/** Addresses that are asked about calls: the operations of the control API. */
export class Hooks {
  readonly #options: HooksOptions;

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  async list(principal: Principal): Promise<{ items: HookView[]; nextCursor: null }> {
    demand(principal, 'webhooks.read');
    const rows = await this.#options.database.scoped(principal.organisationId).selectFrom('hooks').selectAll().orderBy('created_at').orderBy('id').execute();
    return { items: rows.map(view), nextCursor: null };
  }

  /** @returns the hook, and its signing secret, shown this once. @throws TandemError url_not_allowed after its name was resolved, resource_not_found for a project. */
  async create(principal: Principal, input: NewHook): Promise<{ hook: HookView; secret: string }> {
    demand(principal, 'webhooks.write');
    const { database, secrets, access, clock, newId, active } = this.#options;
    if (input.projectId !== null && access.directory.project(input.projectId)?.organisationId !== principal.organisationId) {
      throw new TandemError('resource_not_found', { params: { kind: 'project', id: input.projectId, verb: 'projects' } });
    }
    await this.#checkUrl(input.url);
    const id = newId();
    const secret = newSecret();
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      if ((await own.selectFrom('hooks').select('id').execute()).length >= MOST_HOOKS) throw new TandemError('invalid_request', { params: { reason: `An organisation has at most ${MOST_HOOKS} hooks.` } });
      const [made] = await own.insertInto('hooks', {
        id, name: input.name, project_id: input.projectId, url: input.url, secret: secrets.seal(secret, secretContext(id)), stage: input.stage, deadline_ms: input.deadlineMs, on_failure: input.onFailure, enabled: input.enabled,
        created_at: new Date(clock.nowMs()),
      }).returningAll().execute();
      await database.notify(tx, HOOKS_CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'hook.create', resourceKind: 'hook', resourceId: id, change: { ...input, url: originOf(input.url) } });
      return made!;
    });
    await active.reload();
    return { hook: view(row), secret };
  }

  /** What is left out stays. @throws TandemError resource_not_found, url_not_allowed. */
  async update(principal: Principal, id: string, input: HookChange): Promise<HookView> {
    demand(principal, 'webhooks.write');
    const { database, access, active } = this.#options;
    const { name, url, stage, deadlineMs, onFailure, enabled } = input;
    if (url !== undefined) await this.#checkUrl(url);
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await own.selectFrom('hooks').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (!before) throw missing(id);
      const after = await own.updateTable('hooks').set({
        name: name ?? before.name, url: url ?? before.url, stage: stage ?? before.stage, deadline_ms: deadlineMs ?? before.deadline_ms, on_failure: onFailure ?? before.on_failure, enabled: enabled ?? before.enabled,
      }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await database.notify(tx, HOOKS_CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'hook.update', resourceKind: 'hook', resourceId: id, change: { ...input, ...(url !== undefined && { url: originOf(url) }) } });
      return after;
    });
    await active.reload();
    return view(row);
  }

  /** @throws TandemError resource_not_found. */
  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'webhooks.write');
    const { database, access, active } = this.#options;
    await database.transaction(async (tx) => {
      const row = await database.scoped(principal.organisationId, tx).deleteFrom('hooks').where('id', '=', id).returningAll().executeTakeFirst();
      if (!row) throw missing(id);
      await database.notify(tx, HOOKS_CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'hook.remove', resourceKind: 'hook', resourceId: id, change: { name: row.name, url: originOf(row.url) } });
    });
    await active.reload();
  }

  async #checkUrl(url: string): Promise<void> {
    const { policy, resolve } = this.#options;
    await checkHost(checkUrl(url, policy), policy, resolve);
  }
}

function view(row: Selectable<Schema['hooks']>): HookView {
  return {
    id: row.id, name: row.name, projectId: row.project_id, url: row.url, stage: row.stage, deadlineMs: row.deadline_ms, onFailure: row.on_failure, enabled: row.enabled, createdAt: row.created_at.toISOString(),
  };
}

/** Paths and queries of hooks are often secrets: the trail gets neither. */
function originOf(url: string): string {
  return new URL(url).origin;
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'hook', id, verb: 'hooks' } });
}
