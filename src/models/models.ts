import { dirname, basename } from 'node:path';
import { createIdSource, openSecretBox, systemRandom, type Clock, type Config, type Logger } from '../base/index.ts';
import { readEgressPolicy, systemResolve, type Resolve } from '../base/egress/index.ts';
import { RESYNC, type Database } from '../db/index.ts';
import { answerCall, answerIn, type CallTools } from './answer-call.ts';
import { BatchStore, BatchWorker, Batches, LineRunner, type AnswerLine } from './batches/index.ts';
import { ContentStore, PURGED_CHANNEL, purgeProject, type ContentTotal } from './content/index.ts';
import { countTokens, type CountInput, type TokenCount } from './count/count-tokens.ts';
import { Configuration } from './config/configuration.ts';
import type { ConfigRooms } from './config/state.ts';
import { Deadlines } from './deadlines.ts';
import { CallStore } from './idempotency/call-store.ts';
import { CALLER_DIALECTS } from './dialects/dialects.ts';
import { ActiveHooks, HookCaller, HookedCalls, HookedReplies, HookFigures, Hooks, type Question } from './hooks/index.ts';
import { IdempotentCalls } from './idempotency/idempotent-calls.ts';
import { CachedCalls } from './reply-cache/cached-calls.ts';
import { Contributions } from './contributions/contributions.ts';
import { TrainingExport } from './contributions/training-export.ts';
import { Feedback } from './feedback/feedback.ts';
import { Files } from './files/index.ts';
import { DEFAULT_MODEL, engineLimits, type LocalEngine } from './local/index.ts';
import { MediaFetcher } from './media/media-fetcher.ts';
import type { DialectIn } from './neutral/parts.ts';
import type { AccessPort, LedgerPort, Principal } from './ports.ts';
import { Aliases } from './registry/aliases.ts';
import { Backends } from './registry/backends.ts';
import { Catalogue } from './registry/catalogue.ts';
import { readOperatorFile } from './registry/operator-file.ts';
import type { Backend, BackendKind } from './registry/target.ts';
import { healthOf } from './registry/tools.ts';
import type { StatusView } from './registry/status.ts';
import { backendView, type BackendView } from './registry/views.ts';
import type { ReplySink } from './reply-sink.ts';
import { isObject } from './request/json.ts';
import { Responses, observedCaller } from './responses/index.ts';
import { Router, type RouteFigures } from './routing/router.ts';
import { Hedges } from './run/hedges.ts';
import { Serving, type ServingOptions } from './serving/serving.ts';
import { Spare } from './spare.ts';
import { unbilled } from './unbilled.ts';
import type { CallInput } from './run/call.ts';

export interface ModelsOptions {
  readonly access: AccessPort;
  readonly ledger: LedgerPort;
  readonly database: Database;
  readonly config: Pick<Config, 'file' | 'configFile' | 'secretFile' | 'localModel'> & Partial<Pick<Config, 'flexParallel'>>;
  readonly log: Logger;
  readonly clock: Clock;
  /** Null: there is no local model; `tandem/local` answers 503 with the next step. */
  readonly engine: LocalEngine | null;
  /** The operator's organisation, whose aliases everybody sees; null before it is made. */
  readonly operator: () => string | null;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly resolve?: Resolve;
}

/** Routes that lines of a batch may name, and what is spoken there. */
const BATCH_ROUTES = [['/v1/chat/completions', 'chat'], ['/v1/responses', 'responses'], ['/v1/messages', 'messages'], ['/v1/embeddings', 'embeddings']] as const;
/** As the setting's default has it. */
const FLEX_PARALLEL = 8;

/** One entry of `GET /v1/models`, in OpenAI's form. */
export interface ListedModel {
  readonly id: string;
  readonly object: 'model';
  /** Unix seconds. */
  readonly created: number;
  readonly owned_by: string;
}

/** A name that a caller may use, with what its first target is said to take; null: not known. */
export interface ModelEntry {
  readonly id: string;
  readonly createdAtMs: number;
  readonly ownedBy: string;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
}

