import { TandemError, isUuid } from '../base/index.ts';
import type { Executor } from '../db/index.ts';
import type { AuditEntry, By } from './audit.ts';
import { iso, notFound, nowOf, type AccessContext, type List } from './context.ts';
import { makeKey } from './key-format.ts';
import { keyState, keyView, type KeyRow, type KeyView } from './key-view.ts';
import type { Principal } from './principal.ts';
import type { Role } from './role.ts';
import { atLeast, demand, demandGrant } from './roles.ts';
import { demandOpenProject } from './service-accounts.ts';

/** What this room must know of key budgets, which are the ledger's; `start` wires it in. */
export interface KeyBudgets {
  /** Whether the key has a budget of its own, also as each key has one: such a key makes no other keys, or it could spend past it. */
  limited(executor: Executor, caller: Principal, keyId: string): Promise<boolean>;
  /** Resolves when every budget and limit committed before this call binds in this process: before a key that it hears of works here. */
  inForce(): Promise<void>;
  /** Puts a rotated key's budget on its successor too, in the transaction of the rotation. */
  carryOver(tx: Executor, organisationId: string, fromKeyId: string, toKeyId: string): Promise<void>;
}

export interface NewKey {
  readonly name: string;
  /** Absent: the caller's project, or the organisation's first. Null: every project. */
  readonly projectId?: string | null | undefined;
  readonly role: Role;
  readonly models: readonly string[] | null;
  /** UTC, ISO 8601. */
  readonly expiresAt: string | null;
  readonly serviceAccountId?: string | undefined;
}

export interface KeyWithSecret {
  readonly key: KeyView;
  /** Shown once; it exists nowhere else. */
  readonly secret: string;
}

interface KeyValues {
  readonly projectId: string | null;
  readonly name: string;
  readonly role: Role;
  readonly ownerKind: 'member' | 'service-account';
  readonly ownerId: string;
  readonly models: readonly string[] | null;
  readonly expiresAt: Date | null;
  readonly cacheSeconds?: number | null;
}

/** API keys. Developers change their own, admins and owners all; none gives more than its maker has. */
export class Keys {
  readonly #context: AccessContext;
  #budgets: KeyBudgets | null = null;

  constructor(context: AccessContext) {
    this.#context = context;
  }

  useBudgets(budgets: KeyBudgets): void {
    this.#budgets = budgets;
    this.#context.directory.beforeKeys(() => budgets.inForce());
  }

