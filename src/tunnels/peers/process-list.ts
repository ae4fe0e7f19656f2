import type { Clock } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';

export interface ProcessAddress {
  readonly host: string;
  readonly port: number;
}

export interface ProcessListOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** This process. */
  readonly process: string;
}

/** A process says every five seconds that it is there. */
const GONE_MS = 20_000;
const FORGET_MS = 600_000;

/** The processes of one server that agents connect to, as rows that each keeps fresh. */
export class ProcessList {
  readonly #options: ProcessListOptions;
  #own: ProcessAddress | undefined;
  /** Other processes that were seen lately, and where they are reached. */
  live: ReadonlyMap<string, ProcessAddress> = new Map();

  constructor(options: ProcessListOptions) {
    this.#options = options;
  }

  async add(address: ProcessAddress): Promise<void> {
    this.#own = address;
    await this.seen();
  }

  /** Says that this process is there, also after its row was lost or it was stopped for long. */
  async seen(): Promise<void> {
    if (this.#own === undefined) return;
    const { process, clock } = this.#options;
    const row = { ...this.#own, seen_at: new Date(clock.nowMs()) };
    await this.#rows().insertInto('server_processes').values({ id: process, ...row }).onConflict((conflict) => conflict.column('id').doUpdateSet(row)).execute();
    await this.#rows().deleteFrom('server_processes').where('seen_at', '<', new Date(clock.nowMs() - FORGET_MS)).execute();
  }

  async remove(): Promise<void> {
    if (this.#own === undefined) return;
    this.#own = undefined;
    await this.#rows().deleteFrom('server_processes').where('id', '=', this.#options.process).execute();
  }

  async look(): Promise<void> {
    const { process, clock } = this.#options;
    const rows = await this.#rows().selectFrom('server_processes').select(['id', 'host', 'port']).where('id', '!=', process).where('seen_at', '>', new Date(clock.nowMs() - GONE_MS)).execute();
    this.live = new Map(rows.map(({ id, host, port }) => [id, { host, port }]));
  }

  #rows() {
    return this.#options.database.unscoped('processes of this server belong to no organisation');
  }
}
