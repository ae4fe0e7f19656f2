import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { windowCounting, type Period, type Windowed } from '../budgets/window.ts';
import { plainArray } from './arrays.ts';
import type { WindowKey } from './records.ts';
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
  for (const group of groupEvents(events)) {
    const { organisationId, projectId, keyId } = group.first;
    const scopes = [`organisation ${organisationId}`, `project ${projectId}`, `key ${keyId}`];
    for (const budget of scopes.flatMap((scope) => byScope.get(scope) ?? [])) {
      if (budget.organisation_id !== organisationId) continue;
      const windowed = { period: budget.period, firstWindowMs: budget.first_window.getTime() };
      for (const event of countedAlike(windowed, group) ? [group.sum] : group.events) {
        const startMs = windowCounting(windowed, event.occurredAtMs);
        if (startMs !== null) counterOf(budget, startMs).spent += event.charge;
      }
    }
    for (const window of group.windows) {
      const budget = live.get(window.budgetId);
      if (budget !== undefined) counterOf(budget, window.windowStartMs).freed += group.freed;
    }
  }
  return [...counters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counter]) => counter);
}

/** Events of one key, day and set of slices: summed up before they are matched with budgets. */
interface EventGroup {
  readonly first: UsageEvent;
  readonly events: UsageEvent[];
  readonly windows: readonly WindowKey[];
  readonly sum: { readonly occurredAtMs: number; charge: bigint };
  lastMs: number;
  freed: bigint;
}

const NO_WINDOWS: readonly WindowKey[] = [];
const DAY_MS = 86_400_000;

function groupEvents(events: readonly UsageEvent[]): EventGroup[] {
  const groups = new Map<string, EventGroup>();
  // Which slices a call was held from is one object for all calls of a key: numbered, it is a part of the group's name.
  const numbers = new Map<readonly WindowKey[], number>();
  for (const event of events) {
    const windows = event.slices?.windows ?? NO_WINDOWS;
    let number = numbers.get(windows);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(windows, number);
    }
    const name = `${number} ${event.organisationId} ${event.projectId} ${event.keyId} ${Math.floor(event.occurredAtMs / DAY_MS)}`;
    let group = groups.get(name);
    if (group === undefined) {
      group = { first: event, events: [], windows, sum: { occurredAtMs: event.occurredAtMs, charge: 0n }, lastMs: event.occurredAtMs, freed: 0n };
      groups.set(name, group);
    }
    group.events.push(event);
    group.sum.charge += event.charge;
    group.lastMs = Math.max(group.lastMs, event.occurredAtMs);
    group.freed += event.slices?.amount ?? 0n;
  }
  return [...groups.values()];
}

/** Windows begin with days, but a total begins with its budget: then the events of that day are looked at one by one. */
function countedAlike(budget: Windowed, group: EventGroup): boolean {
  if (budget.period !== 'total') return true;
  const day = Math.floor(budget.firstWindowMs / DAY_MS);
  return Math.floor(group.lastMs / DAY_MS) !== day;
}
