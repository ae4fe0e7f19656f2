import { sql } from 'kysely';
import { TandemError, type Clock } from '../../base/index.ts';
import { can, demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { holderInWords, isOf, type PathNames } from '../holders/names.ts';
import { demandSubject } from '../holders/subject.ts';
import { tagLabel, userLabel } from '../events/labels.ts';
import { keepPostingOut } from '../invoices/late.ts';
import type { Limits } from '../limits/limits.ts';
import type { AuditPort } from '../ports.ts';
import { BUDGETS_CHANNEL, type BudgetDirectory, type BudgetSubject } from './directory.ts';
import { noteSuccession } from './key-successions.ts';
import { forgetOldNames } from './name-windows.ts';
import { openSpentNames, spentBySubject, spentInWindow, type NewWindow } from './spent.ts';
import { budgetView, keyBudget, readBudgets, type BudgetView, type KeyBudget } from './view.ts';
import { windowStart, type Period } from './window.ts';

export interface BudgetsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly audit: AuditPort;
  readonly names: PathNames;
  readonly directory: BudgetDirectory;
  /** A key's limits go the same ways as its budgets. */
  readonly limits: Pick<Limits, 'inForce' | 'limited' | 'carryOver'>;
}

export interface NewBudget {
  readonly scope: { readonly kind: 'organisation' | 'project' | 'key'; readonly id: string };
  /** Absent or null: all calls of the scope together. `name` null: each one of the kind by itself. */
  readonly subject?: { readonly kind: BudgetSubject; readonly name: string | null } | null | undefined;
  /** Picodollars as text. */
  readonly amount: string;
  readonly period: Period;
  /** Percents of the amount at which webhooks are told. */
  readonly alertShares?: readonly number[] | undefined;
}

/** Limits on money. A change is in force in every process within a second: it is announced when it commits. */
export class Budgets {
  readonly #options: BudgetsOptions;

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  async list(principal: Principal): Promise<{ items: BudgetView[]; nextCursor: string | null }> {
    demand(principal, 'budgets.read');
    const { database, clock, names } = this.#options;
    const rows = await readBudgets(database.unscoped('filtered by the caller\'s organisation in the query'), clock.nowMs(), { organisationId: principal.organisationId });
    const visible = principal.projectId === null ? rows : rows.filter((row) => row.scope_kind === 'project' && row.scope_id === principal.projectId);
    return { items: visible.map((row) => budgetView(row, names)), nextCursor: null };
  }

