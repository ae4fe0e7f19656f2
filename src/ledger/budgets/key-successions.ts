import { sql, type RawBuilder } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { plainArray } from '../events/arrays.ts';

/**
 * Keys that followed others by rotation. A budget for each key counts a successor with the first key of its line, so that rotating a key
 * begins nothing anew. A line only grows, and a key is written into it in the transaction that makes the key: so whoever knows a key that
 * calls can look its line up, in memory, while posting, and long after.
 */
export async function noteSuccession(tx: Executor, organisationId: string, fromKeyId: string, toKeyId: string): Promise<void> {
  await sql`insert into key_successions (organisation_id, key_id, first_id)
    values (${organisationId}, ${toKeyId}, coalesce((select first_id from key_successions where key_id = ${fromKeyId}), ${fromKeyId}::uuid))`.execute(tx);
}

/** Successor to first key, of the organisations in which budgets count each key. */
export async function readSuccessions(executor: Executor): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ key_id: string; first_id: string }>`select key_id, first_id from key_successions
    where organisation_id in (select organisation_id from budgets where removed_at is null and subject_kind = 'key')`.execute(executor);
  return new Map(rows.map((row) => [row.key_id, row.first_id]));
}

/** The same of some keys; those that followed none are not in it. */
export async function firstKeys(executor: Executor, keyIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (keyIds.length === 0) return new Map();
  const { rows } = await sql<{ key_id: string; first_id: string }>`select key_id, first_id from key_successions where key_id = any(${plainArray(keyIds)}::text::uuid[])`.execute(executor);
  return new Map(rows.map((row) => [row.key_id, row.first_id]));
}

/** In SQL: the first key of a key's line. @param keyId a column; null stays null. */
export const firstKeyOf = (keyId: RawBuilder<unknown>): RawBuilder<string> => sql<string>`coalesce((select followed.first_id from key_successions followed where followed.key_id = ${keyId}), ${keyId})::text`;
