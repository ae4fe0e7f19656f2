import { sql } from 'kysely';
import { TandemError, type Clock, type Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { ScreenMode } from './tickets.ts';

/** Somebody who is about to look. */
export interface Viewer {
  readonly organisationId: string;
  readonly leaseId: string;
  readonly actor: string;
  /** How others are told of them. */
  readonly label: string;
  readonly mode: ScreenMode;
}

const RENEW_MS = 5_000;
/** A row that was not renewed for so long is one of a process that died, or of somebody whose network did not come back. */
const GONE_MS = 20_000;

/**
 * Who looks at which lease's screen, whichever process of the server they reached: a row each, renewed while they look. Times are the database's
 * own, so that processes whose clocks differ agree.
 */
export class Viewers {
  readonly #options: { readonly database: Database; readonly clock: Clock; readonly log: Logger; readonly newId: () => string };
  readonly #own = new Set<string>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: { readonly database: Database; readonly clock: Clock; readonly log: Logger; readonly newId: () => string }) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#renew();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the server is stopping'));
    await this.#loop;
    await Promise.all([...this.#own].map((id) => this.leave(id)));
  }

  /**
   * Lets somebody look. Who is not the first needs an invitation of one who looks: nobody is watched without a say. Who was let in only to
   * look cannot say more than that, for themselves or for another; who let somebody in may come back while they look.
   * @param givenBy the actor who made their ticket. @returns what `leave` takes. @throws TandemError screen_in_use.
   */
  async enter({ organisationId, leaseId, actor, label, mode }: Viewer, givenBy: string): Promise<string> {
    const { database, newId } = this.#options;
    const id = newId();
    await database.transaction(async (tx) => {
      // Of two that come at once, one is the first.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`viewers ${leaseId}`}, 0))`.execute(tx);
      const own = database.scoped(organisationId, tx);
      await own.deleteFrom('lease_viewers').where('lease_id', '=', leaseId).where('seen_at', '<', sql<Date>`clock_timestamp() - make_interval(secs => ${GONE_MS / 1_000})`).execute();
      const present = await own.selectFrom('lease_viewers').select(['actor_id', 'label', 'mode', 'given_by']).where('lease_id', '=', leaseId).execute();
      const other = present.find(({ actor_id }) => actor_id !== actor);
      const says = present.find((one) => one.actor_id === givenBy && (mode === 'view' || one.mode === 'control' || one.given_by === one.actor_id));
      const isBack = present.some(({ given_by }) => given_by === actor);
      if (other && !says && !isBack) throw new TandemError('screen_in_use', { params: { name: other.label } });
      // A second opening of one's own is by the same say as the first.
      const given_by = other === undefined || isBack ? actor : givenBy === actor ? (says?.given_by ?? null) : givenBy;
      await own.insertInto('lease_viewers', { id, lease_id: leaseId, actor_id: actor, label, mode, given_by, seen_at: sql<Date>`clock_timestamp()` as unknown as Date }).execute();
    });
    this.#own.add(id);
    return id;
  }

  /** Somebody's connection was lost: for as long as a process that died, they have not left, and nobody else finds the screen free. */
  lose(id: string): void {
    this.#own.delete(id);
  }

  async leave(id: string): Promise<void> {
    const { database, log } = this.#options;
    this.#own.delete(id);
    await database.unscoped('a viewer of this process has left').deleteFrom('lease_viewers').where('id', '=', id).execute().catch((error: Error) => log.warn({ reason: error.message }, 'that somebody no longer looks could not be written'));
  }

  async #renew(): Promise<void> {
    const { database, clock, log } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(RENEW_MS, this.#stopping.signal).catch(() => {});
      if (this.#own.size === 0 || this.#stopping.signal.aborted) continue;
      await database.unscoped('viewers of this process look still').updateTable('lease_viewers').set({ seen_at: sql<Date>`clock_timestamp()` as unknown as Date }).where('id', 'in', [...this.#own]).execute()
        .catch((error: Error) => log.warn({ reason: error.message }, 'that somebody looks could not be written'));
    }
  }
}
