import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';

/** One window of one budget or limit. */
export interface SliceKey {
  readonly organisationId: string;
  /** The budget, or the limit. */
  readonly ownerId: string;
  /** Whose calls: of a limit that counts each user, model and so on by itself; else empty. */
  readonly counted: string;
  readonly windowStartMs: number;
  /** From then on nothing of it is needed, nor given back; null: what is free goes back. */
  readonly windowEndMs: number | null;
}

/**
 * Slices in Postgres. In every statement here, and in the poster's batches, a window's row is locked before its
 * slices' rows: so nobody waits in a circle.
 */
export interface SliceStore {
  /**
   * Leases to this epoch: at least `least` or nothing. `demand` is what waits now, `wish` what would be good to have;
   * near the end of a budget no more than a quarter of what is left goes beyond the demand.
   * @returns the amount leased, 0 where the window's rest is smaller than `least`, and what is left after it.
   */
  lease(key: SliceKey, want: { least: bigint; demand: bigint; wish: bigint }): Promise<Lease>;
  /** Gives back what this epoch neither holds nor has charged. */
  giveBack(key: SliceKey, amount: bigint): Promise<void>;
  /** Live epochs besides this one that have a slice of the window. */
  holders(key: SliceKey): Promise<string[]>;
  /** For a refusal's message: of a window that nobody has leased of, nothing is spent. */
  window(key: SliceKey): Promise<WindowState>;
}

export interface WindowState {
  readonly amount: bigint;
  readonly spent: bigint;
  readonly leased: bigint;
}

/** What a lease brought. */
export interface Lease {
  readonly granted: bigint;
  readonly rest: bigint;
}

export function createSliceStore(database: Pick<Database, 'unscoped'>, epochId: string): SliceStore {
  const db = (): Executor => database.unscoped('slices are moved by the ids of budgets that the admission already matched to the caller');

  async function openWindow({ organisationId, ownerId: budgetId, windowStartMs }: SliceKey): Promise<boolean> {
    const { numAffectedRows } = await sql`insert into budget_windows (organisation_id, budget_id, window_start, amount, spent, leased)
      select organisation_id, id, ${new Date(windowStartMs)}, amount, 0, 0 from budgets
      where id = ${budgetId} and organisation_id = ${organisationId} and removed_at is null
      on conflict do nothing`.execute(db());
    return numAffectedRows === 1n;
  }

  async function leaseOnce(key: SliceKey, want: { least: bigint; demand: bigint; wish: bigint }): Promise<Lease & { found: boolean }> {
    const { rows } = await sql<{ granted: string | null; rest: string | null; found: boolean }>`
      with granted as (
        update budget_windows set
          leased = leased + least(amount - spent - leased, least(${String(want.wish)}::numeric, greatest(${String(want.demand)}::numeric, trunc((amount - spent - leased) / 4)))),
          last_grant = least(amount - spent - leased, least(${String(want.wish)}::numeric, greatest(${String(want.demand)}::numeric, trunc((amount - spent - leased) / 4))))
        where budget_id = ${key.ownerId} and window_start = ${new Date(key.windowStartMs)}
          and amount - spent - leased >= ${String(want.least)}::numeric
          and exists (select from epochs where id = ${epochId} and fenced_at is null)
        returning organisation_id, budget_id, window_start, last_grant, amount - spent - leased as rest
      ), taken as (
        insert into slices as have (organisation_id, budget_id, window_start, epoch_id, amount)
        select organisation_id, budget_id, window_start, ${epochId}::uuid, last_grant from granted
        on conflict (budget_id, window_start, epoch_id) do update set amount = have.amount + excluded.amount
      )
      select (select last_grant from granted)::text as granted, (select rest from granted)::text as rest,
        exists (select from budget_windows where budget_id = ${key.ownerId} and window_start = ${new Date(key.windowStartMs)}) as found`.execute(db());
    const [row] = rows;
    return { found: row?.found ?? false, granted: BigInt(row?.granted ?? 0), rest: BigInt(row?.rest ?? 0) };
  }

  return {
    async lease(key, want) {
      const first = await leaseOnce(key, want);
      if (first.found || !(await openWindow(key))) return first;
      return leaseOnce(key, want);
    },
    async giveBack(key, amount) {
      await sql`with freed as (
          update budget_windows set leased = leased - ${String(amount)}::numeric
          where budget_id = ${key.ownerId} and window_start = ${new Date(key.windowStartMs)}
          returning budget_id, window_start
        )
        update slices set amount = slices.amount - ${String(amount)}::numeric from freed
        where slices.budget_id = freed.budget_id and slices.window_start = freed.window_start and slices.epoch_id = ${epochId}`.execute(db());
    },
    async holders(key) {
      const { rows } = await sql<{ epoch_id: string }>`select epoch_id from slices join epochs on epochs.id = slices.epoch_id
        where budget_id = ${key.ownerId} and window_start = ${new Date(key.windowStartMs)} and slices.amount > 0
          and epoch_id <> ${epochId} and epochs.kind = 'log' and epochs.fenced_at is null`.execute(db());
      return rows.map((row) => row.epoch_id);
    },
    async window(key) {
      const { rows } = await sql<{ amount: string; spent: string; leased: string }>`select b.amount, coalesce(w.spent, 0)::text as spent, coalesce(w.leased, 0)::text as leased
        from budgets b left join budget_windows w on w.budget_id = b.id and w.window_start = ${new Date(key.windowStartMs)} where b.id = ${key.ownerId}`.execute(db());
      const [row] = rows;
      return { amount: BigInt(row?.amount ?? 0), spent: BigInt(row?.spent ?? 0), leased: BigInt(row?.leased ?? 0) };
    },
  };
}
