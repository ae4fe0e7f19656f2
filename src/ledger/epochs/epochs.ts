import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import type { LogPosition } from '../log/segments.ts';

/** The one log of events that come in by the API. */
export const DIRECT_EPOCH = '00000000-0000-7000-8000-000000000001';

export interface EpochState {
  readonly id: string;
  readonly fencedAt: Date | null;
  readonly closedAt: Date | null;
  readonly position: LogPosition;
  readonly recordNumber: number;
  readonly sequence: bigint;
  readonly chain: Buffer;
}

export async function openEpoch(
  database: Pick<Database, 'unscoped'>,
  epoch: { id: string; kind: 'log' | 'direct'; host: string; home: string; folder: string; pid: number; atMs: number },
): Promise<void> {
  const at = new Date(epoch.atMs);
  await above(database).insertInto('epochs').values({
    id: epoch.id, kind: epoch.kind, host: epoch.host, home: epoch.home, folder: epoch.folder, pid: epoch.pid,
    started_at: at, heartbeat_at: at, posted_segment: 1, chain: Buffer.alloc(32),
  }).onConflict((on) => on.doNothing()).execute();
}

/** False: the epoch was fenced, and this process must not admit anything any more. */
export async function beat(database: Pick<Database, 'unscoped'>, id: string, atMs: number): Promise<boolean> {
  const { numUpdatedRows } = await above(database).updateTable('epochs').set({ heartbeat_at: new Date(atMs) })
    .where('id', '=', id).where('fenced_at', 'is', null).where('closed_at', 'is', null).executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** A gateway process among those that share the database. */
export interface Place {
  /** How many of them live, this one included: at least 1. */
  readonly of: number;
  /** Which of them this one is, from 0, in the order in which they began. */
  readonly at: number;
}

export const ALONE: Place = { of: 1, at: 0 };

/** A process that is silent for longer than some beats is not counted. Its clock may be off by as much. */
const LIVES_MS = 10_000;

/** Where a living process stands among those whose beat is young. */
export async function placeOf(database: Pick<Database, 'unscoped'>, id: string, nowMs: number): Promise<Place> {
  const rows = await above(database).selectFrom('epochs').select('id').where('kind', '=', 'log').where('closed_at', 'is', null).where('fenced_at', 'is', null)
    .where((one) => one.or([one('heartbeat_at', '>=', new Date(nowMs - LIVES_MS)), one('id', '=', id)])).orderBy('started_at').orderBy('id').execute();
  return { of: Math.max(1, rows.length), at: Math.max(0, rows.findIndex((row) => row.id === id)) };
}

/** From now on the epoch gets no slices and no beats. */
export async function fence(database: Pick<Database, 'unscoped'>, id: string, atMs: number): Promise<void> {
  await above(database).updateTable('epochs').set({ fenced_at: new Date(atMs) }).where('id', '=', id).where('fenced_at', 'is', null).execute();
}

/** Epochs of this home that are not closed. */
export async function openEpochs(database: Pick<Database, 'unscoped'>, home: string): Promise<string[]> {
  const rows = await above(database).selectFrom('epochs').select('id')
    .where('home', '=', home).where('kind', '=', 'log').where('closed_at', 'is', null).orderBy('started_at').execute();
  return rows.map((row) => row.id);
}

/** Where the epoch stands; with `lock`, nobody else posts it until the transaction ends. */
export async function readEpoch(executor: Executor, id: string, lock = false): Promise<EpochState> {
  const query = executor.selectFrom('epochs').selectAll().where('id', '=', id);
  const row = await (lock ? query.forUpdate() : query).executeTakeFirstOrThrow();
  return {
    id: row.id, fencedAt: row.fenced_at, closedAt: row.closed_at,
    position: { segment: Number(row.posted_segment), offset: Number(row.posted_offset) },
    recordNumber: Number(row.posted_record), sequence: BigInt(row.posted_sequence), chain: row.chain,
  };
}

/**
 * Ends an epoch: what is left of its slices is free again. The caller has posted its log to the end, or an operator
 * decided that there is none to post.
 */
export async function closeEpoch(tx: Executor, id: string, end: { atMs: number; lostCalls: number; lostHeld: bigint; forgotten?: boolean }): Promise<void> {
  await sql`delete from holds where epoch_id = ${id}`.execute(tx);
  await sql`select from budget_windows w join slices s using (budget_id, window_start)
    where s.epoch_id = ${id} order by w.budget_id, w.window_start for update of w`.execute(tx);
  await sql`update budget_windows w set leased = w.leased - s.amount from slices s
    where s.epoch_id = ${id} and s.budget_id = w.budget_id and s.window_start = w.window_start`.execute(tx);
  await sql`delete from slices where epoch_id = ${id}`.execute(tx);
  await sql`select from budget_name_windows w join budget_name_slices s using (budget_id, window_start, counted)
    where s.epoch_id = ${id} order by w.budget_id, w.window_start, w.counted for update of w`.execute(tx);
  await sql`update budget_name_windows w set leased = w.leased - s.amount from budget_name_slices s
    where s.epoch_id = ${id} and s.budget_id = w.budget_id and s.window_start = w.window_start and s.counted = w.counted`.execute(tx);
  await sql`delete from budget_name_slices where epoch_id = ${id}`.execute(tx);
  // Parallel calls of a process that is gone run no more. What it used of a minute is not known, so that stays used.
  await sql`select from limit_windows w join limit_slices s using (limit_id, counted, window_start)
    where s.epoch_id = ${id} and s.window_start = 'epoch' order by w.limit_id, w.counted for update of w`.execute(tx);
  await sql`update limit_windows w set leased = greatest(0, w.leased - s.amount) from limit_slices s
    where s.epoch_id = ${id} and s.window_start = 'epoch' and s.limit_id = w.limit_id and s.counted = w.counted and s.window_start = w.window_start`.execute(tx);
  await sql`delete from limit_slices where epoch_id = ${id}`.execute(tx);
  const at = new Date(end.atMs);
  await sql`update epochs set closed_at = ${at}, fenced_at = coalesce(fenced_at, ${at}), lost_calls = lost_calls + ${end.lostCalls},
    lost_held = lost_held + ${String(end.lostHeld)}::numeric, forgotten_at = ${end.forgotten === true ? at : null} where id = ${id}`.execute(tx);
}

function above(database: Pick<Database, 'unscoped'>): Executor {
  return database.unscoped('epochs stand above organisations: one process serves them all');
}
