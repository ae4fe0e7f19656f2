import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { plainArray } from '../events/arrays.ts';
import { windowEnd, windowStart, type Period } from './window.ts';

/** A budget with its current window. */
export interface StoredBudget {
  readonly id: string;
  readonly scope_kind: 'organisation' | 'project' | 'key';
  readonly scope_id: string;
  readonly successors: string[];
  readonly amount: string;
  readonly currency: string;
  readonly period: Period;
  readonly created_at: Date;
  readonly alert_shares: number[];
  readonly windowStartMs: number;
  readonly spent: bigint;
  readonly leased: bigint;
}

/** The reply form; amounts are picodollars as text. */
export interface BudgetView {
  readonly id: string;
  readonly scope: { readonly kind: 'organisation' | 'project' | 'key'; readonly id: string; readonly name: string };
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
}

export interface KeyBudget {
  readonly id: string;
  readonly amount: string;
  readonly spent: string;
  readonly period: Period;
}

interface Row extends Omit<StoredBudget, 'windowStartMs' | 'spent' | 'leased'> {
  first_window: Date;
}

/** Budgets that people set (the prepaid balance is shown with the credits), the shortest period first. */
export async function readBudgets(executor: Executor, nowMs: number, which: { organisationId: string; id?: string; keyIds?: readonly string[] }): Promise<StoredBudget[]> {
  const keys = which.keyIds === undefined ? null : plainArray(which.keyIds);
  const { rows } = await sql<Row>`select id, scope_kind, scope_id, successors, amount, currency, period, created_at, first_window, alert_shares from budgets
    where organisation_id = ${which.organisationId} and kind = 'budget' and removed_at is null
      and ${which.id === undefined ? sql`true` : sql`id = ${which.id}`}
      and ${keys === null ? sql`true` : sql`scope_kind = 'key' and (scope_id = any(${keys}::text::uuid[]) or successors && ${keys}::text::uuid[])`}
    order by period, created_at, id`.execute(executor);
  if (rows.length === 0) return [];
  const starts = rows.map((row) => windowStart(row.period, nowMs));
  const { rows: windows } = await sql<{ budget_id: string; spent: string; leased: string }>`select budget_id, spent, leased from budget_windows
    join unnest(${plainArray(rows.map((row) => row.id))}::text::uuid[], ${plainArray(starts.map((startMs) => new Date(startMs).toISOString()))}::text::timestamptz[])
      as asked (id, start) on budget_id = asked.id and window_start = asked.start`.execute(executor);
  const byId = new Map(windows.map((row) => [row.budget_id, row]));
  return rows.map((row, index) => ({
    ...row, windowStartMs: starts[index]!, spent: BigInt(byId.get(row.id)?.spent ?? 0), leased: BigInt(byId.get(row.id)?.leased ?? 0),
  }));
}

export function budgetView(row: StoredBudget, name: string): BudgetView {
  const endMs = windowEnd(row.period, row.windowStartMs);
  return {
    id: row.id, scope: { kind: row.scope_kind, id: row.scope_id, name }, amount: row.amount, currency: row.currency, period: row.period,
    spent: String(row.spent), held: String(row.leased), left: String(BigInt(row.amount) - row.spent),
    windowStart: (row.period === 'total' ? row.created_at : new Date(row.windowStartMs)).toISOString(),
    windowEnd: endMs === null ? null : new Date(endMs).toISOString(), createdAt: row.created_at.toISOString(), alertShares: row.alert_shares,
  };
}

export function keyBudget(row: StoredBudget): KeyBudget {
  return { id: row.id, amount: row.amount, spent: String(row.spent), period: row.period };
}