  /** What is spent of the current window already counts. @throws TandemError budget_taken, resource_not_found. */
  async create(principal: Principal, input: NewBudget, tx?: Executor): Promise<BudgetView> {
    // With a key in the same transaction it is a part of making that key, which its maker may do.
    if (tx === undefined) demand(principal, 'budgets.write');
    const { database, directory } = this.#options;
    if (tx !== undefined) return this.#create(tx, principal, input, true);
    const view = await database.transaction((own) => this.#create(own, principal, input, false));
    await directory.changed(view.id);
    return view;
  }

  /** Resolves when every budget and limit committed before this call binds in this process: before a new key works here. */
  async inForce(): Promise<void> {
    await Promise.all([this.#options.directory.refresh(), this.#options.limits.inForce()]);
  }

  /** Lowered below what is spent, it refuses every new call; calls that are running end as they were admitted. */
  async update(principal: Principal, id: string, input: { amount?: string | undefined; alertShares?: readonly number[] | undefined }): Promise<BudgetView> {
    demand(principal, 'budgets.write');
    const { database, directory, audit } = this.#options;
    const view = await database.transaction(async (tx) => {
      const before = await this.#find(tx, principal, id);
      const own = database.scoped(principal.organisationId, tx);
      const { amount = before.amount } = input;
      const shares = input.alertShares === undefined ? before.alert_shares : rising(input.alertShares);
      await own.updateTable('budgets').set({ amount, alert_shares: shares }).where('id', '=', id).execute();
      await own.updateTable('budget_windows').set({ amount }).where('budget_id', '=', id).execute();
      await own.updateTable('budget_name_windows').set({ amount }).where('budget_id', '=', id).execute();
      await audit.record(tx, principal, {
        action: 'budget.update', resourceKind: 'budget', resourceId: id,
        change: { ...(amount === before.amount ? {} : { amount: [before.amount, amount] }), ...(input.alertShares === undefined ? {} : { alertShares: [before.alert_shares, shares] }) },
      });
      await database.notify(tx, BUDGETS_CHANNEL, id);
      return this.#view(tx, principal, id);
    });
    await directory.changed(id);
    return view;
  }

  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'budgets.write');
    const { database, directory, audit } = this.#options;
    await database.transaction(async (tx) => {
      const before = await this.#find(tx, principal, id);
      await this.#drop(tx, principal.organisationId, id);
      await audit.record(tx, principal, { action: 'budget.remove', resourceKind: 'budget', resourceId: id, change: { scope: before.scope_kind, scopeId: before.scope_id, ...subjectChange(before.subject_kind, before.subject), amount: before.amount } });
    });
    await directory.changed(id);
  }

  /** The budget shown with each key: its own, the one with the shortest period first. */
  async ofKeys(organisationId: string, keyIds: readonly string[]): Promise<ReadonlyMap<string, KeyBudget>> {
    const { database, clock } = this.#options;
    const rows = await readBudgets(database.unscoped('filtered by the caller\'s organisation in the query'), clock.nowMs(), { organisationId, keyIds });
    const found = new Map<string, KeyBudget>();
    for (const row of rows) for (const id of [row.scope_id, ...row.successors]) if (!found.has(id)) found.set(id, keyBudget(row));
    return found;
  }

  /** Whether a key has a budget or limit of its own, or one for each key holds it. Who may change budgets is not kept from going around the latter. */
  async limited(executor: Executor, caller: Pick<Principal, 'organisationId' | 'projectId' | 'role' | 'ofOperator'>, keyId: string): Promise<boolean> {
    const { organisationId, projectId } = caller;
    const each = can(caller, 'budgets.write') ? sql`false` : sql`subject_kind = 'key' and (scope_kind = 'organisation' or ${projectId}::uuid is null or scope_id = ${projectId})`;
    const { rows } = await sql`select from budgets where organisation_id = ${organisationId} and removed_at is null
      and (scope_kind = 'key' and (scope_id = ${keyId} or ${keyId}::uuid = any(successors)) or ${each}) limit 1`.execute(executor);
    return rows.length > 0 || this.#options.limits.limited(executor, organisationId, keyId);
  }

  /** A rotated key's budgets and limits cover its successor too: one amount for both, also of what each key has. */
  async carryOver(tx: Executor, organisationId: string, fromKeyId: string, toKeyId: string): Promise<void> {
    await keepPostingOut(tx);
    const { rows } = await sql<{ id: string }>`update budgets set successors = array_append(successors, ${toKeyId}::uuid)
      where organisation_id = ${organisationId} and removed_at is null and scope_kind = 'key' and (scope_id = ${fromKeyId} or ${fromKeyId}::uuid = any(successors))
      returning id`.execute(tx);
    await noteSuccession(tx, organisationId, fromKeyId, toKeyId);
    // The successor itself stands for its line: processes read both before they let it work.
    for (const id of [toKeyId, ...rows.map((row) => row.id)]) await this.#options.database.notify(tx, BUDGETS_CHANNEL, id);
    await this.#options.limits.carryOver(tx, organisationId, fromKeyId, toKeyId);
  }

  /** Forgets what names spent in windows that ended long ago. */
  async tidy(): Promise<void> {
    await this.#options.database.transaction(async (tx) => {
      await keepPostingOut(tx);
      await forgetOldNames(tx, this.#options.clock.nowMs());
    });
  }

