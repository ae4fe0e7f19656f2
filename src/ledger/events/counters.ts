import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { windowCounting, type Period } from '../budgets/window.ts';
import { plainArray } from './arrays.ts';
import type { UsageEvent } from './usage-event.ts';

interface Counter {
  readonly organisationId: string;
  readonly budgetId: string;
  readonly startMs: number;
  readonly amount: string;
  spent: bigint;
  freed: bigint;
}

interface ScopedBudget {
  organisation_id: string;
  id: string;
  scope_kind: 'organisation' | 'project' | 'key';
  scope_id: string;
  successors: string[];
  period: Period;
  amount: string;
  first_window: Date;
}

/**
 * Counts charges against every budget whose scope an event is in, and takes what the gateway charged off the
 * slices that it was held from. Windows before slices and each in one order, as everywhere: see `slices/store.ts`.
 */
export async function addToBudgets(tx: Executor, epochId: string, events: readonly UsageEvent[]): Promise<void> {
  const organisations = [...new Set(events.map((event) => event.organisationId))];
  const { rows } = await sql<ScopedBudget>`select organisation_id, id, scope_kind, scope_id, successors, period, amount, first_window
    from budgets where removed_at is null and organisation_id = any(${plainArray(organisations)}::text::uuid[])`.execute(tx);
  if (rows.length === 0) return;
  const counters = count(rows, events);
  if (counters.length === 0) return;

  const column = (pick: (counter: Counter) => string | bigint) => plainArray(counters.map(pick));
  const start = (counter: Counter) => new Date(counter.startMs).toISOString();
  await sql`insert into budget_windows as have (organisation_id, budget_id, window_start, amount, spent, leased)
    select organisation_id, budget_id, window_start, amount, spent, 0 from unnest(
      ${column((one) => one.organisationId)}::text::uuid[], ${column((one) => one.budgetId)}::text::uuid[], ${column(start)}::text::timestamptz[],
      ${column((one) => one.amount)}::text::numeric[], ${column((one) => one.spent)}::text::numeric[])
      as given (organisation_id, budget_id, window_start, amount, spent)
    on conflict (budget_id, window_start) do update set spent = have.spent + excluded.spent`.execute(tx);

  const freed = counters.filter((one) => one.freed > 0n);
  if (freed.length === 0) return;
  const given = sql`unnest(
      ${plainArray(freed.map((one) => one.budgetId))}::text::uuid[], ${plainArray(freed.map(start))}::text::timestamptz[],
      ${plainArray(freed.map((one) => one.freed))}::text::numeric[]) as given (budget_id, window_start, freed)`;
  await sql`update budget_windows have set leased = have.leased - given.freed from ${given}
    where have.budget_id = given.budget_id and have.window_start = given.window_start`.execute(tx);
  await sql`update slices have set amount = have.amount - given.freed from ${given}
    where have.budget_id = given.budget_id and have.window_start = given.window_start and have.epoch_id = ${epochId}::uuid`.execute(tx);
}

function count(budgets: readonly ScopedBudget[], events: readonly UsageEvent[]): Counter[] {
  const byScope = new Map<string, ScopedBudget[]>();
  for (const budget of budgets) {
    for (const id of [budget.scope_id, ...budget.successors]) {
      const scope = `${budget.scope_kind} ${id}`;
      byScope.set(scope, [...(byScope.get(scope) ?? []), budget]);
    }
  }
  const live = new Map(budgets.map((budget) => [budget.id, budget]));
  const counters = new Map<string, Counter>();
  const counterOf = (budget: ScopedBudget, startMs: number): Counter => {
    const key = `${budget.id} ${startMs}`;
    let counter = counters.get(key);
    if (counter === undefined) {
      counter = { organisationId: budget.organisation_id, budgetId: budget.id, startMs, amount: budget.amount, spent: 0n, freed: 0n };
      counters.set(key, counter);
    }
    return counter;
  };
  for (const event of events) {
    const scopes = [`organisation ${event.organisationId}`, `project ${event.projectId}`, `key ${event.keyId}`];
    for (const budget of scopes.flatMap((scope) => byScope.get(scope) ?? [])) {
      if (budget.organisation_id !== event.organisationId) continue;
      const startMs = windowCounting({ period: budget.period, firstWindowMs: budget.first_window.getTime() }, event.occurredAtMs);
      if (startMs !== null) counterOf(budget, startMs).spent += event.charge;
    }
    for (const window of event.slices?.windows ?? []) {
      const budget = live.get(window.budgetId);
      if (budget !== undefined) counterOf(budget, window.windowStartMs).freed += event.slices!.amount;
    }
  }
  return [...counters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counter]) => counter);
}
