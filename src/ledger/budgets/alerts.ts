import { sql } from 'kysely';
import type { Clock } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { holderOf, nameOf, type PathNames } from '../holders/names.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';
import { ALL, nameIn } from './counted.ts';
import { firstKeyOf } from './key-successions.ts';

export interface BudgetAlertsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly names: PathNames;
  readonly deliveries: Pick<Deliveries, 'enqueue'>;
}

/** Charges of a window that has just ended are still being posted: a reply counts in the window of its admission, and has half an hour by default. */
const LATE_MS = 60 * 60_000;

/** That a project's budget for each key holds all that this key has spent in the window, and not the organisation's for each. A total may have begun later. */
const heldNearer = sql`(b.scope_kind = 'organisation' and b.subject_kind = 'key' and exists (select from budgets near join budget_name_windows n on n.budget_id = near.id and n.window_start = w.window_start and n.counted = w.counted
            where near.organisation_id = b.organisation_id and near.removed_at is null and near.kind = 'budget' and near.scope_kind = 'project' and near.subject_kind = 'key' and near.period = b.period
            and (n.spent = w.spent or b.period = 'total')))`;

interface Reached {
  organisation_id: string;
  budget_id: string;
  window_start: Date;
  /** Of a budget for each: whose window. */
  counted: string;
  share: number;
  spent: string;
  amount: string;
}

/** Tells an organisation's webhooks when a budget has spent a share that was chosen for it: once per window and share. */
export class BudgetAlerts {
  readonly #options: BudgetAlertsOptions;

  constructor(options: BudgetAlertsOptions) {
    this.#options = options;
  }

  /**
   * Writes down what was reached since the last time, with a message for each endpoint, in one transaction: none is
   * lost and none told twice, whoever dies. What counts is what is posted, a second or so after the calls.
   * @returns how many shares were reached.
   */
  async tellDue(): Promise<number> {
    const { database, clock, deliveries, names: known } = this.#options;
    const now = new Date(clock.nowMs());
    const from = new Date(now.getTime() - LATE_MS);
    return database.transaction(async (tx) => {
      const due = sql`b.removed_at is null and b.alert_shares <> '{}' and w.amount > 0 and w.spent * 100 >= w.amount * s.share
        and (b.period = 'total' or w.window_start >= date_trunc(b.period, ${from}::timestamptz, 'UTC'))`;
      const { rows: wholes } = await sql<Reached>`insert into budget_alerts (organisation_id, budget_id, window_start, share, spent, amount, at)
        select b.organisation_id, b.id, w.window_start, s.share, w.spent, w.amount, ${now}::timestamptz
        from budgets b join budget_windows w on w.budget_id = b.id cross join unnest(b.alert_shares) as s (share)
        where ${due} and not exists (select from budget_alerts a where a.budget_id = b.id and a.window_start = w.window_start and a.share = s.share)
        on conflict do nothing returning organisation_id, budget_id, window_start, ${ALL} as counted, share, spent::text, amount::text`.execute(tx);
      // Who has a budget of their own is held by that one, not by what each has.
      const { rows: names } = await sql<Reached>`insert into budget_name_alerts (organisation_id, budget_id, window_start, counted, share, spent, amount, at)
        select b.organisation_id, b.id, w.window_start, w.counted, s.share, w.spent, w.amount, ${now}::timestamptz
        from budgets b join budget_name_windows w on w.budget_id = b.id cross join unnest(b.alert_shares) as s (share)
        where ${due} and not exists (select from budget_name_alerts a where a.budget_id = b.id and a.window_start = w.window_start and a.counted = w.counted and a.share = s.share)
          and not exists (select from budgets own where own.organisation_id = b.organisation_id and own.removed_at is null and own.scope_kind = b.scope_kind and own.scope_id = b.scope_id
            and own.period = b.period and own.subject_kind = b.subject_kind and '=' || own.subject = w.counted)
          and not exists (select from budgets own where own.organisation_id = b.organisation_id and own.removed_at is null and own.kind = 'budget' and own.subject_kind is null
            and own.scope_kind = b.subject_kind and own.period = b.period and '=' || ${firstKeyOf(sql`own.scope_id`)} = w.counted)
          and not ${heldNearer}
        on conflict do nothing returning organisation_id, budget_id, window_start, counted, share, spent::text, amount::text`.execute(tx);
      const rows = [...wholes, ...names];
      if (rows.length === 0) return 0;
      const budgets = await tx.selectFrom('budgets').select(['id', 'scope_kind', 'scope_id', 'subject_kind', 'subject', 'period', 'currency']).where('id', 'in', rows.map((row) => row.budget_id)).execute();
      for (const row of rows.toSorted((a, b) => a.share - b.share)) {
        const budget = budgets.find((one) => one.id === row.budget_id)!;
        const held = { scopeKind: budget.scope_kind, scopeId: budget.scope_id, subjectKind: budget.subject_kind, subject: budget.subject };
        await deliveries.enqueue(tx, row.organisation_id, 'budget.alert', `${row.budget_id} ${row.window_start.toISOString()} ${row.share}${row.counted === ALL ? '' : ` ${row.counted}`}`, {
          budgetId: row.budget_id, scope: { kind: budget.scope_kind, id: budget.scope_id, name: nameOf(held, known) },
          subject: budget.subject_kind === null ? null : { kind: budget.subject_kind, name: budget.subject ?? nameIn(row.counted) }, holder: holderOf(held, nameIn(row.counted), known),
          period: budget.period, windowStart: budget.period === 'total' ? null : row.window_start.toISOString(), share: row.share, spent: row.spent, amount: row.amount, currency: budget.currency,
        });
      }
      return rows.length;
    });
  }
}
