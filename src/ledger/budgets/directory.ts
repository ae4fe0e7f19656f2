import { sql } from 'kysely';
import { RESYNC, type Database } from '../../db/index.ts';
import type { Logger } from '../../base/index.ts';
import type { Windowed } from './window.ts';

export const BUDGETS_CHANNEL = 'budgets';


export interface Budget extends Windowed {
  readonly id: string;
  readonly organisationId: string;
  readonly kind: 'budget' | 'prepaid';
  readonly scopeKind: 'organisation' | 'project' | 'key';
  readonly scopeId: string;
  /** Keys that followed the scope's key by rotation. */
  readonly successors: readonly string[];
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
  amount: string;
  currency: string;
  period: Budget['period'];
  first_window: Date;
}

/** Every budget in memory, by what it limits. Kept fresh by notifications that are sent with each change. */
export class BudgetDirectory {
  readonly #database: Pick<Database, 'unscoped' | 'listen'>;
  readonly #log: Logger;
  /** An amount was changed or a budget is gone: its slices go back. */
  readonly #onChange: (budgetIds: ReadonlySet<string> | 'all') => Promise<void>;
  #byScope = new Map<string, Budget[]>();
  #unlisten: (() => Promise<void>) | undefined;
  #reading: Promise<void> = Promise.resolve();
  /** Counts changes, so that what was derived from the budgets knows when it is old. */
  version = 0;

  constructor(database: Pick<Database, 'unscoped' | 'listen'>, log: Logger, onChange: (budgetIds: ReadonlySet<string> | 'all') => Promise<void>) {
    this.#database = database;
    this.#log = log;
    this.#onChange = onChange;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#database.listen(BUDGETS_CHANNEL, (payload) => this.#heard(payload));
    await this.refresh();
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
    await this.#reading;
  }

  /** Reads all budgets again. Readings follow each other, so the last one asked for is the last to be seen. */
  refresh(): Promise<void> {
    const next = this.#reading.catch(() => {}).then(() => this.#read());
    this.#reading = next.catch(() => {});
    return next;
  }

  /** The budgets that a call is held from, widest scope first. */
  covering(organisationId: string, projectId: string, keyId: string | null): Budget[] {
    const found = [
      ...(this.#byScope.get(`organisation ${organisationId}`) ?? []),
      ...(this.#byScope.get(`project ${projectId}`) ?? []),
      ...(keyId === null ? [] : this.#byScope.get(`key ${keyId}`) ?? []),
    ];
    return found.filter((budget) => budget.organisationId === organisationId);
  }

  /** Brings a committed change into force in this process now. The others hear of it. */
  async changed(budgetId: string): Promise<void> {
    await this.refresh();
    await this.#onChange(new Set([budgetId]));
  }

  #heard(payload: string): void {
    this.refresh().then(() => this.#onChange(payload === RESYNC ? 'all' : new Set([payload]))).catch((error: Error) => this.#log.warn({ reason: error.message }, 'the budgets could not be read'));
  }

  async #read(): Promise<void> {
    const executor = this.#database.unscoped('the directory holds the budgets of every organisation');
    const { rows } = await sql<Row>`select id, organisation_id, kind, scope_kind, scope_id, successors, amount, currency, period, first_window
      from budgets where removed_at is null order by created_at, id`.execute(executor);
    const byScope = new Map<string, Budget[]>();
    for (const budget of rows.map(fromRow)) {
      for (const id of [budget.scopeId, ...budget.successors]) {
        const scope = `${budget.scopeKind} ${id}`;
        byScope.set(scope, [...(byScope.get(scope) ?? []), budget]);
      }
    }
    this.#byScope = byScope;
    this.version += 1;
  }
}

function fromRow(row: Row): Budget {
  return {
    id: row.id, organisationId: row.organisation_id, kind: row.kind, scopeKind: row.scope_kind, scopeId: row.scope_id, successors: row.successors,
    amount: BigInt(row.amount), currency: row.currency, period: row.period, firstWindowMs: row.first_window.getTime(),
  };
}