  /** The escrowed balance of a prepaid organisation: all credit ever given less what expired. Made by the first call. */
  async setPrepaid(tx: Executor, organisationId: string, amount: bigint): Promise<void> {
    const { database, names, newId, clock } = this.#options;
    const own = database.scoped(organisationId, tx);
    const known = await own.selectFrom('budgets').select('id').where('kind', '=', 'prepaid').where('removed_at', 'is', null).forUpdate().executeTakeFirst();
    const id = known?.id ?? newId();
    if (known === undefined) {
      // Counts from the beginning, whenever the first credit comes.
      await this.#insert(tx, {
        id, organisationId, kind: 'prepaid', scope: { kind: 'organisation', id: organisationId }, subject: null, amount: String(amount), period: 'total',
        currency: names.organisation(organisationId)?.currency ?? 'USD', createdAtMs: clock.nowMs(), firstMs: 0,
      });
      return;
    }
    await own.updateTable('budgets').set({ amount }).where('id', '=', id).execute();
    await own.updateTable('budget_windows').set({ amount }).where('budget_id', '=', id).execute();
    await database.notify(tx, BUDGETS_CHANNEL, id);
  }

  async #create(tx: Executor, principal: Principal, input: NewBudget, scopeIsNew: boolean): Promise<BudgetView> {
    const { clock, newId, names, audit } = this.#options;
    const { organisationId } = principal;
    if (!scopeIsNew) this.#demandScope(principal, input.scope);
    demandSubject(input.scope.kind, input.subject ?? null, 'budget');
    const nowMs = clock.nowMs();
    const id = newId();
    const subject = plainSubject(input.subject ?? null);
    await keepPostingOut(tx);
    const { rows: [taken] } = await sql<{ id: string }>`select id from budgets where organisation_id = ${organisationId} and kind = 'budget' and scope_kind = ${input.scope.kind}
      and scope_id = ${input.scope.id} and period = ${input.period} and removed_at is null
      and subject_kind is not distinct from ${subject?.kind ?? null} and subject is not distinct from ${subject?.name ?? null}`.execute(tx);
    if (taken !== undefined) {
      const held = { scopeKind: input.scope.kind, scopeId: input.scope.id, subjectKind: subject?.kind ?? null, subject: subject?.name ?? null };
      throw new TandemError('budget_taken', { params: { holder: holderInWords(held, names), id: taken.id } });
    }
    await this.#insert(tx, {
      id, organisationId, kind: 'budget', scope: input.scope, subject, amount: input.amount, period: input.period,
      currency: names.organisation(organisationId)?.currency ?? principal.currency, createdAtMs: nowMs, firstMs: input.period === 'total' ? nowMs : windowStart(input.period, nowMs),
      alertShares: rising(input.alertShares ?? []),
    });
    await audit.record(tx, principal, { action: 'budget.create', resourceKind: 'budget', resourceId: id, change: { scope: input.scope.kind, scopeId: input.scope.id, ...subjectChange(subject?.kind ?? null, subject?.name ?? null), amount: input.amount, period: input.period } });
    return this.#view(tx, principal, id);
  }

  /** Budget and current window, with what the window's events have spent. Posting stands still until the commit. */
  async #insert(tx: Executor, budget: {
    id: string; organisationId: string; kind: 'budget' | 'prepaid'; scope: NewBudget['scope']; subject: NonNullable<NewBudget['subject']> | null; amount: string; period: Period; currency: string; createdAtMs: number; firstMs: number; alertShares?: number[];
  }): Promise<void> {
    const { database } = this.#options;
    await keepPostingOut(tx);
    const own = database.scoped(budget.organisationId, tx);
    await own.insertInto('budgets', {
      id: budget.id, kind: budget.kind, scope_kind: budget.scope.kind, scope_id: budget.scope.id, subject_kind: budget.subject?.kind ?? null, subject: budget.subject?.name ?? null, amount: budget.amount, currency: budget.currency,
      period: budget.period, created_at: new Date(budget.createdAtMs), first_window: new Date(budget.firstMs), alert_shares: budget.alertShares ?? [],
    }).execute();
    const startMs = windowStart(budget.period, budget.createdAtMs);
    const window: NewWindow = { ...budget, firstWindowMs: budget.firstMs };
    if (budget.subject?.name === null) {
      await openSpentNames(tx, window, startMs);
    } else {
      const spent = budget.subject === null ? await spentInWindow(tx, window, startMs) : await spentBySubject(tx, window, startMs);
      await own.insertInto('budget_windows', { budget_id: budget.id, window_start: new Date(startMs), amount: budget.amount, spent, leased: 0n }).execute();
    }
    await database.notify(tx, BUDGETS_CHANNEL, budget.id);
  }

  async #drop(tx: Executor, organisationId: string, id: string): Promise<void> {
    const { database, clock } = this.#options;
    const own = database.scoped(organisationId, tx);
    await own.updateTable('budgets').set({ removed_at: new Date(clock.nowMs()) }).where('id', '=', id).execute();
    await own.deleteFrom('budget_windows').where('budget_id', '=', id).execute();
    await own.deleteFrom('slices').where('budget_id', '=', id).execute();
    await own.deleteFrom('budget_name_windows').where('budget_id', '=', id).execute();
    await own.deleteFrom('budget_name_slices').where('budget_id', '=', id).execute();
    await database.notify(tx, BUDGETS_CHANNEL, id);
  }

  async #find(tx: Executor, principal: Principal, id: string): Promise<{ amount: string; scope_kind: string; scope_id: string; subject_kind: string | null; subject: string | null; alert_shares: number[] }> {
    const row = await this.#options.database.scoped(principal.organisationId, tx).selectFrom('budgets').select(['amount', 'scope_kind', 'scope_id', 'subject_kind', 'subject', 'alert_shares'])
      .where('id', '=', id).where('kind', '=', 'budget').where('removed_at', 'is', null).forUpdate().executeTakeFirst();
    if (row === undefined) throw notHere('budget', id);
    return row;
  }

  async #view(tx: Executor, principal: Principal, id: string): Promise<BudgetView> {
    const [row] = await readBudgets(tx, this.#options.clock.nowMs(), { organisationId: principal.organisationId, id });
    if (row === undefined) throw notHere('budget', id);
    return budgetView(row, this.#options.names);
  }

  /** A budget is for what belongs to the caller's organisation; what does not is not there. */
  #demandScope({ organisationId }: Principal, { kind, id }: NewBudget['scope']): void {
    if (!isOf(organisationId, { scopeKind: kind, scopeId: id }, this.#options.names)) throw notHere(kind, id);
  }
}

/** A user's or tag's name as events keep it. */
function plainSubject(subject: NewBudget['subject']): NonNullable<NewBudget['subject']> | null {
  if (!subject) return null;
  const { kind, name } = subject;
  return { kind, name: name === null ? null : kind === 'user' ? userLabel(name) : kind === 'tag' ? tagLabel(name) : name };
}

function subjectChange(kind: string | null, name: string | null): { subject?: string; subjectName?: string | null } {
  return kind === null ? {} : { subject: kind, subjectName: name };
}

function rising(shares: readonly number[]): number[] {
  return [...new Set(shares)].sort((a, b) => a - b);
}

function notHere(kind: string, id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind, id, verb: `${kind}s` } });
}