  /** Newest first. */
  async list(principal: Principal, input: { limit: number; cursor?: string | undefined; projectId?: string | undefined }): Promise<List<KeyView>> {
    demand(principal, 'keys.read');
    const own = this.#context.database.scoped(principal.organisationId);
    let query = own.selectFrom('api_keys').selectAll().orderBy('id', 'desc').limit(input.limit + 1);
    if (principal.projectId !== null) query = query.where('project_id', '=', principal.projectId);
    if (input.projectId !== undefined) {
      const project = this.#context.directory.project(input.projectId);
      const visible = principal.projectId === null || principal.projectId === input.projectId;
      if (project?.organisationId !== principal.organisationId || !visible) throw notFound('project', input.projectId, 'projects');
      query = query.where('project_id', '=', input.projectId);
    }
    if (input.cursor !== undefined) {
      if (!isUuid(input.cursor)) throw new TandemError('invalid_request', { params: { reason: 'The cursor is not one of this list.' }, param: 'cursor' });
      query = query.where('id', '<', input.cursor);
    }
    const rows = await query.execute();
    const items = rows.slice(0, input.limit).map((row) => keyView(this.#context, row));
    return { items, nextCursor: rows.length > input.limit ? items.at(-1)?.id ?? null : null };
  }

  async show(principal: Principal, id: string): Promise<KeyView> {
    demand(principal, 'keys.read');
    return keyView(this.#context, await this.#find(this.#context.database.unscoped('bound to the organisation by #find'), principal, id));
  }

  /** Makes a key. It works in this process when the promise resolves. */
  async create(principal: Principal, input: NewKey, tx?: Executor): Promise<KeyWithSecret> {
    demand(principal, 'keys.write');
    demandGrant(principal, input.role);
    if (tx !== undefined) {
      const made = await this.#create(tx, principal, input);
      await this.#context.audit.record(tx, principal, creation(made.row));
      return this.#shown(made);
    }
    return this.createWith(principal, input, () => Promise.resolve());
  }

  /**
   * Makes a key and, in the same transaction, what belongs to it, such as its budget: neither is ever there without the
   * other. `also` runs before the key's audit entry is written: that entry locks the trail until the commit, and
   * whoever took other locks after it could wait for somebody who waits for the trail.
   */
  async createWith(principal: Principal, input: NewKey, also: (tx: Executor, keyId: string) => Promise<unknown>): Promise<KeyWithSecret> {
    demand(principal, 'keys.write');
    demandGrant(principal, input.role);
    const { database, audit, directory } = this.#context;
    const made = await database.transaction(async (tx) => {
      const fresh = await this.#create(tx, principal, input);
      await also(tx, fresh.row.id);
      await audit.record(tx, principal, creation(fresh.row));
      return fresh;
    });
    await directory.refresh('key', made.row.id);
    return this.#shown(made);
  }

  async update(principal: Principal, id: string, input: { name?: string | undefined; models?: readonly string[] | null | undefined; expiresAt?: string | null | undefined; cacheSeconds?: number | null | undefined }): Promise<KeyView> {
    demand(principal, 'keys.write');
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const before = await this.#lockLive(tx, principal, id);
      const name = input.name ?? before.name;
      const models = input.models === undefined ? before.models : input.models ?? principal.allowedModels;
      this.#demandModels(principal, models);
      const expiresAt = input.expiresAt === undefined ? before.expires_at : this.#futureTime(input.expiresAt);
      if (before.replaced_by !== null && input.expiresAt !== undefined) throw new TandemError('key_ended', { params: { name: before.name, state: 'being replaced' } });
      const after = await database.scoped(principal.organisationId, tx).updateTable('api_keys')
        .set({ name, models: models === null ? null : JSON.stringify(models), expires_at: expiresAt, ...(input.cacheSeconds !== undefined && { cache_seconds: input.cacheSeconds }) }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await directory.announce(tx, 'key', id);
      await audit.record(tx, principal, { action: 'key.update', resourceKind: 'key', resourceId: id, change: changes(before, after) });
      return after;
    });
    await directory.refresh('key', id);
    return keyView(this.#context, row);
  }

  /** Makes a successor with the same rights; the old key works for `overlapSeconds` more, but never past its own expiry. */
  async rotate(principal: Principal, id: string, input: { overlapSeconds: number }): Promise<KeyWithSecret> {
    demand(principal, 'keys.write');
    const { database, directory, audit } = this.#context;
    const made = await database.transaction(async (tx) => {
      const before = await this.#lockLive(tx, principal, id);
      if (before.replaced_by !== null) throw new TandemError('key_ended', { params: { name: before.name, state: 'being replaced already' } });
      this.#demandModels(principal, before.models);
      const successor = await this.#insertRow(tx, principal, {
        projectId: before.project_id, name: before.name, role: before.role, ownerKind: before.owner_kind, ownerId: before.owner_id,
        models: before.models, expiresAt: before.expires_at, cacheSeconds: before.cache_seconds,
      });
      await this.#budgets?.carryOver(tx, principal.organisationId, id, successor.row.id);
      const overlapEndMs = this.#context.clock.nowMs() + input.overlapSeconds * 1_000;
      const endsAt = new Date(Math.min(overlapEndMs, before.expires_at?.getTime() ?? overlapEndMs));
      await database.scoped(principal.organisationId, tx).updateTable('api_keys').set({ expires_at: endsAt, replaced_by: successor.row.id }).where('id', '=', id).execute();
      await directory.announce(tx, 'key', id);
      await audit.record(tx, principal, creation(successor.row));
      await audit.record(tx, principal, { action: 'key.rotate', resourceKind: 'key', resourceId: id, change: { replacedBy: successor.row.id, expiresAt: endsAt.toISOString() } });
      return successor;
    });
    await Promise.all([directory.refresh('key', id), directory.refresh('key', made.row.id)]);
    return this.#shown(made);
  }

  /** In force in every process within a second. Once more changes nothing. */
  async revoke(principal: Principal, id: string): Promise<KeyView> {
    demand(principal, 'keys.write');
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const before = await this.#lockOwn(tx, principal, id);
      if (before.revoked_at !== null) return before;
      const own = database.scoped(principal.organisationId, tx);
      const after = await own.updateTable('api_keys').set({ revoked_at: nowOf(this.#context) }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await own.deleteFrom('sign_in_links').where('key_id', '=', id).where('used_at', 'is', null).execute();
      await directory.announce(tx, 'key', id);
      await audit.record(tx, principal, { action: 'key.revoke', resourceKind: 'key', resourceId: id, change: { name: after.name } });
      return after;
    });
    await directory.refresh('key', id);
    return keyView(this.#context, row);
  }

  /** Row, notice and audit entry of a key, in a transaction of the caller's, without asking whether `by` may. */
  async insert(tx: Executor, by: By, values: KeyValues): Promise<{ row: KeyRow; secret: string }> {
    const made = await this.#insertRow(tx, by, values);
    await this.#context.audit.record(tx, by, creation(made.row));
    return made;
  }

  async #insertRow(tx: Executor, by: By, values: KeyValues): Promise<{ row: KeyRow; secret: string }> {
    const { database, newId, random, directory } = this.#context;
    const fresh = makeKey(random);
    const row = await database.scoped(by.organisationId, tx).insertInto('api_keys', {
      id: newId(), project_id: values.projectId, name: values.name, prefix: fresh.prefix, hash: fresh.hash, role: values.role,
      owner_kind: values.ownerKind, owner_id: values.ownerId, models: values.models === null ? null : JSON.stringify(values.models),
      created_at: nowOf(this.#context), expires_at: values.expiresAt, replaced_by: null, cache_seconds: values.cacheSeconds ?? null,
    }).returningAll().executeTakeFirstOrThrow();
    await directory.announce(tx, 'key', row.id);
    return { row, secret: fresh.secret };
  }

  #shown({ row, secret }: { row: KeyRow; secret: string }): KeyWithSecret {
    return { key: keyView(this.#context, row), secret };
  }

  async #create(tx: Executor, principal: Principal, input: NewKey): Promise<{ row: KeyRow; secret: string }> {
    if (principal.keyId !== null && await this.#budgets?.limited(tx, principal, principal.keyId)) throw new TandemError('budgeted_key');
    const models = input.models ?? principal.allowedModels;
    this.#demandModels(principal, models);
    const owner = await this.#ownerFor(tx, principal, input);
    let projectId = input.projectId === undefined ? owner.projectId ?? this.#context.directory.projectFor(principal) : input.projectId;
    if (projectId === null && principal.projectId !== null) projectId = principal.projectId;
    if (owner.projectId !== null && projectId !== owner.projectId) {
      throw new TandemError('invalid_request', { params: { reason: 'The service account belongs to another project.' }, param: 'projectId' });
    }
    if (projectId !== null) await demandOpenProject(this.#context, tx, principal, projectId);
    return this.#insertRow(tx, principal, {
      projectId, name: input.name, role: input.role, ownerKind: owner.kind, ownerId: owner.id,
      models, expiresAt: this.#futureTime(input.expiresAt),
    });
  }

  async #ownerFor(tx: Executor, principal: Principal, input: NewKey): Promise<{ kind: 'member' | 'service-account'; id: string; projectId: string | null }> {
    if (input.serviceAccountId === undefined) {
      const owner = this.#context.directory.ownerOf(principal);
      if (owner === null) throw new TandemError('permission_denied', { params: { role: principal.role, action: 'make keys without being a member', needed: 'admin' } });
      return { ...owner, projectId: null };
    }
    demand(principal, 'members.write');
    const account = await this.#context.database.scoped(principal.organisationId, tx).selectFrom('service_accounts').selectAll().where('id', '=', input.serviceAccountId).forShare().executeTakeFirst();
    if (account === undefined) throw notFound('service account', input.serviceAccountId, 'keys');
    if (account.disabled_at !== null) throw new TandemError('account_disabled', { params: { name: account.name }, param: 'serviceAccountId' });
    demandGrant({ role: account.role }, input.role);
    return { kind: 'service-account', id: account.id, projectId: account.project_id };
  }

  async #find(executor: Executor, principal: Principal, id: string, lock = false): Promise<KeyRow> {
    let query = this.#context.database.scoped(principal.organisationId, executor).selectFrom('api_keys').selectAll().where('id', '=', id);
    if (principal.projectId !== null) query = query.where('project_id', '=', principal.projectId);
    const row = await (lock ? query.forUpdate() : query).executeTakeFirst();
    if (row === undefined) throw notFound('key', id, 'keys');
    return row;
  }

  async #lockOwn(tx: Executor, principal: Principal, id: string): Promise<KeyRow> {
    const row = await this.#find(tx, principal, id, true);
    const owner = this.#context.directory.ownerOf(principal);
    const isOwn = owner !== null && row.owner_kind === owner.kind && row.owner_id === owner.id;
    if (!isOwn && !atLeast(principal.role, 'admin')) {
      throw new TandemError('not_your_key', { params: { owner: this.#context.directory.ownerLabel(row.owner_kind, row.owner_id) } });
    }
    // Not even one's own key of a higher role: a lesser key of the same owner must not take over its rights.
    demandGrant(principal, this.#context.directory.roleOfKey(row.id) ?? row.role);
    return row;
  }

  async #lockLive(tx: Executor, principal: Principal, id: string): Promise<KeyRow> {
    const row = await this.#lockOwn(tx, principal, id);
    const state = keyState(row, this.#context.clock.nowMs());
    if (state === 'revoked' || state === 'expired') throw new TandemError('key_ended', { params: { name: row.name, state } });
    return row;
  }

  #demandModels(principal: Principal, models: readonly string[] | null): void {
    const allowed = principal.allowedModels;
    if (allowed === null) return;
    const beyond = models === null ? 'every model' : models.find((model) => !allowed.includes(model));
    if (beyond !== undefined) throw new TandemError('invalid_request', { params: { reason: `Your own key may not call ${beyond}, so it cannot give a key that may.` }, param: 'models' });
  }

  #futureTime(text: string | null): Date | null {
    if (text === null) return null;
    const time = new Date(text);
    if (!(time.getTime() > this.#context.clock.nowMs())) throw new TandemError('invalid_request', { params: { reason: 'The expiry lies in the past.' }, param: 'expiresAt' });
    return time;
  }
}

function creation(row: KeyRow): AuditEntry {
  return {
    action: 'key.create', resourceKind: 'key', resourceId: row.id,
    change: { name: row.name, prefix: row.prefix, projectId: row.project_id, role: row.role, owner: { kind: row.owner_kind, id: row.owner_id }, models: row.models, expiresAt: iso(row.expires_at) },
  };
}

function changes(before: KeyRow, after: KeyRow): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  if (before.name !== after.name) changed['name'] = { from: before.name, to: after.name };
  if (JSON.stringify(before.models) !== JSON.stringify(after.models)) changed['models'] = { from: before.models, to: after.models };
  if (iso(before.expires_at) !== iso(after.expires_at)) changed['expiresAt'] = { from: iso(before.expires_at), to: iso(after.expires_at) };
  if (before.cache_seconds !== after.cache_seconds) changed['cacheSeconds'] = { from: before.cache_seconds, to: after.cache_seconds };
  return changed;
}

