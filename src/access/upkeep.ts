import { sql } from 'kysely';
import type { Clock, Logger } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Directory } from './directory.ts';

const EVERY_MS = 60_000;
/** Ended sessions and used links are kept a day for whoever looks into them, then deleted. */
const KEEP_MS = 86_400_000;

/** Work beside the requests: once a minute the times of last use are written, and what has long ended is deleted. */
export class Upkeep {
  readonly #database: Database;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(database: Database, directory: Directory, clock: Clock, log: Logger) {
    this.#database = database;
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Writes what is left and stops. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('access stops'));
    await this.#loop;
    await this.#attempt('last use of keys', () => this.writeUses());
  }

  /** One statement for all keys used since the last time; none when there are none. */
  async writeUses(): Promise<void> {
    const uses = this.#directory.takeUses().sort((a, b) => (a.id < b.id ? -1 : 1));
    if (uses.length === 0) return;
    const ids = uses.map((use) => use.id);
    const times = uses.map((use) => new Date(use.atMs));
    await sql`
      update api_keys set last_used_at = used.at
      from unnest(${ids}::uuid[], ${times}::timestamptz[]) as used (id, at)
      where api_keys.id = used.id and (api_keys.last_used_at is null or api_keys.last_used_at < used.at)
    `.execute(this.#database.unscoped('times of use of all organisations, in one statement'));
  }

  async deleteEnded(): Promise<void> {
    const before = new Date(this.#clock.nowMs() - KEEP_MS);
    const db = this.#database.unscoped('what has ended is deleted in all organisations');
    await db.deleteFrom('sessions').where('expires_at', '<', before).execute();
    await db.deleteFrom('sign_in_links').where('expires_at', '<', before).execute();
    await db.deleteFrom('oidc_sign_ins').where('expires_at', '<', before).execute();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#attempt('ended sessions', () => this.deleteEnded());
      await this.#clock.sleep(EVERY_MS, signal).catch(() => {});
      if (!signal.aborted) await this.#attempt('last use of keys', () => this.writeUses());
    }
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.warn({ what, reason: error instanceof Error ? error.message : String(error) }, 'upkeep of access failed; it is tried again in a minute');
    }
  }
}
