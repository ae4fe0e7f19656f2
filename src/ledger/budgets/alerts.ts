import { sql } from 'kysely';
import type { Clock } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { nameOf, type PathNames } from '../admission/refusal.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';

export interface BudgetAlertsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly names: PathNames;
  readonly deliveries: Pick<Deliveries, 'enqueue'>;
}

/** Charges of a window that has just ended are still being posted. */
const LATE_MS = 10 * 60_000;

interface Reached {
  organisation_id: string;
  budget_id: string;
  window_start: Date;
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
    const { database, clock, deliveries, names } = this.#options;
    const now = new Date(clock.nowMs());
    const from = new Date(now.getTime() - LATE_MS);
    return database.transaction(async (tx) => {
      const { rows } = await sql<Reached>`insert into budget_alerts (organisation_id, budget_id, window_start, share, spent, amount, at)
        select b.organisation_id, b.id, w.window_start, s.share, w.spent, w.amount, ${now}::timestamptz
        from budgets b join budget_windows w on w.budget_id = b.id cross join unnest(b.alert_shares) as s (share)
        where b.removed_at is null and b.alert_shares <> '{}' and w.amount > 0 and w.spent * 100 >= w.amount * s.share
          and (b.period = 'total' or w.window_start >= date_trunc(b.period, ${from}::timestamptz, 'UTC'))
          and not exists (select from budget_alerts a where a.budget_id = b.id and a.window_start = w.window_start and a.share = s.share)
        on conflict do nothing returning organisation_id, budget_id, window_start, share, spent::text, amount::text`.execute(tx);
      if (rows.length === 0) return 0;
      const budgets = await tx.selectFrom('budgets').select(['id', 'scope_kind', 'scope_id', 'period', 'currency']).where('id', 'in', rows.map((row) => row.budget_id)).execute();
      for (const row of rows.toSorted((a, b) => a.share - b.share)) {
        const budget = budgets.find((one) => one.id === row.budget_id)!;
        await deliveries.enqueue(tx, row.organisation_id, 'budget.alert', `${row.budget_id} ${row.window_start.toISOString()} ${row.share}`, {
          budgetId: row.budget_id, scope: { kind: budget.scope_kind, id: budget.scope_id, name: nameOf({ scopeKind: budget.scope_kind, scopeId: budget.scope_id }, names) },
          period: budget.period, windowStart: budget.period === 'total' ? null : row.window_start.toISOString(), share: row.share, spent: row.spent, amount: row.amount, currency: budget.currency,
        });
      }
      return rows.length;
    });
  }
}
