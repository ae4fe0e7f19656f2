import { silentLogger, systemClock, type Clock } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { answerCall } from '../answer-call.ts';
import { DEFAULT_DEADLINES, Deadlines, type DeadlineLimits } from '../deadlines.ts';
import type { LocalEngine } from '../local/index.ts';
import type { DialectIn } from '../neutral/parts.ts';
import type { Principal } from '../ports.ts';
import { Registry } from '../registry/registry.ts';
import { DEFAULT_LIMITS, NO_LIMITS, PLAIN_TARGET, type Alias, type Backend, type CallLimits, type Connection, type Target } from '../registry/target.ts';
import { RemoteBackend, type RemoteOptions } from '../remote/remote-backend.ts';
import type { ReplySink } from '../reply-sink.ts';
import { Router } from '../routing/router.ts';
import { Hedges } from '../run/hedges.ts';
import type { CallInput } from '../run/call.ts';
import { ALL_SPARE } from './all-spare.ts';
import { FakeLedger } from './fake-ledger.ts';
import { MemorySink } from './memory-sink.ts';

const ORGANISATION = '01900000-0000-7000-8000-000000000001';
export const CALL_ID = '01900000-0000-7000-8000-0000000000ff';
export const BACKEND_KEY = 'sk-backend-secret';
const LOOPBACK = readEgressPolicy({ allow: ['127.0.0.0/8'] });

const PRINCIPAL: Principal = {
  organisationId: ORGANISATION, projectId: '01900000-0000-7000-8000-000000000002', keyId: '01900000-0000-7000-8000-000000000003',
  actor: { kind: 'key', id: '01900000-0000-7000-8000-000000000003', label: 'test' }, role: 'developer', allowedModels: null,
  tier: 'standard', currency: 'USD', ofOperator: true, sessionId: null, expiresAtMs: null,
};

interface Given {
  readonly url: string;
  readonly speaks?: RemoteOptions['dialect'];
  readonly region?: string;
  /** Keys of its backend, instead of the one. */
  readonly keys?: readonly string[];
}

interface HouseOptions extends Given {
  /** Further targets of `team/big`, tried in this order after the first. */
  readonly others?: readonly Given[];
  /** Which regions go first. */
  readonly regions?: readonly string[];
  readonly clock?: Clock;
  readonly limits?: Partial<DeadlineLimits>;
  readonly calls?: Partial<CallLimits>;
  readonly engine?: LocalEngine;
  readonly target?: Partial<Target>;
}

/** A registry, a fake ledger and one real backend connection, without http and database. */
export class TestHouse {
  readonly ledger = new FakeLedger();
  readonly registry = new Registry();
  readonly router: Router;
  readonly hedges = new Hedges();
  /** Whether every project pays for attempts that did not deliver. */
  paysAttempts = false;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly engine: LocalEngine | null;
  readonly remote: RemoteBackend;

  constructor(options: HouseOptions) {
    this.clock = options.clock ?? systemClock;
    this.deadlines = new Deadlines(this.clock);
    this.router = new Router({ clock: this.clock, random: () => 0.5, prices: this.ledger.priceBook });
    this.engine = options.engine ?? null;
    const alias = (name: string, targets: readonly Target[]): Alias => ({
      name, organisationId: ORGANISATION, goal: 'order', regions: options.regions ?? [], targets, from: 'api', createdAtMs: 0,
      limits: { ...DEFAULT_LIMITS, ...options.calls, deadlines: { ...DEFAULT_DEADLINES, ...options.limits } },
    });
    const given: readonly Given[] = [options, ...(options.others ?? [])];
    const backends = given.map((one, at) => this.#backend(one, at));
    this.remote = backends[0]!.remote!;
    const local: Backend = { ...backends[0]!, id: '01900000-0000-8000-8000-0000000000cc', name: 'local', kind: 'local', url: null, hasKey: false, from: 'built-in', connections: [], remote: null };
    const targets = backends.map((backend, order): Target => ({
      ...PLAIN_TARGET, alias: 'team/big', organisationId: ORGANISATION, backend, backendModel: 'meta/big-70b', contextTokens: null, maxOutputTokens: 1000, capField: 'max_tokens', createdAtMs: 0, ...options.target, order: options.regions ? 0 : order, region: given[order]!.region ?? null,
    }));
    const own: Target = { ...targets[0]!, alias: 'tandem/local', backend: local, backendModel: 'smollm2', contextTokens: 2048 };
    this.registry.replace({ operatorId: ORGANISATION, backends: [...backends, local], aliases: [alias('team/big', targets), alias('tandem/local', [own])] });
  }

  async close(): Promise<void> {
    await Promise.all(this.registry.all().flatMap(({ connections }) => connections.map(({ remote }) => remote?.destroy())));
  }

  /** `gpu`, `gpu-2`, `gpu-3` … */
  #backend({ url, speaks, keys = [BACKEND_KEY] }: Given, at: number): Backend {
    const id = `01900000-0000-8000-8000-00000000000${(11 + at).toString(16)}`;
    const name = at === 0 ? 'gpu' : `gpu-${at + 1}`;
    const connections = keys.map((key, place): Connection => ({
      id: place === 0 ? id : `${id}-${place}`, label: place === 0 ? 'default' : `key-${place + 1}`, version: '', limits: NO_LIMITS,
      remote: new RemoteBackend({ id, name, url, key, policy: LOOPBACK, connectTimeoutMs: 2_000, clock: this.clock, ...(speaks && { dialect: speaks }) }),
    }));
    return {
      id, name, kind: 'openai-compatible', organisationId: ORGANISATION, url, options: {}, hasKey: true, enabled: true, from: 'api', createdAtMs: 0,
      connections, remote: connections[0]!.remote,
    };
  }

  chat(body: unknown, options: Partial<Omit<CallInput, 'body'>> & { sink?: ReplySink; dialect?: DialectIn } = {}): Promise<void> {
    const { sink = new MemorySink(), dialect = 'chat', ...input } = options;
    return answerCall(
      dialect, { principal: PRINCIPAL, body, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: CALL_ID, ...input }, sink,
      { ledger: this.ledger, registry: this.registry, engine: this.engine, clock: this.clock, log: silentLogger, deadlines: this.deadlines, router: this.router, media: NO_MEDIA, files: NO_FILES, hedges: this.hedges, paysAttempts: () => this.paysAttempts, spare: ALL_SPARE, awake: NOTHING_SLEEPS },
    );
  }
}

const NOTHING_SLEEPS = (): Promise<never> => Promise.reject(new Error('no name of this house is served from the fleet'));
const NO_FILES = { open: () => Promise.reject(new Error('this house keeps nothing')) };
const NO_MEDIA = { fetch: () => Promise.reject(new Error('this house fetches nothing')) };

export const ask = (more: Record<string, unknown> = {}): Record<string, unknown> => ({ model: 'team/big', messages: [{ role: 'user', content: 'Say hello' }], ...more });
