import type { Logger } from '../../base/index.ts';
import { RESYNC, type Database, type Executor } from '../../db/index.ts';
import type { Holding, ScopeKind } from './subject.ts';

export interface LiveRowsOptions<L extends Holding> {
  readonly database: Pick<Database, 'unscoped' | 'listen'>;
  readonly log: Logger;
  /** Where changes are announced: the row's id. */
  readonly channel: string;
  /** All rows there are, of every organisation. */
  readonly read: (executor: Executor) => Promise<readonly L[]>;
  /** An amount was changed or a row is gone: its slices go back. */
  readonly onChange: (ids: ReadonlySet<string> | 'all') => Promise<void>;
}

const NONE: readonly never[] = [];

/** Every limit, or every budget, in memory, by the scope it holds. Kept fresh by notifications that are sent with each change. */
export class LiveRows<L extends Holding> {
  readonly #options: LiveRowsOptions<L>;
  #byScope = new Map<string, L[]>();
  #ids: ReadonlySet<string> = new Set();
  #unlisten: (() => Promise<void>) | undefined;
  #reading: Promise<void> = Promise.resolve();
  /** Counts readings, so that what was derived from the rows knows when it is old. */
  version = 0;

  constructor(options: LiveRowsOptions<L>) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { database, channel } = this.#options;
    this.#unlisten = await database.listen(channel, (payload) => this.#heard(payload));
    await this.refresh();
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
    await this.#reading;
  }

  /** Reads all rows again. Readings follow each other, so the last one asked for is the last to be seen. */
  refresh(): Promise<void> {
    const next = this.#reading.catch(() => {}).then(() => this.#read());
    this.#reading = next.catch(() => {});
    return next;
  }

  /** Of all rows there are. */
  ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** The rows of one scope, in the order in which they were made. */
  of(organisationId: string, kind: ScopeKind, id: string): readonly L[] {
    return this.#byScope.get(`${organisationId} ${kind} ${id}`) ?? NONE;
  }

  /** Brings a committed change into force in this process now. The others hear of it. */
  async changed(id: string): Promise<void> {
    await this.refresh();
    await this.#options.onChange(new Set([id]));
  }

  #heard(payload: string): void {
    const { log, channel, onChange } = this.#options;
    this.refresh().then(() => onChange(payload === RESYNC ? 'all' : new Set([payload]))).catch((error: Error) => log.warn({ reason: error.message }, `the ${channel} could not be read`));
  }

  async #read(): Promise<void> {
    const { database, channel, read } = this.#options;
    const rows = await read(database.unscoped(`every process knows the ${channel} of every organisation`));
    const byScope = new Map<string, L[]>();
    for (const row of rows) {
      for (const id of [row.scopeId, ...row.successors]) {
        const scope = `${row.organisationId} ${row.scopeKind} ${id}`;
        const known = byScope.get(scope);
        if (known === undefined) byScope.set(scope, [row]);
        else known.push(row);
      }
    }
    this.#byScope = byScope;
    this.#ids = new Set(rows.map(({ id }) => id));
    this.version += 1;
  }
}
