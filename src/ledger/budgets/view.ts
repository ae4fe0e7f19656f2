import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { plainArray } from '../events/arrays.ts';
import { holderInWords, nameOf, type PathNames } from '../holders/names.ts';
import { nameIn } from './counted.ts';
import type { BudgetSubject } from './directory.ts';
import { windowEnd, windowStart, type Period } from './window.ts';

/** A budget with its current window. */
export interface StoredBudget {
  readonly id: string;
  readonly scope_kind: 'organisation' | 'project' | 'key';
  readonly scope_id: string;
  readonly subject_kind: BudgetSubject | null;
  readonly subject: string | null;
  readonly successors: string[];
  readonly amount: string;
  readonly currency: string;
  readonly period: Period;
  readonly created_at: Date;
  readonly alert_shares: number[];
  readonly windowStartMs: number;
  /** Of a budget for each: of the one that has spent most. */
  readonly spent: bigint;
  readonly leased: bigint;
  /** Null: not a budget for each. */
  readonly each: EachView | null;
}

/** Those whom a budget counts each by itself, in the current window. */
export interface EachView {
  readonly names: number;
  /** How many of them have nothing left. */
  readonly exhausted: number;
  /** Who spent most; `name` null: those past the bound on names, together. Empty: calls that name none. Keys and projects are named by their ids; `label` is how people call them. */
  readonly most: { readonly name: string | null; readonly label: string | null; readonly spent: string; readonly held: string }[];
}

/** The reply form; amounts are picodollars as text. */
export interface BudgetView {
  readonly id: string;
  readonly scope: { readonly kind: 'organisation' | 'project' | 'key'; readonly id: string; readonly name: string };
  /** Null: all calls of the scope together. `name` null: each one of the kind by itself. */
  readonly subject: { readonly kind: BudgetSubject; readonly name: string | null } | null;
  /** In words: whom it holds. */
  readonly holder: string;
  readonly amount: string;
  readonly currency: string;
  readonly period: Period;
  readonly spent: string;
  readonly held: string;
  /** Amount less spent; below zero when the amount was lowered. */
  readonly left: string;
  readonly windowStart: string;
  readonly windowEnd: string | null;
  readonly createdAt: string;
  /** Percents of the amount at which webhooks are told, once a window. */
  readonly alertShares: number[];
  readonly each: EachView | null;
}

export interface KeyBudget {
  readonly id: string;
  readonly amount: string;
  readonly spent: string;
  readonly period: Period;
}

interface Row extends Omit<StoredBudget, 'windowStartMs' | 'spent' | 'leased' | 'each'> {
  first_window: Date;
}

const MOST_SHOWN = 10;

/** Budgets that people set (the prepaid balance is shown with the credits), the shortest period first. @param which `keyIds`: those of keys as a whole. */
export async function readBudgets(executor: Executor, nowMs: number, which: { organisationId: string; id?: string; keyIds?: readonly string[] }): Promise<StoredBudget[]> {
  const keys = which.keyIds === undefined ? null : plainArray(which.keyIds);
  const { rows } = await sql<Row>`select id, scope_kind, scope_id, subject_kind, subject, successors, amount, currency, period, created_at, first_window, alert_shares from budgets
    where organisation_id = ${which.organisationId} and kind = 'budget' and removed_at is null
      and ${which.id === undefined ? sql`true` : sql`id = ${which.id}`}
      and ${keys === null ? sql`true` : sql`scope_kind = 'key' and subject_kind is null and (scope_id = any(${keys}::text::uuid[]) or successors && ${keys}::text::uuid[])`}
    order by period, created_at, id`.execute(executor);
  if (rows.length === 0) return [];
  const starts = rows.map((row) => windowStart(row.period, nowMs));
  const asked = sql`unnest(${plainArray(rows.map((row) => row.id))}::text::uuid[], ${plainArray(starts.map((startMs) => new Date(startMs).toISOString()))}::text::timestamptz[]) as asked (id, start)`;
  const { rows: windows } = await sql<{ budget_id: string; spent: string; leased: string }>`select budget_id, spent, leased from budget_windows
    join ${asked} on budget_id = asked.id and window_start = asked.start`.execute(executor);
  const byId = new Map(windows.map((row) => [row.budget_id, row]));
  const each = rows.some(isForEach) ? await readEach(executor, asked) : new Map<string, EachView>();
  return rows.map((row, index) => {
    const ofEach = isForEach(row) ? (each.get(row.id) ?? { names: 0, exhausted: 0, most: [] }) : null;
    const window = ofEach === null ? byId.get(row.id) : ofEach.most[0] && { spent: ofEach.most[0].spent, leased: ofEach.most[0].held };
    return { ...row, windowStartMs: starts[index]!, spent: BigInt(window?.spent ?? 0), leased: BigInt(window?.leased ?? 0), each: ofEach };
  });
}

function isForEach(row: Row): boolean {
  return row.subject_kind !== null && row.subject === null;
}

async function readEach(executor: Executor, asked: ReturnType<typeof sql>): Promise<Map<string, EachView>> {
  const { rows } = await sql<{ budget_id: string; names: number; exhausted: number; counted: string; spent: string; leased: string }>`
    select * from (
      select w.budget_id, w.counted, w.spent::text as spent, w.leased::text as leased, count(*) over whole::int as names, count(*) filter (where w.spent >= w.amount) over whole::int as exhausted,
        row_number() over (partition by w.budget_id order by w.spent desc, w.counted) as place
      from budget_name_windows w join ${asked} on w.budget_id = asked.id and w.window_start = asked.start
      window whole as (partition by w.budget_id)
    ) ranked where place <= ${MOST_SHOWN} order by budget_id, place`.execute(executor);
  return new Map([...Map.groupBy(rows, (row) => row.budget_id)].map(([id, some]) => [id, {
    names: some[0]!.names, exhausted: some[0]!.exhausted, most: some.map(({ counted, spent, leased }) => ({ name: nameIn(counted), label: nameIn(counted), spent, held: leased })),
  }]));
}

export function budgetView(row: StoredBudget, names: PathNames): BudgetView {
  const endMs = windowEnd(row.period, row.windowStartMs);
  const held = { scopeKind: row.scope_kind, scopeId: row.scope_id, subjectKind: row.subject_kind, subject: row.subject };
  return {
    id: row.id, scope: { kind: row.scope_kind, id: row.scope_id, name: nameOf(held, names) },
    subject: row.subject_kind === null ? null : { kind: row.subject_kind, name: row.subject }, holder: holderInWords(held, names),
    amount: row.amount, currency: row.currency, period: row.period,
    spent: String(row.spent), held: String(row.leased), left: String(BigInt(row.amount) - row.spent),
    windowStart: (row.period === 'total' ? row.created_at : new Date(row.windowStartMs)).toISOString(),
    windowEnd: endMs === null ? null : new Date(endMs).toISOString(), createdAt: row.created_at.toISOString(), alertShares: row.alert_shares, each: row.each === null ? null : labelled(row.each, row.subject_kind, row.scope_id, names),
  };
}

function labelled(each: EachView, kind: BudgetSubject | null, scopeId: string, names: PathNames): EachView {
  if (kind !== 'key' && kind !== 'project') return each;
  return { ...each, most: each.most.map((one) => ({ ...one, label: one.name === null ? null : one.name === scopeId ? '(no project)' : nameOf({ scopeKind: kind, scopeId: one.name }, names) })) };
}

export function keyBudget(row: StoredBudget): KeyBudget {
  return { id: row.id, amount: row.amount, spent: String(row.spent), period: row.period };
}
