import { silentLogger, systemClock } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { Hedges } from '../run/hedges.ts';
import { answerCall } from '../answer-call.ts';
import { countTokens, type CountInput, type TokenCount } from '../count/count-tokens.ts';
import { Deadlines } from '../deadlines.ts';
import { BACKEND_DIALECTS } from '../dialects/dialects.ts';
import { FakeEngine } from '../local/fake-engine.ts';
import { MediaFetcher } from '../media/media-fetcher.ts';
import type { DialectIn } from '../neutral/parts.ts';
import type { Principal } from '../ports.ts';
import { Registry } from '../registry/registry.ts';
import { DEFAULT_LIMITS, DIALECT_OF, NO_LIMITS, PLAIN_TARGET, type Alias, type Backend, type BackendKind, type Target } from '../registry/target.ts';
import { RemoteBackend } from '../remote/remote-backend.ts';
import type { ReplySink } from '../reply-sink.ts';
import { Router } from '../routing/router.ts';
import type { CallInput } from '../run/call.ts';
import { FakeBackend } from './fake-backend.ts';
import { ALL_SPARE } from './all-spare.ts';
import { FakeLedger } from './fake-ledger.ts';

const LOOPBACK = readEgressPolicy({ allow: ['127.0.0.0/8'] });
const ORGANISATION = '01900000-0000-7000-8000-000000000001';
const EVERYTHING = { organisationId: ORGANISATION, allowedModels: null };

/**
 * The real call path on real sockets, with a backend of each kind that is asked for. STAND-INS: the ledger, the engine's process, and the
 * model servers, which say what a test scripts. An alias has the name of its backend's kind:
 * `openai-compatible`; `in-order` leads to all of them, one after the other.
 */
export class SeveralBackends {
  readonly ledger = new FakeLedger();
  /** Whether every project pays for attempts that did not deliver. */
  paysAttempts = false;
  readonly engine = new FakeEngine();
  readonly #servers = new Map<BackendKind, FakeBackend>();
  readonly #remotes: RemoteBackend[] = [];
  readonly #media = new MediaFetcher({ policy: LOOPBACK, clock: systemClock });
  readonly #tools = {
    ledger: this.ledger, registry: new Registry(), engine: this.engine, clock: systemClock, log: silentLogger, deadlines: new Deadlines(systemClock),
    router: new Router({ clock: systemClock, random: () => 0.5, prices: this.ledger.priceBook }), media: this.#media,
    hedges: new Hedges(), paysAttempts: () => this.paysAttempts, files: { open: () => Promise.reject(new Error('nothing is kept here')) }, spare: ALL_SPARE,
    awake: (): Promise<never> => Promise.reject(new Error('nothing sleeps here')),
  };

  async start(kinds: readonly Exclude<BackendKind, 'local'>[]): Promise<void> {
    await this.engine.start();
    const backends: Backend[] = [{ id: 'local', name: 'local', kind: 'local', organisationId: ORGANISATION, url: null, options: {}, hasKey: false, enabled: true, from: 'built-in', createdAtMs: 0, connections: [], remote: null }];
    for (const kind of kinds) backends.push(await this.#backend(kind));
    this.#tools.registry.replace({ operatorId: ORGANISATION, backends, aliases: [...backends.map((backend) => alias(backend.kind, [backend])), alias('in-order', backends.filter(({ remote }) => remote))] });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#remotes.map((remote) => remote.destroy()));
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
    await this.#media.close();
    await this.engine.stop();
  }

  /** The stand-in of this kind. */
  server(kind: BackendKind): FakeBackend {
    const server = this.#servers.get(kind);
    if (!server) throw new Error(`there is no backend of the kind ${kind}`);
    return server;
  }

  call(dialect: DialectIn, input: CallInput, sink: ReplySink): Promise<void> {
    return answerCall(dialect, input, sink, this.#tools);
  }

  countTokens(input: CountInput): Promise<TokenCount> {
    return countTokens(input, this.#tools);
  }

  aliases(): Alias[] {
    return this.#tools.registry.visible(EVERYTHING satisfies Pick<Principal, 'organisationId' | 'allowedModels'>);
  }

  async #backend(kind: Exclude<BackendKind, 'local'>): Promise<Backend> {
    const server = new FakeBackend();
    this.#servers.set(kind, server);
    const url = await server.start();
    const dialect = DIALECT_OF[kind];
    if (!isSpoken(dialect)) throw new Error(`no backend speaks ${dialect}`);
    const remote = new RemoteBackend({ id: kind, name: kind, url, key: 'sk-backend-secret', policy: LOOPBACK, connectTimeoutMs: 2_000, clock: systemClock, dialect });
    this.#remotes.push(remote);
    return {
      id: kind, name: kind, kind, organisationId: ORGANISATION, url, options: {}, hasKey: true, enabled: true, from: 'api', createdAtMs: 0, remote,
      connections: [{ id: kind, label: 'default', version: '', limits: NO_LIMITS, remote }],
    };
  }
}

function isSpoken(dialect: string): dialect is keyof typeof BACKEND_DIALECTS {
  return dialect in BACKEND_DIALECTS;
}

function alias(name: string, backends: readonly Backend[]): Alias {
  const targets = backends.map((backend, order): Target => ({
    ...PLAIN_TARGET, alias: name, organisationId: ORGANISATION, backend, backendModel: `model-of-${backend.kind}`, contextTokens: null, maxOutputTokens: 4000, capField: 'max_tokens', order, createdAtMs: 0,
  }));
  return { name, organisationId: ORGANISATION, goal: 'order', regions: [], targets, from: 'api', createdAtMs: 0, limits: DEFAULT_LIMITS };
}
