import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { ALL, OTHERS, countedAs } from '../budgets/counted.ts';
import type { BudgetSubject } from '../budgets/directory.ts';
import { firstKeys } from '../budgets/key-successions.ts';
import { asRows, keyOf, openNames, type NameWindow } from '../budgets/name-windows.ts';
import { windowCounting, type Period, type Windowed } from '../budgets/window.ts';
import { plainArray } from './arrays.ts';
import { DAY_MS, type DayOfPlace } from './tally.ts';

interface Counter extends NameWindow {
  readonly organisationId: string;
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
  subject_kind: BudgetSubject | null;
  subject: string | null;
  period: Period;
  amount: string;
  first_window: Date;
}

/** Organisations with a budget that counts by user or tag: what their events are labelled with is looked at. Asked while no budget can be made. */
export async function labelledOrganisations(tx: Executor): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ organisation_id: string }>`select distinct organisation_id from budgets where removed_at is null and subject_kind in ('user', 'tag')`.execute(tx);
  return new Set(rows.map((row) => row.organisation_id));
}

/**
 * Counts charges against every budget whose scope and subject an event is in, and takes what the gateway charged off the
 * slices that it was held from. Windows before slices and each in one order, as everywhere: see `slices/store.ts`.
 */
export async function addToBudgets(tx: Executor, epochId: string, days: readonly DayOfPlace[]): Promise<void> {
  const organisations = [...new Set(days.map((one) => one.place.organisationId))];
  const { rows } = await sql<ScopedBudget>`select organisation_id, id, scope_kind, scope_id, successors, subject_kind, subject, period, amount, first_window
    from budgets where removed_at is null and organisation_id = any(${plainArray(organisations)}::text::uuid[])`.execute(tx);
  if (rows.length === 0) return;
  const byKey = rows.some((budget) => budget.subject_kind === 'key');
  const first = await firstKeys(tx, byKey ? [...new Set(days.flatMap(({ place: { keyId } }) => keyId ?? []))] : []);
  const shares = sharesOf(rows, days, first);
  const wanted = new Map<string, NameWindow>();
  for (const { budget, startMs, names } of shares) for (const name of names ?? []) {
    const window = { budgetId: budget.id, startMs, counted: countedAs(name) };
    wanted.set(keyOf(window), window);
  }
  const told = wanted.size === 0 ? wanted : await openNames(tx, [...wanted.values()]);
  const counters = count(rows, days, shares, told);
  await addToWholes(tx, epochId, counters.filter(({ counted }) => counted === ALL));
  await addToNames(tx, epochId, counters.filter(({ counted }) => counted !== ALL));
}