/** How much is kept of one project for one function. */
export interface KeptView extends ContentTotal {
  readonly projectName: string | null;
}

const PROVIDERS: Readonly<Record<BackendKind, string>> = {
  local: 'tandem', 'openai-compatible': 'openai', 'openai-responses': 'openai', anthropic: 'anthropic', gemini: 'gcp.gemini', bedrock: 'aws.bedrock',
};

/** The model API behind its routes: routing, backends, streaming and metering. */
export class Models {
  readonly aliases: Aliases;
  readonly backends: Backends;
  /** All of it as a file. */
  readonly configuration: Configuration;
  #configRooms: ConfigRooms | undefined;
  /** What callers asked to be kept: see `content/`. */
  readonly content: ContentStore;
  readonly files: Files;
  readonly batches: Batches;
  readonly responses: Responses;
  readonly feedback: Feedback;
  /** What consenting projects give. */
  readonly contributions: Contributions;
  readonly training: TrainingExport;
  /** What is asked about calls. */
  readonly hooks: Hooks;
  readonly #answer: (dialect: DialectIn, input: CallInput, sink: ReplySink) => Promise<void>;
  readonly #cached: CachedCalls;
  readonly #activeHooks: ActiveHooks;
  readonly #hookFigures: HookFigures;
  readonly #hookCaller: HookCaller;
  readonly #database: Database;
  #unlisten: (() => Promise<void>) | undefined;
  readonly #batchWorker: BatchWorker;
  readonly #catalogue: Catalogue;
  readonly #media: MediaFetcher;
  readonly #tools: CallTools;
  readonly #purge: (principal: Principal, projectId: string, name: string) => Promise<{ removed: number }>;
  readonly #directory: AccessPort['directory'];
  readonly #operator: () => string | null;
  readonly #calls: CallStore;
  readonly #idempotent: IdempotentCalls;
  readonly #healthOf: (backend: Backend) => ReturnType<typeof healthOf>;
  readonly #servingTools: Omit<ServingOptions, 'fleet' | 'files' | 'calls' | 'noteCosts'>;
  #serving: Serving | undefined;

