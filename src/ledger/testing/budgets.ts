import { sql } from 'kysely';
import { expect } from 'vitest';
import { isTandemError, systemClock, type Clock, type TandemError } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { BudgetAlerts } from '../budgets/alerts.ts';
import type { Ledger } from '../ledger.ts';
import type { MoreOfCall } from './gateway-process.ts';
import { admissionOf, endOf, ownerOf, type PathHouse } from './path.ts';

/** Whose call it is; what is left out is the house's: its project, no key, its model, no user and no tags. */
export type Who = Pick<MoreOfCall, 'user' | 'resource' | 'keyId'> & { readonly projectId?: string | null; readonly tags?: readonly string[] };

/** One call of so many input tokens, a million picodollars each, charged in full; null: served. */
export async function call(house: PathHouse, at: Ledger, input: bigint, who: Who): Promise<TandemError | null> {
  try {
    const hold = await at.admit({ ...admissionOf(house, input, 0n), ...who });
    await hold.settle({ ...endOf(input, 0n), user: who.user ?? null, tags: who.tags ?? [] });
    return null;
  } catch (error) {
    if (isTandemError(error, 'budget_exceeded')) return error;
    throw error;
  }
}

/** How many calls of one token are served. */
export async function served(house: PathHouse, at: Ledger, who: Who, tries: number): Promise<number> {
  let count = 0;
  for (let index = 0; index < tries; index += 1) if ((await call(house, at, 1n, who)) === null) count += 1;
  return count;
}

/** Stops these, which posts what they have, and verifies the books. */
export async function postedAndRight(house: PathHouse, ...ledgers: readonly [Ledger, ...Ledger[]]): Promise<void> {
  for (const one of ledgers) await one.stop();
  const seen = await ledgers[0].bill.verify(ownerOf(house));
  expect(seen.firstFault).toBeNull();
  expect(seen).toMatchObject({ ok: true, difference: '0' });
}

/** What each name of a budget for each has spent; nothing of it may be leased still. */
export async function windowsOf(database: Database, budgetId: string): Promise<Record<string, string>> {
  const { rows } = await sql<{ counted: string; spent: string; leased: string }>`select counted, spent, leased from budget_name_windows where budget_id = ${budgetId}`.execute(database.unscoped('test'));
  expect(rows.every(({ leased }) => leased === '0')).toBe(true);
  return Object.fromEntries(rows.map(({ counted, spent }) => [counted, spent]));
}

export interface Told {
  readonly event: string;
  /** By which an address is told once. */
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Alerts with a stand-in for the line of messages, which webhooks.test.ts shows. */
export function openAlerts(house: PathHouse, clock: Clock = systemClock): { readonly alerts: BudgetAlerts; readonly told: readonly Told[] } {
  const told: Told[] = [];
  const deliveries = { enqueue: async (_tx: unknown, _organisation: string, event: string, key: string, data: Readonly<Record<string, unknown>>) => void told.push({ event, key, data }) };
  return { alerts: new BudgetAlerts({ database: house.database, clock, names: house.names, deliveries }), told };
}
