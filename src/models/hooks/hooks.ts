import { sql, type Selectable } from 'kysely';
import { TandemError, type Clock, type SecretBox } from '../../base/index.ts';
import { checkHost, checkUrl, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { demand } from '../../access/index.ts';
import type { Database, Schema } from '../../db/index.ts';
import { newSecret, rotated } from '../../ledger/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import { HOOKS_CHANNEL, activeHook, secretContext, type ActiveHooks, type HookStage } from './active-hooks.ts';
import type { HookCaller } from './hook-caller.ts';
import { KEPT_FAILURES } from './hook-figures.ts';
import { sampleOf } from './sample.ts';

export interface HooksOptions {
  readonly database: Database;
  readonly secrets: SecretBox;
  readonly access: AccessPort;
  readonly clock: Clock;
  readonly policy: EgressPolicy;
  readonly resolve: Resolve;
  readonly newId: () => string;
  readonly active: Pick<ActiveHooks, 'reload'>;
  readonly caller: Pick<HookCaller, 'ask'>;
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
  /** Questions so far, and how many had no answer that could be used; a second or two behind. */
  readonly asked: string;
  readonly failed: string;
  readonly lastFailedAt: string | null;
  readonly lastProblem: string | null;
}

export interface HookFailureView {
  readonly id: string;
  readonly callId: string;
  readonly stage: 'request' | 'reply';
  readonly problem: string;
  readonly at: string;
}

/** What a hook said to a question that nobody's call asked. */
export interface HookTry {
  readonly stage: 'request' | 'reply';
  /** Null: it failed. */
  readonly action: 'allow' | 'block' | 'replace' | null;
  readonly problem: string | null;
  readonly ms: number;
}

export interface HookChange {
  readonly name?: string | undefined;
  readonly url?: string | undefined;
  readonly stage?: HookStage | undefined;
  readonly deadlineMs?: number | undefined;
  readonly onFailure?: 'open' | 'closed' | undefined;
  readonly enabled?: boolean | undefined;
}

export type NewHook = Omit<HookView, 'id' | 'createdAt' | 'asked' | 'failed' | 'lastFailedAt' | 'lastProblem'>;

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
    const { rows: last } = await sql<LastFailure>`select distinct on (hook_id) hook_id, at, problem from hook_failures where organisation_id = ${principal.organisationId} order by hook_id, id desc`
      .execute(this.#options.database.unscoped('filtered by the caller\'s organisation in the query'));
    return { items: rows.map((row) => view(row, last.find((one) => one.hook_id === row.id))), nextCursor: null };
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

  /** The newest failures, without anything of the calls. @throws TandemError resource_not_found. */
  async failures(principal: Principal, id: string): Promise<{ items: HookFailureView[]; nextCursor: null }> {
    demand(principal, 'webhooks.read');
    await this.#find(principal, id);
    const rows = await this.#options.database.scoped(principal.organisationId).selectFrom('hook_failures').selectAll().where('hook_id', '=', id).orderBy('id', 'desc').limit(KEPT_FAILURES).execute();
    return { items: rows.map((row) => ({ id: row.id, callId: row.call_id, stage: row.stage, problem: row.problem, at: row.at.toISOString() })), nextCursor: null };
  }

  /** Asks the hook about a call that nobody made, switched on or not. Counts nowhere. @throws TandemError resource_not_found. */
  async test(principal: Principal, id: string): Promise<{ tries: HookTry[] }> {
    demand(principal, 'webhooks.write');
    const { secrets, clock, caller, newId } = this.#options;
    const row = await this.#find(principal, id);
    const hook = activeHook(row, secrets);
    const tries: HookTry[] = [];
    for (const stage of row.stage === 'both' ? (['request', 'reply'] as const) : [row.stage]) {
      const startMs = clock.monotonicMs();
      const asked = await caller.ask(hook, stage, newId(), sampleOf(stage, newId(), row.project_id), new AbortController().signal);
      tries.push({ stage, action: 'answer' in asked ? asked.answer.action : null, problem: 'problem' in asked ? asked.problem : null, ms: Math.round(clock.monotonicMs() - startMs) });
    }
    return { tries };
  }

  /** A new signing secret, shown this once; the one of before signs beside it for a day. @throws TandemError resource_not_found. */
  async rotate(principal: Principal, id: string): Promise<{ secret: string; bothUntil: string }> {
    demand(principal, 'webhooks.write');
    const { database, secrets, clock, access, active } = this.#options;
    const secret = newSecret();
    const bothUntil = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await own.selectFrom('hooks').select('secret').where('id', '=', id).forUpdate().executeTakeFirst();
      if (!before) throw missing(id);
      const after = rotated(before, secrets.seal(secret, secretContext(id)), clock.nowMs());
      await own.updateTable('hooks').set(after).where('id', '=', id).execute();
      await database.notify(tx, HOOKS_CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'hook.rotate', resourceKind: 'hook', resourceId: id, change: {} });
      return after.previous_until!.toISOString();
    });
    await active.reload();
    return { secret, bothUntil };
  }

  async #find(principal: Principal, id: string): Promise<Selectable<Schema['hooks']>> {
    const row = await this.#options.database.scoped(principal.organisationId).selectFrom('hooks').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw missing(id);
    return row;
  }

  async #checkUrl(url: string): Promise<void> {
    const { policy, resolve } = this.#options;
    await checkHost(checkUrl(url, policy), policy, resolve);
  }
}

interface LastFailure {
  readonly hook_id: string;
  readonly at: Date;
  readonly problem: string;
}

function view(row: Selectable<Schema['hooks']>, last?: LastFailure): HookView {
  return {
    id: row.id, name: row.name, projectId: row.project_id, url: row.url, stage: row.stage, deadlineMs: row.deadline_ms, onFailure: row.on_failure, enabled: row.enabled, createdAt: row.created_at.toISOString(),
    asked: row.asked, failed: row.failed, lastFailedAt: last?.at.toISOString() ?? null, lastProblem: last?.problem ?? null,
  };
}

/** Paths and queries of hooks are often secrets: the trail gets neither. */
function originOf(url: string): string {
  return new URL(url).origin;
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'hook', id, verb: 'hooks' } });
}
