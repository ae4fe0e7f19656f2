import type { Selectable } from 'kysely';
import { TandemError, isTandemError, type Clock, type Logger, type SecretBox } from '../../base/index.ts';
import type { EgressPolicy, Resolve } from '../../base/egress/index.ts';
import type { Database, Executor, Schema } from '../../db/index.ts';
import { RemoteBackend } from '../remote/remote-backend.ts';
import type { RouteStates } from '../routing/states.ts';
import { buildOperators, buildRows, type Connect, type ConnectionWish } from './build.ts';
import type { OperatorFile } from './operator-file.ts';
import { Registry } from './registry.ts';
import { DIALECT_OF, type Alias, type Backend } from './target.ts';

/** Told at commit of every change of a backend or an alias. */
export const CHANNEL = 'models';

export interface CatalogueOptions {
  readonly database: Pick<Database, 'unscoped' | 'listen'>;
  readonly secrets: SecretBox;
  readonly file: OperatorFile;
  readonly policy: EgressPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  /** The operator's organisation: the first one. Asked at each load, since it is made before the first. */
  readonly operator: () => string | null;
  readonly local: { readonly model: string; readonly contextTokens: number };
  readonly resolve?: Resolve;
  /** Told what there still is. */
  readonly states: Pick<RouteStates, 'keepOnly'>;
  /** Names whose targets are replicas in the fleet; absent: there are none. */
  readonly served?: (db: Executor, connect: Connect) => Promise<{ readonly backends: readonly Backend[]; readonly aliases: readonly Alias[] }>;
}

/** A connection; `signature` tells whether something of it changed. */
interface Kept {
  readonly signature: string;
  readonly remote: RemoteBackend;
}

/** What still runs after this at the end is cut. */
const CLOSE_MS = 5_000;

/** The context that a backend's key is sealed under. */
export const keyContext = (backendId: string): string => `backends:${backendId}`;

/**
 * Builds the registry from the local engine, the operator's file and the database's rows, and builds it anew when
 * another process has changed them. Connections to a backend that did not change are kept.
 */
export class Catalogue {
  readonly registry = new Registry();
  readonly #options: CatalogueOptions;
  readonly #startedMs: number;
  /** By the key's id, or the backend's where it has no key. */
  #remotes = new Map<string, Kept>();
  readonly #listeners = new Set<() => void>();
  #loading: Promise<void> | undefined;
  #again = false;
  #unlisten: (() => Promise<void>) | undefined;

  constructor(options: CatalogueOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.database.listen(CHANNEL, () => {
      this.reload().catch((error: unknown) => this.#options.log.error({ code: isTandemError(error) ? error.code : 'internal' }, 'the models could not be read again'));
    });
    await this.reload();
  }

  /** Lets running replies end, within bounds, and closes every connection. */
  async stop(): Promise<void> {
    await this.#unlisten?.();
    const remotes = [...this.#remotes.values()].map(({ remote }) => remote);
    this.#remotes.clear();
    const closed = new AbortController();
    const late = this.#options.clock.sleep(CLOSE_MS, closed.signal).then(() => Promise.all(remotes.map((remote) => remote.destroy())), () => {});
    await Promise.all(remotes.map((remote) => remote.close()));
    closed.abort(new Error('all connections are closed'));
    await late;
  }

  /** Resolves when what is in the database now is in force here. */
  async reload(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return this.#loading;
    }
    this.#loading = (async () => {
      do {
        this.#again = false;
        await this.#load();
      } while (this.#again);
    })();
    try {
      await this.#loading;
    } finally {
      this.#loading = undefined;
    }
  }

  async #load(): Promise<void> {
    const { database, file, local } = this.#options;
    const db = database.unscoped('the registry serves every organisation of this process');
    // One snapshot: a name and its targets are changed in one transaction and must be seen so.
    const rows = await db.transaction().setIsolationLevel('repeatable read').execute(async (tx) => ({
      backends: await tx.selectFrom('backends').select(['id', 'organisation_id', 'name', 'url', 'kind', 'options', 'enabled', 'created_at', 'updated_at']).orderBy('created_at').orderBy('id').execute(),
      keys: await tx.selectFrom('backend_keys').selectAll().orderBy('created_at').orderBy('id').execute(),
      aliases: await tx.selectFrom('model_aliases').select(['organisation_id', 'name', 'goal', 'regions', 'limits', 'created_at']).execute(),
      targets: await tx.selectFrom('model_targets').selectAll().orderBy('position').execute(),
    }));
    const operatorId = this.#options.operator();
    const kept = this.#remotes;
    this.#remotes = new Map();
    const connect = (wish: ConnectionWish) => this.#connect(wish, kept);
    const own = operatorId === null ? { backends: [], aliases: [] } : buildOperators({ organisationId: operatorId, file, local, startedMs: this.#startedMs }, connect);
    const made = buildRows(rows, own.backends, file.limits, connect, (row) => this.#openKey(row));
    const served = (await this.#options.served?.(db, connect)) ?? { backends: [], aliases: [] };
    const [backends, aliases] = [[...own.backends, ...made.backends, ...served.backends], [...own.aliases, ...made.aliases, ...served.aliases]];
    this.registry.replace({ operatorId, backends, aliases });
    this.#options.states.keepOnly(aliases, backends);
    for (const { remote } of kept.values()) void remote.close();
    for (const listener of this.#listeners) listener();
  }

  /** Told after each load. The returned function ends the listening. */
  onLoad(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The connection that was, where nothing of it changed. */
  #connect({ id, backend, url, key, dial }: ConnectionWish, kept: Map<string, Kept>): RemoteBackend {
    const { policy, file, clock, resolve } = this.#options;
    const signature = JSON.stringify([backend.name, backend.kind, backend.options, url, key]);
    const known = kept.get(id);
    if (known?.signature === signature) {
      kept.delete(id);
      this.#remotes.set(id, known);
      return known.remote;
    }
    const dialect = DIALECT_OF[backend.kind];
    const remote = new RemoteBackend({
      id: backend.id, name: backend.name, url, key, ...(dialect !== 'local' && { dialect }), settings: backend.options, policy, connectTimeoutMs: file.limits.deadlines.connectMs, clock, ...(resolve && { resolve }), ...(dial && { dial }),
    });
    this.#remotes.set(id, { signature, remote });
    return remote;
  }

  /** `undefined` when the key cannot be opened: it is shown as unavailable, and the others work on. */
  #openKey({ id, backend_id, label, sealed_key }: Selectable<Schema['backend_keys']>): string | undefined {
    try {
      return this.#options.secrets.open(sealed_key, keyContext(backend_id)).toString();
    } catch (error) {
      const reason = error instanceof TandemError ? error.message : 'unknown';
      this.#options.log.error({ backend: backend_id, key: id, label, reason }, 'the key of a backend cannot be opened');
      return undefined;
    }
  }
}
