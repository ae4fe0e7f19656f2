import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { LiveRows, type LiveRowsOptions } from '../holders/live-rows.ts';
import { rulesFor, type Caller, type Rules } from '../holders/rules.ts';
import type { Holding } from '../holders/subject.ts';
import { readSuccessions } from './key-successions.ts';
import type { Windowed } from './window.ts';

export const BUDGETS_CHANNEL = 'budgets';

/** What calls of a scope can be counted by. One key or project has its budget as a scope; as a subject each of them is meant. */
export const BUDGET_SUBJECTS = ['model', 'user', 'tag', 'key', 'project'] as const;
export type BudgetSubject = (typeof BUDGET_SUBJECTS)[number];

export interface Budget extends Windowed, Holding<BudgetSubject> {
  readonly kind: 'budget' | 'prepaid';
  readonly amount: bigint;
  readonly currency: string;
}

interface Row {
  id: string;
  organisation_id: string;
  kind: Budget['kind'];
  scope_kind: Budget['scopeKind'];
  scope_id: string;
  successors: string[];
  subject_kind: BudgetSubject | null;
  subject: string | null;
  amount: string;
  currency: string;
  period: Budget['period'];
  first_window: Date;
}

/** Every budget in memory, and which keys followed which, read with them: a process knows both before it lets a key work. */
export class BudgetDirectory extends LiveRows<Budget> {
  readonly #keys: { first: ReadonlyMap<string, string> };

  constructor(options: Omit<LiveRowsOptions<Budget>, 'channel' | 'read'>) {
    const keys: { first: ReadonlyMap<string, string> } = { first: new Map() };
    super({
      ...options, channel: BUDGETS_CHANNEL,
      read: async (executor) => {
        const rows = await readAll(executor);
        keys.first = await readSuccessions(executor);
        return rows;
      },
    });
    this.#keys = keys;
  }

  /** The first key of a key's line, by whose name budgets for each key count it. */
  firstKeyOf(keyId: string): string {
    return this.#keys.first.get(keyId) ?? keyId;
  }
}

/** A day's budget holds beside a month's, and a balance beside both. */
const SORTS = { all: ['prepaid total', 'budget day', 'budget month', 'budget total'], of: ({ kind, period }: Budget) => `${kind} ${period}` };

/** The budgets that a caller's calls are held from. */
export function budgetsOf(directory: Pick<BudgetDirectory, 'of' | 'firstKeyOf'>, caller: Caller): Rules<Budget> {
  const firstKeyId = caller.keyId === null ? null : directory.firstKeyOf(caller.keyId);
  return rulesFor((kind, id) => directory.of(caller.organisationId, kind, id), { ...caller, firstKeyId }, SORTS);
}

async function readAll(executor: Executor): Promise<Budget[]> {
  const { rows } = await sql<Row>`select id, organisation_id, kind, scope_kind, scope_id, successors, subject_kind, subject, amount, currency, period, first_window
    from budgets where removed_at is null order by created_at, id`.execute(executor);
  return rows.map((row) => ({
    id: row.id, organisationId: row.organisation_id, kind: row.kind, scopeKind: row.scope_kind, scopeId: row.scope_id, successors: row.successors,
    subjectKind: row.subject_kind, subject: row.subject, amount: BigInt(row.amount), currency: row.currency, period: row.period, firstWindowMs: row.first_window.getTime(),
  }));
}
