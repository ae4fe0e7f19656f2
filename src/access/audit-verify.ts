import { sql } from 'kysely';
import type { Database, Executor } from '../db/index.ts';
import { GENESIS, auditHash } from './audit-hash.ts';

export interface AuditVerification {
  readonly ok: boolean;
  /** Entries that were recomputed and fit. */
  readonly checked: number;
  readonly firstBroken: { readonly sequence: number; readonly reason: string } | null;
}

const PAGE = 1_000;

/**
 * Recomputes an organisation's chain from its first entry and compares its end with the head that is
 * kept apart. Finds an edited, deleted, inserted or moved entry and a cut-off tail. Who can rewrite
 * every later entry and the head as well leaves a sound chain: against that, keep the head's hash
 * (the newest entry's `hash`) somewhere else.
 */
export function verifyTrail(database: Database, organisationId: string): Promise<AuditVerification> {
  return database.transaction(async (tx) => {
    // One snapshot for entries and head, or an entry written meanwhile would look like a broken end.
    await sql`set transaction isolation level repeatable read, read only`.execute(tx);
    return walk(database, tx, organisationId);
  });
}

async function walk(database: Database, tx: Executor, organisationId: string): Promise<AuditVerification> {
  const own = database.scoped(organisationId, tx);
  let previous = GENESIS;
  let checked = 0;
  const broken = (sequence: number, reason: string): AuditVerification => ({ ok: false, checked, firstBroken: { sequence, reason } });

  for (;;) {
    const rows = await own.selectFrom('audit_events').selectAll().where('sequence', '>', String(checked)).orderBy('sequence').limit(PAGE).execute();
    for (const row of rows) {
      const sequence = Number(row.sequence);
      const expected = checked + 1;
      if (sequence !== expected) return broken(expected, `entry ${expected} is missing; the next one is ${sequence}`);
      if (!row.previous_hash.equals(previous)) return broken(sequence, `entry ${sequence} does not follow entry ${sequence - 1} as it stands: one of the two was changed or moved`);
      const content = {
        organisationId, sequence, id: row.id, at: row.at.toISOString(),
        actor: { kind: row.actor_kind, id: row.actor_id, label: row.actor_label },
        action: row.action, resourceKind: row.resource_kind, resourceId: row.resource_id, change: row.change,
      };
      if (!auditHash(content, previous).equals(row.hash)) return broken(sequence, `entry ${sequence} was changed after it was written`);
      previous = row.hash;
      checked = sequence;
    }
    if (rows.length < PAGE) break;
  }

  const head = await own.selectFrom('audit_heads').select(['sequence', 'hash']).executeTakeFirst();
  if (head === undefined) return broken(checked, 'the head of the chain is missing');
  const last = Number(head.sequence);
  if (last > checked) return broken(checked + 1, `the trail ends at entry ${checked}, but ${last} were written`);
  if (last < checked) return broken(last + 1, `entry ${last + 1} was added past the head of the chain`);
  if (!head.hash.equals(previous)) return broken(last, `entry ${last} is not the one that the head of the chain names`);
  return { ok: true, checked, firstBroken: null };
}
