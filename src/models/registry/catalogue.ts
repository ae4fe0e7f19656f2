import { TandemError, isTandemError, type Clock, type Logger, type SecretBox } from '../../base/index.ts';
import type { EgressPolicy, Resolve } from '../../base/egress/index.ts';
import type { Database } from '../../db/index.ts';
import { RemoteBackend } from '../remote/remote-backend.ts';
import type { RouteStates } from '../routing/states.ts';
import { fixedId, type OperatorFile } from './operator-file.ts';
import { Registry } from './registry.ts';
import { DEFAULT_LIMITS, NO_LIMITS, PLAIN_TARGET, type Alias, type Backend, type Connection, type Target } from './target.ts';

/** Told at commit of every change of a backend or an alias. */
export const CHANNEL = 'models';
const LOCAL_ALIAS = 'tandem/local';

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
  /** By the backend's id; `signature` tells whether url or key changed. */
  #remotes = new Map<string, { readonly signature: string; readonly remote: RemoteBackend }>();
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
    const { database, file, clock } = this.#options;
    const db = database.unscoped('the registry serves every organisation of this process');
    const [backendRows, aliasRows] = await Promise.all([
      db.selectFrom('backends').selectAll().orderBy('created_at').orderBy('id').execute(),
      db.selectFrom('model_aliases').selectAll().execute(),
    ]);
    const operatorId = this.#options.operator();
    const limits = { ...DEFAULT_LIMITS, deadlines: file.deadlines };
    const kept = this.#remotes;
    this.#remotes = new Map();
    const connect = (id: string, name: string, url: string, key: string | null): RemoteBackend => {
      const signature = JSON.stringify([name, url, key]);
      const known = kept.get(id);
      if (known?.signature === signature) kept.delete(id);
      const entry = known?.signature === signature ? known : {
        signature, remote: new RemoteBackend({
          id, name, url, key, policy: this.#options.policy, connectTimeoutMs: file.deadlines.connectMs, clock, ...(this.#options.resolve && { resolve: this.#options.resolve }),
        }),
      };
      this.#remotes.set(id, entry);
      return entry.remote;
    };

    const backends: Backend[] = [];
    const aliases: Alias[] = [];
    if (operatorId !== null) this.#addOperators(operatorId, connect, backends, aliases);
    for (const row of backendRows) {
      const key = this.#openKey(row.id, row.sealed_key);
      const remote = key === undefined ? null : connect(row.id, row.name, row.url, key);
      backends.push({
        id: row.id, name: row.name, kind: 'openai-compatible', organisationId: row.organisation_id, url: row.url, options: {}, hasKey: row.sealed_key !== null, enabled: row.enabled,
        from: 'api', createdAtMs: row.created_at.getTime(), connections: [only(row.id, row.sealed_key !== null, remote)], remote,
      });
    }
    const byId = new Map(backends.map((backend) => [backend.id, backend]));
    for (const row of aliasRows) {
      const backend = byId.get(row.backend_id);
      // An alias of a backend that left the operator's file leads nowhere: it is not shown until the backend is back.
      if (!backend) continue;
      aliases.push(lone({
        ...PLAIN_TARGET, alias: row.name, organisationId: row.organisation_id, backend, backendModel: row.backend_model, contextTokens: row.context_tokens,
        maxOutputTokens: row.max_output_tokens, capField: 'max_tokens', createdAtMs: row.created_at.getTime(),
      }, 'api', limits));
    }
    this.registry.replace({ operatorId, backends, aliases });
    this.#options.states.keepOnly(aliases, backends);
    for (const { remote } of kept.values()) void remote.close();
  }

  #addOperators(operatorId: string, connect: (id: string, name: string, url: string, key: string | null) => RemoteBackend, backends: Backend[], aliases: Alias[]): void {
    const { file, local } = this.#options;
    const limits = { ...DEFAULT_LIMITS, deadlines: file.deadlines };
    const common = { organisationId: operatorId, enabled: true, createdAtMs: this.#startedMs };
    const engine: Backend = { ...common, id: fixedId('built-in:local'), name: 'local', kind: 'local', url: null, options: {}, hasKey: false, from: 'built-in', connections: [], remote: null };
    backends.push(engine);
    aliases.push(lone({
      ...PLAIN_TARGET, alias: LOCAL_ALIAS, organisationId: operatorId, backend: engine, backendModel: local.model, contextTokens: local.contextTokens, maxOutputTokens: local.contextTokens,
      capField: 'max_tokens', createdAtMs: this.#startedMs,
    }, 'built-in', limits));
    for (const given of file.backends) {
      const remote = connect(given.id, given.name, given.url, given.key);
      const backend: Backend = {
        ...common, id: given.id, name: given.name, kind: 'openai-compatible', url: given.url, options: {}, hasKey: given.key !== null, from: 'config',
        connections: [only(given.id, given.key !== null, remote)], remote,
      };
      backends.push(backend);
      for (const model of given.models) {
        aliases.push(lone({
          ...PLAIN_TARGET, alias: model.alias, organisationId: operatorId, backend, backendModel: model.model, contextTokens: model.contextTokens, maxOutputTokens: model.maxOutputTokens,
          capField: model.outputLimitField, createdAtMs: this.#startedMs,
        }, 'config', limits));
      }
    }
  }

  /** `undefined` when the key cannot be opened: the backend is shown as unavailable, and the others work on. */
  #openKey(id: string, sealed: Buffer | null): string | null | undefined {
    if (sealed === null) return null;
    try {
      return this.#options.secrets.open(sealed, keyContext(id)).toString();
    } catch (error) {
      const reason = error instanceof TandemError ? error.message : 'unknown';
      this.#options.log.error({ backend: id, reason }, 'the key of a backend cannot be opened');
      return undefined;
    }
  }
}

function only(id: string, hasKey: boolean, remote: RemoteBackend | null): Connection {
  return { id, label: hasKey ? 'default' : '', version: '', limits: NO_LIMITS, remote };
}

function lone(target: Target, from: Alias['from'], limits: Alias['limits']): Alias {
  return { name: target.alias, organisationId: target.organisationId, goal: 'weights', regions: [], targets: [target], limits, from, createdAtMs: target.createdAtMs };
}
