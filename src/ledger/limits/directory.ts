import { sql } from 'kysely';
import { RESYNC, type Database } from '../../db/index.ts';
import type { Logger } from '../../base/index.ts';
import type { Limit } from './limit.ts';
import { rulesFor, type Caller, type Rules } from './rules.ts';

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

const NO_LIMITS: readonly Limit[] = [];

/** Every limit in memory, by organisation. Kept fresh by notifications that are sent with each change. */
export class LimitDirectory {
  readonly #database: Pick<Database, 'unscoped' | 'listen'>;
  readonly #log: Logger;
  /** An amount was changed or a limit is gone: its slices go back. */
  readonly #onChange: (limitIds: ReadonlySet<string> | 'all') => Promise<void>;
  #byOrganisation = new Map<string, Limit[]>();
  #unlisten: (() => Promise<void>) | undefined;
  #reading: Promise<void> = Promise.resolve();
  /** Counts changes, so that what was derived from the limits knows when it is old. */
  version = 0;

  constructor(database: Pick<Database, 'unscoped' | 'listen'>, log: Logger, onChange: (limitIds: ReadonlySet<string> | 'all') => Promise<void>) {
    this.#database = database;
    this.#log = log;
    this.#onChange = onChange;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#database.listen(LIMITS_CHANNEL, (payload) => this.#heard(payload));
    await this.refresh();
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
    await this.#reading;
  }

  /** Reads all limits again. Readings follow each other, so the last one asked for is the last to be seen. */
  refresh(): Promise<void> {
    const next = this.#reading.catch(() => {}).then(() => this.#read());
    this.#reading = next.catch(() => {});
    return next;
  }

  /** Of all limits there are. */
  ids(): ReadonlySet<string> {
    return new Set([...this.#byOrganisation.values()].flatMap((limits) => limits.map(({ id }) => id)));
  }

  /** Null: nothing limits this caller. */
  rulesFor(caller: Caller): Rules | null {
    const limits = this.#byOrganisation.get(caller.organisationId) ?? NO_LIMITS;
    if (limits.length === 0) return null;
    const rules = rulesFor(limits, caller);
    return rules.fixed.length + rules.users.length + rules.tags.length === 0 ? null : rules;
  }

  /** Brings a committed change into force in this process now. The others hear of it. */
  async changed(limitId: string): Promise<void> {
    await this.refresh();
    await this.#onChange(new Set([limitId]));
  }

  #heard(payload: string): void {
    this.refresh().then(() => this.#onChange(payload === RESYNC ? 'all' : new Set([payload]))).catch((error: Error) => this.#log.warn({ reason: error.message }, 'the limits could not be read'));
  }

  async #read(): Promise<void> {
    const executor = this.#database.unscoped('the directory holds the limits of every organisation');
    const { rows } = await sql<Row>`select id, organisation_id, scope_kind, scope_id, successors, subject_kind, subject, metric, amount
      from limits where removed_at is null order by created_at, id`.execute(executor);
    const byOrganisation = new Map<string, Limit[]>();
    for (const limit of rows.map(fromRow)) {
      const known = byOrganisation.get(limit.organisationId);
      if (known === undefined) byOrganisation.set(limit.organisationId, [limit]);
      else known.push(limit);
    }
    this.#byOrganisation = byOrganisation;
    this.version += 1;
  }
}

function fromRow(row: Row): Limit {
  return {
    id: row.id, organisationId: row.organisation_id, scopeKind: row.scope_kind, scopeId: row.scope_id, successors: row.successors,
    subjectKind: row.subject_kind, subject: row.subject, metric: row.metric, amount: BigInt(row.amount),
  };
}
