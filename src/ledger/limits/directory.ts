import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { LiveRows, type LiveRowsOptions } from '../holders/live-rows.ts';
import { rulesFor, type Caller, type Rules } from '../holders/rules.ts';
import { METRICS, type Limit } from './limit.ts';

export const LIMITS_CHANNEL = 'limits';

interface Row {
  id: string;
  organisation_id: string;
  scope_kind: Limit['scopeKind'];
  scope_id: string;
  successors: string[];
  subject_kind: Limit['subjectKind'];
  subject: string | null;
  metric: Limit['metric'];
  amount: string;
}

/** Every limit in memory. */
export type LimitDirectory = LiveRows<Limit>;

export function createLimitDirectory(options: Omit<LiveRowsOptions<Limit>, 'channel' | 'read'>): LimitDirectory {
  return new LiveRows({ ...options, channel: LIMITS_CHANNEL, read: readLimits });
}

const SORTS = { all: METRICS, of: ({ metric }: Limit) => metric };

/** The limits of a caller's calls; null: nothing limits them. */
export function limitsOf(directory: LimitDirectory, caller: Caller): Rules<Limit> | null {
  const rules = rulesFor((kind, id) => directory.of(caller.organisationId, kind, id), caller, SORTS);
  return rules.fixed.length + rules.users.length + rules.tags.length === 0 ? null : rules;
}

async function readLimits(executor: Executor): Promise<Limit[]> {
  const { rows } = await sql<Row>`select id, organisation_id, scope_kind, scope_id, successors, subject_kind, subject, metric, amount
    from limits where removed_at is null order by created_at, id`.execute(executor);
  return rows.map((row) => ({
    id: row.id, organisationId: row.organisation_id, scopeKind: row.scope_kind, scopeId: row.scope_id, successors: row.successors,
    subjectKind: row.subject_kind, subject: row.subject, metric: row.metric, amount: BigInt(row.amount),
  }));
}
