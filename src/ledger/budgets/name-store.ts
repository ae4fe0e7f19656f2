import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import { createSliceStore, type Lease, type SliceKey, type SliceStore } from '../slices/store.ts';
import { ALL, type FullWindows } from './counted.ts';
import { keyOf, namesOf, openNames } from './name-windows.ts';

/** Slices of all budgets: of those that count each name by itself in tables of their own. */
export function createBudgetStore(database: Pick<Database, 'unscoped' | 'transaction'>, epochId: string, full: FullWindows): SliceStore {
  const whole = createSliceStore(database, epochId);
  const named = createNameStore(database, epochId, full);
  const of = ({ counted }: SliceKey) => (counted === ALL ? whole : named);
  return {
    lease: (key, want) => of(key).lease(key, want),
    giveBack: (key, amount) => of(key).giveBack(key, amount),
    holders: (key) => of(key).holders(key),
    window: (key) => of(key).window(key),
  };
}

/** As `createSliceStore`, for windows by name. The first call of a name opens its window; where there is no room for it, nothing is leased and `full` learns why. */
function createNameStore(database: Pick<Database, 'unscoped' | 'transaction'>, epochId: string, full: FullWindows): SliceStore {
  const db = (): Executor => database.unscoped('slices are moved by the ids of budgets that the admission already matched to the caller');
  const at = ({ ownerId, counted, windowStartMs }: SliceKey) => sql`budget_id = ${ownerId} and window_start = ${new Date(windowStartMs)} and counted = ${counted}`;

  async function leaseOnce(key: SliceKey, want: { least: bigint; demand: bigint; wish: bigint }): Promise<Lease & { found: boolean }> {
    const share = sql`least(amount - spent - leased, least(${String(want.wish)}::numeric, greatest(${String(want.demand)}::numeric, trunc((amount - spent - leased) / 4))))`;
    const { rows: [row] } = await sql<{ granted: string | null; rest: string | null; found: boolean }>`
      with granted as (
        update budget_name_windows set leased = leased + ${share}, last_grant = ${share}
        where ${at(key)} and amount - spent - leased >= ${String(want.least)}::numeric and exists (select from epochs where id = ${epochId} and fenced_at is null)
        returning organisation_id, budget_id, window_start, counted, last_grant, amount - spent - leased as rest
      ), taken as (
        insert into budget_name_slices as have (organisation_id, budget_id, window_start, counted, epoch_id, amount)
        select organisation_id, budget_id, window_start, counted, ${epochId}::uuid, last_grant from granted
        on conflict (budget_id, window_start, counted, epoch_id) do update set amount = have.amount + excluded.amount
      )
      select (select last_grant from granted)::text as granted, (select rest from granted)::text as rest, exists (select from budget_name_windows where ${at(key)}) as found`.execute(db());
    return { found: row?.found ?? false, granted: BigInt(row?.granted ?? 0), rest: BigInt(row?.rest ?? 0) };
  }

  return {
    async lease(key, want) {
      const first = await leaseOnce(key, want);
      if (first.found) return first;
      const window = { budgetId: key.ownerId, startMs: key.windowStartMs, counted: key.counted };
      const told = await database.transaction((tx) => openNames(tx, [window]));
      if (told.has(keyOf(window))) return leaseOnce(key, want);
      full.learn(key.ownerId, key.windowStartMs, await namesOf(db(), key.ownerId, key.windowStartMs));
      return first;
    },
    async giveBack(key, amount) {
      await sql`with freed as (
          update budget_name_windows set leased = leased - ${String(amount)}::numeric where ${at(key)} returning budget_id, window_start, counted
        )
        update budget_name_slices s set amount = s.amount - ${String(amount)}::numeric from freed
        where s.budget_id = freed.budget_id and s.window_start = freed.window_start and s.counted = freed.counted and s.epoch_id = ${epochId}`.execute(db());
    },
    async holders(key) {
      const { rows } = await sql<{ epoch_id: string }>`select epoch_id from budget_name_slices s join epochs e on e.id = s.epoch_id
        where ${at(key)} and s.amount > 0 and epoch_id <> ${epochId} and e.fenced_at is null`.execute(db());
      return rows.map((row) => row.epoch_id);
    },
    async window(key) {
      const { rows: [row] } = await sql<{ amount: string; spent: string; leased: string }>`select b.amount, coalesce(w.spent, 0)::text as spent, coalesce(w.leased, 0)::text as leased
        from budgets b left join (select * from budget_name_windows where ${at(key)}) w on true where b.id = ${key.ownerId}`.execute(db());
      return { amount: BigInt(row?.amount ?? 0), spent: BigInt(row?.spent ?? 0), leased: BigInt(row?.leased ?? 0) };
    },
  };
}
