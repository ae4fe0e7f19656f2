import { TandemError, type Clock, type LeavingSignal, type Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { Principal } from '../ports.ts';
import type { Catalogue } from '../registry/catalogue.ts';
import type { Alias } from '../registry/target.ts';

export interface ColdStartOptions {
  readonly database: Pick<Database, 'scoped'>;
  readonly catalogue: Pick<Catalogue, 'registry' | 'onLoad'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The database is told once in so long that calls wait: the first is what counts. */
const TELL_MS = 5_000;
/** Where no start is known yet. */
const UNKNOWN_START_S = 60;

/** Calls to names that no machine serves just now. They have a replica started, and wait for it or are told when to come back. */
export class ColdStarts {
  readonly #options: ColdStartOptions;
  readonly #toldMs = new Map<string, number>();

  constructor(options: ColdStartOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the name as it is once a replica answers; null: the client has left.
   * @throws TandemError serving_cold where calls do not wait, or when it took longer than the name's deadline for a first token.
   */
  async ready(caller: Pick<Principal, 'organisationId' | 'allowedModels'>, alias: Alias, signal: LeavingSignal): Promise<Alias | null> {
    this.#tell(alias);
    const { cold, coldStartMs } = alias.serving!;
    if (cold === 'refuse') throw this.#cold(alias, coldStartMs === null ? 'its first start has begun' : `its start has begun and usually takes ${Math.ceil(coldStartMs / 1_000)} s`);
    const { catalogue, clock } = this.#options;
    const over = new AbortController();
    const left = (): void => over.abort(new Error('the client left'));
    signal.addEventListener('abort', left);
    const changed = Promise.withResolvers<Alias>();
    const unlisten = catalogue.onLoad(() => {
      const now = this.#find(caller, alias.name);
      if (now === undefined || now.serving?.ready !== false) changed.resolve(now ?? alias);
    });
    try {
      const late = clock.sleep(alias.limits.deadlines.firstTokenMs, over.signal).then(() => 'late' as const, () => 'left' as const);
      const came = await Promise.race([changed.promise, late]);
      if (came === 'left') return null;
      if (came === 'late') throw this.#cold(alias, `it did not start within ${Math.round(alias.limits.deadlines.firstTokenMs / 1_000)} s`);
      return came;
    } finally {
      unlisten();
      over.abort(new Error('it is over'));
      signal.removeEventListener('abort', left);
    }
  }

  #find(caller: Pick<Principal, 'organisationId' | 'allowedModels'>, name: string): Alias | undefined {
    try {
      return this.#options.catalogue.registry.find(caller, name);
    } catch {
      // Its serving was stopped meanwhile: the call goes on and is told so.
      return undefined;
    }
  }

  #tell({ organisationId, serving }: Alias): void {
    const { database, clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    const { id } = serving!;
    if (nowMs - (this.#toldMs.get(id) ?? Number.NEGATIVE_INFINITY) < TELL_MS) return;
    this.#toldMs.set(id, nowMs);
    database.scoped(organisationId).updateTable('servings').set({ called_at: new Date(clock.nowMs()) }).where('id', '=', id).execute()
      .catch((error: Error) => log.warn({ serving: id, reason: error.message }, 'a call that found no replica could not be told of'));
  }

  #cold({ name, serving }: Alias, reason: string): TandemError {
    const seconds = serving!.coldStartMs === null ? UNKNOWN_START_S : Math.max(1, Math.ceil(serving!.coldStartMs / 1_000));
    return new TandemError('serving_cold', { params: { model: name, reason }, retryAfterSeconds: seconds });
  }
}