  /** @throws TandemError setting_invalid for the operator's file, secret_file_invalid. */
  constructor(options: ModelsOptions) {
    const { access, ledger, database, config, log, clock, engine } = options;
    this.#directory = access.directory;
    this.#operator = options.operator;
    this.#database = database;
    const policy = readEgressPolicy(config.file['egress']);
    const file = readOperatorFile({ content: config.file, folder: dirname(config.configFile), env: options.env ?? process.env, policy });
    const secrets = openSecretBox(config.secretFile);
    const resolve = options.resolve ?? systemResolve;
    const newId = createIdSource(() => clock.nowMs());
    const model = config.localModel === 'default' || config.localModel === 'off' ? DEFAULT_MODEL.name : basename(config.localModel, '.gguf');
    const router = new Router({ clock, random: systemRandom, prices: ledger.priceBook, place: () => ledger.place() });
    this.#healthOf = (backend) => healthOf(backend, engine);
    this.#catalogue = new Catalogue({
      database, secrets, file, policy, clock, log, operator: options.operator, resolve, states: router.states,
      local: { model, contextTokens: engineLimits().contextTokens }, served: async (...asked) => (await this.#serving?.names(...asked)) ?? { backends: [], aliases: [] },
    });
    this.#servingTools = { database, clock, log, newId, access, catalogue: this.#catalogue, limits: file.limits };
    const tools = { database, access, prices: ledger.priceBook, catalogue: this.#catalogue, secrets, policy, resolve, clock, newId, states: router.states, healthOf: this.#healthOf };
    this.aliases = new Aliases(tools);
    this.backends = new Backends(tools);
    this.configuration = new Configuration({
      rooms: () => {
        if (!this.#configRooms) throw new Error('the rooms of the configuration were not told');
        return this.#configRooms;
      },
      catalogue: this.#catalogue, secrets, limits: file.limits, backends: this.backends, aliases: this.aliases, log,
      sealedKey: async (organisationId, keyId) => (await database.scoped(organisationId).selectFrom('backend_keys').select('sealed_key').where('id', '=', keyId).executeTakeFirst())?.sealed_key,
    });
    this.content = new ContentStore({ database, secrets, access, clock });
    this.files = new Files({ store: this.content, access, clock, newId });
    this.#purge = (...call) => purgeProject({ database, clock, access, store: this.content }, ...call);
    const spare = new Spare({ registry: this.#catalogue.registry, engine, states: router.states, clock, parallel: config.flexParallel ?? FLEX_PARALLEL });
    this.#media = new MediaFetcher({ policy, clock, resolve });
    this.#tools = { spare, files: this.files, ledger, registry: this.#catalogue.registry, engine, clock, log, deadlines: new Deadlines(clock), router, media: this.#media, hedges: new Hedges(), paysAttempts: (projectId) => access.directory.project(projectId)?.paysAttempts != null, awake: (...asked) => this.#awake(...asked) };
    this.#calls = new CallStore({ database, secrets, content: this.content, clock, log, owner: newId() });
    this.#activeHooks = new ActiveHooks({ database, secrets, log });
    this.#hookCaller = new HookCaller({ policy, clock, resolve });
    this.hooks = new Hooks({ database, secrets, access, clock, policy, resolve, newId, active: this.#activeHooks, caller: this.#hookCaller });
    this.#hookFigures = new HookFigures({ database, clock, log, newId });
    const hooking = {
      active: this.#activeHooks, caller: this.#hookCaller,
      notes: { asked: (question: Question) => this.#hookFigures.note(question), annotated: (...noted: Parameters<LedgerPort['sight']['noteAnnotations']>) => ledger.sight.noteAnnotations(...noted) },
    };
    const hooked = new HookedCalls(hooking);
    const replies = new HookedReplies(hooking);
    const responding = (by: CallTools) => new Responses({
      enter: (call, sink) => hooked.enter('responses', call, sink),
      content: this.content, database, directory: access.directory, newId, owner: newId(), clock, log,
      answer: (observed, input, sink) => replies.around('responses', input, sink, (to) => answerIn(observedCaller(observed), input, to, by)),
      contributing: (answer) => this.contributions.keeping(answer),
      demandModel: (principal, name) => void this.#catalogue.registry.find(principal, name),
    });
    this.responses = responding(this.#tools);
    this.#idempotent = new IdempotentCalls({ store: this.#calls, answer: (...call) => this.#answer(...call), clock, log, staleForMs: () => database.staleForMs() });
    this.feedback = new Feedback({ database, access, ledger, store: this.content, clock, newId });
    this.contributions = new Contributions({ database, access, store: this.content, clock, log });
    this.training = new TrainingExport({ database, access, store: this.content });
    const cached = new CachedCalls({ access, ledger, registry: this.#catalogue.registry, clock, hooks: this.#activeHooks, content: this.content });
    this.#cached = cached;
    // Responses may be kept and gone on from; calls in other dialects keep nothing.
    // Hooks stand first and last: what they took out of a request or a reply is neither answered from memory, kept nor sent on.
    const kept = (responses: Responses, by: CallTools) => {
      const answer = (dialect: DialectIn, input: CallInput, sink: ReplySink) => (dialect === 'responses' ? responses.create(input, sink) : replies.around(dialect, input, sink, (to) => answerCall(dialect, input, to, by)));
      const keeping = this.contributions.keeping(answer);
      return (dialect: DialectIn, input: CallInput, sink: ReplySink) => {
        // The reply to a call in the background is that it waits: what is contributed is the answer that comes later.
        const waits = dialect === 'responses' && isObject(input.body) && input.body['background'] === true;
        return (waits ? answer : keeping)(dialect, input, sink);
      };
    };
    this.#answer = hooked.hooking(cached.caching(kept(this.responses, this.#tools)));
    const freeTools = { ...this.#tools, ledger: unbilled(ledger), paysAttempts: () => false };
    const answerFree = hooked.hooking(kept(responding(freeTools), freeTools));
    const answers: Readonly<Record<string, AnswerLine>> = Object.fromEntries(BATCH_ROUTES.filter(([, dialect]) => this.speaks(dialect)).map(([path, dialect]): [string, AnswerLine] => [
      path, (input, sink, free) => (free ? answerFree : this.#answer)(dialect, input, sink),
    ]));
    const batchStore = new BatchStore({ database, secrets, clock, newId, owner: ledger.epochId });
    const runner = new LineRunner({ store: batchStore, access, clock, log, answers, spare: (...call) => spare.wait(...call) });
    this.#batchWorker = new BatchWorker({ database, store: batchStore, content: this.content, ledger, runner, clock, log, newId });
    this.batches = new Batches({ database, secrets, access, store: this.content, files: this.files, clock, newId, endpoints: Object.keys(answers), wake: () => this.#batchWorker.wake() });
  }

  /** Told by `start`: what a configuration changes beside this room. */
  useConfigRooms(rooms: ConfigRooms): void {
    this.#configRooms = rooms;
  }

  /** Told by `start`, once machines can be reached: models can be served from them. Reads the names anew. */
  async useFleet(told: Pick<ServingOptions, 'fleet' | 'files' | 'calls' | 'noteCosts'>): Promise<void> {
    this.#serving = new Serving({ ...this.#servingTools, ...told });
    await this.#catalogue.reload();
  }

  /** Models served from the fleet. @throws Error before `useFleet`. */
  get servings(): Serving['servings'] {
    return this.#served.servings;
  }

  /** Looks after all of them once: periodic, by one process at a time. */
  keepServings(signal: AbortSignal): Promise<void> {
    return this.#served.keep(signal);
  }

  /** Splits what their machines cost over tokens: periodic, by one process at a time. */
  settleServings(signal: AbortSignal): Promise<void> {
    return this.#served.settle(signal);
  }

  /** What an organisation's machines cost for a call; null: it was served by none of them. */
  async machineShare(...asked: Parameters<Serving['machineShare']>): ReturnType<Serving['machineShare']> {
    return (await this.#serving?.machineShare(...asked)) ?? null;
  }

  get #served(): Serving {
    if (!this.#serving) throw new Error('the fleet was not told');
    return this.#serving;
  }

  #awake(...asked: Parameters<CallTools['awake']>): ReturnType<CallTools['awake']> {
    return this.#served.coldStarts.ready(...asked);
  }

  /** Reads the registry and listens for changes. After the first organisation is made. */
  async start(): Promise<void> {
    await this.#catalogue.start();
    await this.#activeHooks.start();
    await this.#calls.start();
    await this.#batchWorker.start();
    this.#unlisten = await this.#database.listen(PURGED_CHANNEL, (projectId) => this.#cached.drop(projectId === RESYNC ? undefined : projectId));
    await this.responses.start();
  }

  /** Lets running calls end, then closes the connections to backends. The engine is its maker's to stop. */
  async stop(): Promise<void> {
    await this.#batchWorker.stop();
    await this.responses.stop();
    await this.contributions.settled();
    await this.#unlisten?.();
    await this.#activeHooks.stop();
    await this.#hookCaller.close();
    await this.#hookFigures.written();
    await this.#catalogue.stop();
    await this.#serving?.settled();
    await this.#media.close();
    await this.#calls.stop();
  }

  /** Whether callers can speak this dialect here. */
  speaks(dialect: DialectIn): boolean {
    return CALLER_DIALECTS[dialect] !== undefined;
  }

  /**
   * Answers one call in its caller's dialect. What is thrown comes before the reply has begun; later errors are told inside the reply.
   * @throws TandemError
   */
  call(dialect: DialectIn, input: CallInput, sink: ReplySink): Promise<void> {
    const call = this.#inProject(input);
    const { idempotencyKey } = input;
    if (idempotencyKey === null) return this.#answer(dialect, call, sink);
    this.content.demandKept(call.principal, 'An Idempotency-Key');
    return this.#idempotent.call(dialect, call, idempotencyKey, sink);
  }

  /** How many tokens a prompt in Anthropic's dialect has. Nothing is held or charged. @throws TandemError */
  countTokens(input: CountInput): Promise<TokenCount> {
    return countTokens(this.#inProject(input), this.#tools);
  }

  /** A caller of the whole organisation spends in its first project and from its budget, so that every line of a bill has one. */
  #inProject<I extends Pick<CallInput, 'principal'>>(input: I): I {
    const { principal } = input;
    return principal.projectId === null ? { ...input, principal: { ...principal, projectId: this.#directory.projectFor(principal) } } : input;
  }

  /** What this caller may use, for whatever form a list of models has. */
  entries(principal: Principal): ModelEntry[] {
    return this.#catalogue.registry.visible(principal).map(({ name, createdAtMs, targets: [first] }) => ({
      id: name, createdAtMs, ownedBy: first!.backend.name, contextTokens: first!.contextTokens, maxOutputTokens: first!.maxOutputTokens,
    }));
  }

  /** `GET /v1/models`: what this caller may use. */
  list(principal: Principal): { readonly object: 'list'; readonly data: readonly ListedModel[] } {
    return {
      object: 'list',
      data: this.entries(principal).map(({ id, createdAtMs, ownedBy }) => ({ id, object: 'model', created: Math.floor(createdAtMs / 1000), owned_by: ownedBy })),
    };
  }

  /** `GET /v1/status`: how the models that this caller may call are doing. */
  status(principal: Principal): StatusView {
    return this.aliases.status(principal);
  }

  /** How much content is kept, by project and function. */
  async kept(principal: Principal): Promise<{ items: KeptView[]; nextCursor: null }> {
    return { items: (await this.content.totals(principal)).map((total) => ({ ...total, projectName: this.#directory.project(total.projectId)?.name ?? null })), nextCursor: null };
  }

  /** Removes all content of a project; its usage and bills stay. The name is a safeguard. */
  purge(principal: Principal, projectId: string, name: string): Promise<{ removed: number }> {
    return this.#purge(principal, projectId, name);
  }

  /** True when this name leads to a backend of the organisation's own. */
  isOwn(organisationId: string, name: string): boolean {
    return this.#catalogue.registry.isOwn(organisationId, name);
  }

  /** True when callers of this organisation may name a model so. */
  isName(organisationId: string, name: string): boolean {
    return this.#catalogue.registry.visible({ organisationId, allowedModels: null }).some((alias) => alias.name === name);
  }

  /** Who is behind a backend, by OpenTelemetry's names (`gen_ai.provider.name`): what it speaks; `tandem` for the local engine. */
  providerName(id: string): string {
    const kind = this.#catalogue.registry.backend(id)?.kind;
    return kind === undefined ? 'unknown' : PROVIDERS[kind];
  }

  /** A backend's name as its owner gave it; null where it is gone. */
  backendName(id: string): string | null {
    return this.#catalogue.registry.backend(id)?.name ?? null;
  }

  /** How each target and key is doing in this process, for Prometheus. Of the operator's own names and backends: others' would not be bounded. */
  routeFigures(): RouteFigures {
    const operator = this.#operator();
    const { registry } = this.#catalogue;
    return this.#tools.router.figures([...registry.everyAlias()].filter(({ organisationId }) => organisationId === operator), registry.all().filter(({ organisationId }) => organisationId === operator));
  }

  /** Every backend of this process with how it is doing, for readiness and the doctor. No addresses, no keys. */
  health(): BackendView[] {
    return this.#catalogue.registry.all().map((backend) => backendView(backend, this.#healthOf(backend), false));
  }
}

/** Makes the room. Nothing is read from the database before `start`. */
export function createModels(options: ModelsOptions): Models {
  return new Models(options);
}