async function addToWholes(tx: Executor, epochId: string, counters: readonly Counter[]): Promise<void> {
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

/** The same for windows by name, which `openNames` has opened. They are locked in order first: an update takes its rows as it finds them. */
async function addToNames(tx: Executor, epochId: string, counters: readonly Counter[]): Promise<void> {
  if (counters.length === 0) return;
  await sql`select from budget_name_windows w join ${asRows(counters)} as given (budget_id, window_start, counted) using (budget_id, window_start, counted)
    order by w.budget_id, w.window_start, w.counted for update of w`.execute(tx);
  const given = (some: readonly Counter[], pick: (one: Counter) => bigint) => sql`(select * from rows from (
    ${asRows(some)}, unnest(${plainArray(some.map(pick))}::text::numeric[])) as given (budget_id, window_start, counted, amount)) as given`;
  const same = sql`have.budget_id = given.budget_id and have.window_start = given.window_start and have.counted = given.counted`;
  await sql`update budget_name_windows have set spent = have.spent + given.amount from ${given(counters, (one) => one.spent)} where ${same}`.execute(tx);
  const freed = counters.filter((one) => one.freed > 0n);
  if (freed.length === 0) return;
  await sql`update budget_name_windows have set leased = have.leased - given.amount from ${given(freed, (one) => one.freed)} where ${same}`.execute(tx);
  await sql`update budget_name_slices have set amount = have.amount - given.amount from ${given(freed, (one) => one.freed)} where ${same} and have.epoch_id = ${epochId}::uuid`.execute(tx);
}

/** What a budget's window counts of a day's events of one place. */
interface Share {
  readonly budget: ScopedBudget;
  readonly startMs: number;
  /** By whose names; null: the budget counts all of its calls together. */
  readonly names: readonly string[] | null;
  readonly charge: bigint;
}

/** @param first of keys that followed others. */
function sharesOf(budgets: readonly ScopedBudget[], days: readonly DayOfPlace[], first: ReadonlyMap<string, string>): Share[] {
  const byScope = new Map<string, ScopedBudget[]>();
  for (const budget of budgets) {
    for (const id of [budget.scope_id, ...budget.successors]) {
      const scope = `${budget.scope_kind} ${id}`;
      byScope.set(scope, [...(byScope.get(scope) ?? []), budget]);
    }
  }
  const shares: Share[] = [];
  for (const day of days) {
    const { organisationId, projectId, keyId } = day.place;
    const scopes = [`organisation ${organisationId}`, `project ${projectId}`, `key ${keyId}`];
    for (const budget of scopes.flatMap((scope) => byScope.get(scope) ?? [])) {
      if (budget.organisation_id !== organisationId) continue;
      const names = namesCounted(budget, day, first);
      if (names !== null && names.length === 0) continue;
      const windowed = { period: budget.period, firstWindowMs: budget.first_window.getTime() };
      for (const event of countedAlike(windowed, day) ? [{ occurredAtMs: day.day * DAY_MS, charge: day.charge }] : day.events) {
        const startMs = windowCounting(windowed, event.occurredAtMs);
        if (startMs !== null) shares.push({ budget, startMs, names: budget.subject_kind !== null && budget.subject === null ? names : null, charge: event.charge });
      }
    }
  }
  return shares;
}

/** Under which names a budget counts a day's events of one place; null: it asks for none. Empty: it does not count them. */
function namesCounted({ subject_kind: kind, subject }: ScopedBudget, day: DayOfPlace, first: ReadonlyMap<string, string>): readonly string[] | null {
  if (kind === null) return null;
  const names = namesOf(kind, day, first);
  return subject === null ? names : names.filter((name) => name === subject);
}

function namesOf(kind: BudgetSubject, { place, labels }: DayOfPlace, first: ReadonlyMap<string, string>): readonly string[] {
  switch (kind) {
    case 'model': return [place.resource];
    case 'user': return [labels.user];
    case 'tag': return labels.tags;
    // Calls of people and services have no key, and so none of what each key has.
    case 'key': return place.keyId === null ? [] : [first.get(place.keyId) ?? place.keyId];
    case 'project': return [place.projectId];
  }
}

/** @param told the keys of names that have a window: the others share one. */
function count(budgets: readonly ScopedBudget[], days: readonly DayOfPlace[], shares: readonly Share[], told: { has(key: string): boolean }): Counter[] {
  const live = new Map(budgets.map((budget) => [budget.id, budget]));
  const counters = new Map<string, Counter>();
  const counterOf = (budget: ScopedBudget, startMs: number, counted: string): Counter => {
    const key = keyOf({ budgetId: budget.id, startMs, counted });
    let counter = counters.get(key);
    if (counter === undefined) {
      counter = { organisationId: budget.organisation_id, budgetId: budget.id, startMs, counted, amount: budget.amount, spent: 0n, freed: 0n };
      counters.set(key, counter);
    }
    return counter;
  };
  for (const { budget, startMs, names, charge } of shares) {
    // A call with several tags past the bound is counted there once.
    const counted = names === null ? [ALL] : new Set(names.map((name) => (told.has(keyOf({ budgetId: budget.id, startMs, counted: countedAs(name) })) ? countedAs(name) : OTHERS)));
    for (const one of counted) counterOf(budget, startMs, one).spent += charge;
  }
  for (const { place, freed } of days) {
    for (const window of place.windows) {
      const budget = live.get(window.budgetId);
      if (budget !== undefined) counterOf(budget, window.windowStartMs, window.counted).freed += freed;
    }
  }
  return [...counters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counter]) => counter);
}

/** Windows begin with days, but a total begins with its budget: then the events of that day are looked at one by one. */
function countedAlike(budget: Windowed, { day }: DayOfPlace): boolean {
  return budget.period !== 'total' || Math.floor(budget.firstWindowMs / DAY_MS) !== day;
}
