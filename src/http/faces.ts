import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LeavingSignal, TandemError } from '../base/index.ts';
import type { Principal } from '../access/index.ts';
import type { LimitFigures } from '../ledger/index.ts';
import type { Executor } from '../db/index.ts';
import type { BodyOf, QueryOf, ReplyOf } from './api/handle.ts';
import type { routes } from './contract/index.ts';

/**
 * What this room asks of `ledger`, `models` and `start`: only the parts of their faces that routes use, in the
 * contract's own forms, so that a face that drifts from the contract does not compile.
 */
type Routes = typeof routes;
type Reply<K extends keyof Routes> = Promise<ReplyOf<Routes[K]>>;
type Body<K extends keyof Routes> = BodyOf<Routes[K]>;
type Query<K extends keyof Routes> = QueryOf<Routes[K]>;
type Now<T> = T | Promise<T>;

/** A key's own budget as its row shows it. */
export interface KeyBudget {
  readonly id: string;
  readonly amount: string;
  readonly spent: string;
  readonly period: 'day' | 'month' | 'total';
}

export interface LedgerDoor {
  readonly prices: {
    list(principal: Principal, query: Query<'priceList'>): Now<ReplyOf<Routes['priceList']>>;
    create(principal: Principal, body: Body<'priceCreate'>): Reply<'priceCreate'>;
    import(principal: Principal, body: Body<'priceImport'>): Reply<'priceImport'>;
  };
  readonly budgets: {
    list(principal: Principal): Reply<'budgetList'>;
    /** In a transaction of the caller's when one is given. */
    create(principal: Principal, body: Body<'budgetCreate'>, tx?: Executor): Reply<'budgetCreate'>;
    update(principal: Principal, id: string, body: Body<'budgetUpdate'>): Reply<'budgetUpdate'>;
    remove(principal: Principal, id: string): Promise<void>;
    /** The budgets of keys, by the key's id. */
    ofKeys(organisationId: string, keyIds: readonly string[]): Promise<ReadonlyMap<string, KeyBudget>>;
  };
  readonly usage: {
    list(principal: Principal, query: Query<'usageList'>): Reply<'usageList'>;
    show(principal: Principal, id: string): Reply<'usageShow'>;
    record(principal: Principal, events: Body<'usageRecord'>['events']): Reply<'usageRecord'>;
    export(principal: Principal, query: Query<'usageExport'>): ReplyOf<Routes['usageExport']>;
  };
  readonly bill: {
    show(principal: Principal, query: Query<'billShow'>): Reply<'billShow'>;
    verify(principal: Principal): Reply<'billVerify'>;
  };
  readonly invoices: {
    list(principal: Principal): Reply<'invoiceList'>;
    show(principal: Principal, id: string): Reply<'invoiceShow'>;
    close(principal: Principal, body: Body<'invoiceClose'>): Reply<'invoiceClose'>;
    adjust(principal: Principal, invoiceId: string, body: Body<'adjustmentCreate'>): Reply<'adjustmentCreate'>;
  };
  readonly credits: {
    list(principal: Principal): Reply<'creditList'>;
    create(principal: Principal, body: Body<'creditCreate'>): Reply<'creditCreate'>;
  };
  readonly limits: {
    list(principal: Principal): Reply<'limitList'>;
    create(principal: Principal, body: Body<'limitCreate'>): Reply<'limitCreate'>;
    update(principal: Principal, id: string, body: Body<'limitUpdate'>): Reply<'limitUpdate'>;
    remove(principal: Principal, id: string): Promise<void>;
  };
  readonly feeds: {
    list(principal: Principal): Reply<'feedList'>;
    create(principal: Principal, body: Body<'feedCreate'>): Reply<'feedCreate'>;
    update(principal: Principal, id: string, body: Body<'feedUpdate'>): Reply<'feedUpdate'>;
    rotate(principal: Principal, id: string): Reply<'feedRotate'>;
    remove(principal: Principal, id: string): Promise<void>;
  };
  readonly webhooks: {
    readonly endpoints: {
      list(principal: Principal): Reply<'webhookList'>;
      create(principal: Principal, body: Body<'webhookCreate'>): Reply<'webhookCreate'>;
      rotate(principal: Principal, id: string): Reply<'webhookRotate'>;
      remove(principal: Principal, id: string): Promise<void>;
      deliveries(principal: Principal, id: string): Reply<'webhookDeliveries'>;
    };
  };
  readonly sight: {
    requests(principal: Principal, query: Query<'requestList'>): Reply<'requestList'>;
    request(principal: Principal, id: string): Reply<'requestShow'>;
    errors(principal: Principal, query: Query<'requestErrors'>): Reply<'requestErrors'>;
    latency(principal: Principal, query: Query<'latencyShow'>): Reply<'latencyShow'>;
    spend(principal: Principal, query: Query<'spendShow'>): Reply<'spendShow'>;
    /** A call of the model API was answered with an error: kept as metadata, off the call's path. */
    noteError(call: CallError): void;
  };
  overview(principal: Principal): Promise<Omit<ReplyOf<Routes['overview']>, 'health'>>;
  status(): LedgerStatus;
}

/** A call that was answered with an error. */
export interface CallError {
  /** The request's id. */
  readonly id: string;
  /** Null: the caller is not known. */
  readonly principal: Pick<Principal, 'organisationId' | 'projectId' | 'keyId'> | null;
  readonly model: string | null;
  readonly dialect: string;
  readonly error: TandemError;
}

export interface LedgerStatus {
  readonly unsyncedAgeMs: number;
  readonly backlogRecords: number;
  readonly backlogBytes: number;
  /** Why new calls are not admitted at the moment; null when they are. */
  readonly refusing: string | null;
}

/** Where a reply is written: see the `models` room. */
export interface ReplySink {
  readonly started: boolean;
  limits?(figures: LimitFigures): void;
  head(status: number, headers: Readonly<Record<string, string>>): void;
  write(chunk: string | Uint8Array): boolean;
  drained(): Promise<void>;
  end(chunk?: string | Uint8Array): void;
}

/** What callers speak: see the `models` room. */
export type CallerDialect = 'chat' | 'responses' | 'messages' | 'embeddings';

export interface ModelCall {
  readonly principal: Principal;
  /** The parsed JSON body. */
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  readonly idempotencyKey: string | null;
  readonly receipt: boolean;
  /** Aborts when the client has left. */
  readonly signal: LeavingSignal;
  readonly requestId: string;
}

/** OpenAI's file object; the `models` room makes it. */
export interface FileShown {
  readonly id: string;
  readonly bytes: number;
  /** Unix seconds. */
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly filename: string;
}

export interface FilePage {
  readonly data: readonly FileShown[];
  readonly has_more: boolean;
}

/** A file that comes in, piece by piece. */
export interface IncomingFile {
  write(chunk: Uint8Array): Promise<void>;
  finish(filename: string, fields: ReadonlyMap<string, string>): Promise<FileShown>;
  abort(): Promise<void>;
}

export interface FilesDoor {
  begin(principal: Principal): Promise<IncomingFile>;
  list(principal: Principal, query: { readonly after?: string | undefined; readonly limit: number; readonly order: 'asc' | 'desc'; readonly purpose?: string | undefined }): Promise<FilePage>;
  show(principal: Principal, id: string): Promise<FileShown>;
  open(principal: Principal, id: string): Promise<{ readonly file: FileShown; readonly pieces: AsyncIterable<Buffer> }>;
  remove(principal: Principal, id: string): Promise<unknown>;
}

/** What is said of replies. */
export interface FeedbackDoor {
  give(principal: Principal, body: unknown, signal: AbortSignal): Promise<unknown>;
}

/** OpenAI's batch objects; the `models` room makes them. */
export interface BatchesDoor {
  create(principal: Principal, body: unknown): Promise<unknown>;
  list(principal: Principal, query: { readonly after?: string | undefined; readonly limit: number }): Promise<unknown>;
  show(principal: Principal, id: string): Promise<unknown>;
  cancel(principal: Principal, id: string): Promise<unknown>;
}

/** What one connection remembers of its responses; the `models` room makes it. */
export interface ResponseSession {
  forget(id: string): void;
}

/** Responses that are kept, in OpenAI's form; the `models` room makes them. */
export interface ResponsesDoor {
  compact(call: ModelCall, sink: ReplySink): Promise<void>;
  /** What one connection remembers between its turns. */
  session(): ResponseSession;
  turn(call: ModelCall, sink: ReplySink, session: ResponseSession): Promise<void>;
  retrieve(principal: Principal, id: string, include: readonly string[]): Promise<object>;
  stream(principal: Principal, id: string, startingAfter: number | null, sink: ReplySink, signal: AbortSignal): Promise<void>;
  inputItems(principal: Principal, id: string, query: { readonly limit: number; readonly order: 'asc' | 'desc'; readonly after: string | null; readonly include: readonly string[] }): Promise<object>;
  delete(principal: Principal, id: string): Promise<object>;
  cancel(principal: Principal, id: string): Promise<object>;
}

/** A name that the caller may use. Null: not known. */
export interface ModelEntry {
  readonly id: string;
  readonly createdAtMs: number;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
}

/** What the model API needs of `models`. */
export interface ModelApi {
  /** Whether callers can speak this dialect. */
  speaks(dialect: CallerDialect): boolean;
  call(dialect: CallerDialect, call: ModelCall, sink: ReplySink): Promise<void>;
  /** How many tokens a prompt has, and who counted them. */
  countTokens(call: Pick<ModelCall, 'principal' | 'body' | 'headers' | 'signal' | 'requestId'>): Promise<{ readonly tokens: number; readonly counted: 'tokenizer' | 'backend' | 'estimate'; readonly limits: LimitFigures | null }>;
  list(principal: Principal): { readonly object: 'list'; readonly data: readonly { readonly id: string }[] };
  /** The same in no dialect's form. */
  entries(principal: Principal): readonly ModelEntry[];
  /** How each of them is doing. */
  status(principal: Principal): { readonly object: 'status' };
  readonly files: FilesDoor;
  readonly batches: BatchesDoor;
  readonly responses: ResponsesDoor;
  readonly feedback: FeedbackDoor;
}

export interface ModelsDoor extends ModelApi {
  readonly feedback: FeedbackDoor & { summary(principal: Principal, query: Query<'feedbackSummary'>): Reply<'feedbackSummary'> };
  readonly training: { page(principal: Principal, query: Query<'feedbackExport'>): Reply<'feedbackExport'> };
  /** How targets and keys are doing in this process, for Prometheus. */
  routeFigures(): { readonly targets: readonly { readonly backend: string; readonly model: string; readonly breaker: 'closed' | 'half-open' | 'open'; readonly running: number }[]; readonly keys: readonly { readonly backend: string; readonly key: string; readonly state: string }[] };
  readonly hooks: {
    list(principal: Principal): Reply<'hookList'>;
    create(principal: Principal, body: Body<'hookCreate'>): Reply<'hookCreate'>;
    update(principal: Principal, id: string, body: Body<'hookUpdate'>): Reply<'hookUpdate'>;
    rotate(principal: Principal, id: string): Reply<'hookRotate'>;
    test(principal: Principal, id: string): Reply<'hookTest'>;
    failures(principal: Principal, id: string): Reply<'hookFailures'>;
    remove(principal: Principal, id: string): Promise<void>;
  };
  /** Calls of consenting projects; `losses` are of this process, for Prometheus. */
  readonly contributions: { figures(principal: Principal, projectId: string): Reply<'contributionShow'>; readonly losses: { readonly all: Readonly<Record<string, number>> } };
  kept(principal: Principal): Reply<'contentList'>;
  purge(principal: Principal, projectId: string, name: string): Reply<'contentPurge'>;
  readonly configuration: {
    show(principal: Principal): Reply<'configShow'>;
    plan(principal: Principal, config: unknown): Reply<'configPlan'>;
    apply(principal: Principal, config: unknown, fingerprint: string): Reply<'configApply'>;
  };
  readonly servings: {
    list(principal: Principal): Reply<'servingList'>;
    create(principal: Principal, body: Body<'servingCreate'>): Reply<'servingCreate'>;
    show(principal: Principal, id: string): Reply<'servingShow'>;
    output(principal: Principal, id: string, replica: number | undefined): Reply<'servingOutput'>;
    scale(principal: Principal, id: string, body: Body<'servingScale'>): Reply<'servingScale'>;
    stop(principal: Principal, id: string): Reply<'servingStop'>;
  };
  readonly aliases: {
    list(principal: Principal): Now<ReplyOf<Routes['modelList']>>;
    show(principal: Principal, name: string): Now<ReplyOf<Routes['modelShow']>>;
    create(principal: Principal, body: Body<'modelCreate'>): Reply<'modelCreate'>;
    update(principal: Principal, name: string, body: Body<'modelUpdate'>): Reply<'modelUpdate'>;
    remove(principal: Principal, name: string): Promise<void>;
  };
  readonly backends: {
    list(principal: Principal): Now<ReplyOf<Routes['backendList']>>;
    create(principal: Principal, body: Body<'backendCreate'>): Reply<'backendCreate'>;
    update(principal: Principal, id: string, body: Body<'backendUpdate'>): Reply<'backendUpdate'>;
    remove(principal: Principal, id: string): Promise<void>;
    setKey(principal: Principal, id: string, label: string, change: Omit<Body<'backendKeyCreate'>, 'label'>): Reply<'backendKeyCreate'>;
    removeKey(principal: Principal, id: string, label: string): Promise<void>;
    check(principal: Principal, id: string): Reply<'backendCheck'>;
  };
}

/** A lease's wish with its start as a number. */
type Wish<K extends 'leaseQuote' | 'leaseCreate'> = Omit<Body<K>, 'startsAt'> & { readonly startsAtMs: number | null };

/** An order with its ceiling as a number and its end as a time. */
type Ordered<K extends 'orderCreate' | 'orderSeveral' | 'orderAdopt'> = Omit<Body<K>, 'ceiling' | 'neededUntil'> & { readonly ceiling: bigint; readonly neededUntil: Date | null };

/** What routes need of `fleet`. */
export interface FleetDoor {
  readonly nodes: {
    list(principal: Principal): Reply<'nodeList'>;
    show(principal: Principal, id: string): Reply<'nodeShow'>;
    approve(principal: Principal, id: string): Reply<'nodeApprove'>;
    wish(principal: Principal, id: string, body: Body<'nodeWish'>): Reply<'nodeWish'>;
    remove(principal: Principal, id: string): Promise<void>;
    doctor(principal: Principal, id: string): Reply<'nodeDoctor'>;
  };
  readonly enrolments: { create(principal: Principal, body: Body<'nodeAdd'>): Reply<'nodeAdd'> };
  releaseNode(principal: Principal, id: string, reason: string): Reply<'nodeRelease'>;
  readonly volumes: {
    contents(principal: Principal, leaseId: string): Reply<'leaseContents'>;
    keep(principal: Principal, leaseId: string, body: Body<'leaseKeep'>): Reply<'leaseKeep'>;
    letGo(principal: Principal, leaseId: string): Promise<void>;
    list(principal: Principal): Reply<'volumeList'>;
    extend(principal: Principal, id: string, body: Body<'volumeExtend'>): Reply<'volumeExtend'>;
    remove(principal: Principal, id: string): Promise<void>;
  };
  readonly wipes: {
    ofLease(principal: Principal, id: string): Reply<'wipeOfLease'>;
    ofNode(principal: Principal, id: string, query: Query<'wipeOfNode'>): Reply<'wipeOfNode'>;
    keys(): Reply<'wipeKeys'>;
  };
  readonly pools: {
    list(principal: Principal): Reply<'poolList'>;
    create(principal: Principal, body: Body<'poolCreate'>): Reply<'poolCreate'>;
    update(principal: Principal, id: string, body: Body<'poolUpdate'>): Reply<'poolUpdate'>;
    remove(principal: Principal, id: string): Promise<void>;
  };
  readonly operatorMinutes: { show(principal: Principal, month: string | null): Reply<'operatorMinutes'> };
  readonly quotas: {
    list(principal: Principal): Reply<'quotaList'>;
    set(principal: Principal, body: Body<'quotaSet'>): Reply<'quotaSet'>;
    remove(principal: Principal, id: string): Promise<void>;
  };
  readonly leases: {
    quote(principal: Principal, wish: Wish<'leaseQuote'>): Reply<'leaseQuote'>;
    create(principal: Principal, wish: Wish<'leaseCreate'>): Reply<'leaseCreate'>;
    list(principal: Principal, query: Query<'leaseList'>): Reply<'leaseList'>;
    show(principal: Principal, id: string): Reply<'leaseShow'>;
    extend(principal: Principal, id: string, body: Body<'leaseExtend'>): Reply<'leaseExtend'>;
    handOver(principal: Principal, id: string, body: Body<'leaseHandOver'>): Reply<'leaseHandOver'>;
    end(principal: Principal, id: string): Reply<'leaseEnd'>;
    logs(principal: Principal, id: string, query: Query<'leaseLogs'>): Reply<'leaseLogs'>;
  };
  readonly providers: {
    readonly orders: {
      providers(principal: Principal): Reply<'providerList'>;
      check(principal: Principal, name: string): Reply<'providerCheck'>;
      orphans(principal: Principal): Reply<'orphanList'>;
      list(principal: Principal): Reply<'orderList'>;
      create(principal: Principal, wish: Ordered<'orderCreate'>): Reply<'orderCreate'>;
      createSeveral(principal: Principal, wish: Omit<Ordered<'orderSeveral'>, 'allWithinMinutes'> & { readonly allWithinMs: number | null }): Reply<'orderSeveral'>;
      planGpus(principal: Principal, wish: Body<'orderPlan'>): Reply<'orderPlan'>;
      adopt(principal: Principal, wish: Ordered<'orderAdopt'>): Reply<'orderAdopt'>;
      show(principal: Principal, id: string): Reply<'orderShow'>;
      release(principal: Principal, id: string, neededUntil: Date | null): Reply<'orderRelease'>;
      reinstall(principal: Principal, id: string): Reply<'orderReinstall'>;
      enter(principal: Principal, id: string): Reply<'orderEnter'>;
    };
  };
}

/** What routes need of `tunnels`: the way into leases. */
export interface GatewayDoor {
  pass(principal: Principal, leaseId: string, publicKey: string): Reply<'leaseSsh'>;
  /** A stream to the lease's sshd. */
  enter(principal: Principal, leaseId: string, resume?: 'new' | 'again'): Promise<Duplex>;
}

/** Who looks at which lease's screen. */
export interface ScreensDoor {
  ticket(principal: Principal, leaseId: string, mode: Body<'leaseTicket'>['mode'], forActor: string | null): Reply<'leaseTicket'>;
  /** Uses a ticket up. `join` lets a browser in, which says when it has ended whether it was `lost`; the stream ends with the lease. */
  open(principal: Principal, leaseId: string, ticket: string): Promise<{ readonly stream: Duplex; join(browser: Duplex, lost: () => boolean): Promise<void> }>;
}

/** What a terminal tells whoever has it open. */
export interface TerminalEvents {
  begun(facts: { readonly resumed: boolean; readonly recorded: boolean }): void;
  shown(bytes: Buffer): void;
  ended(code: number | null): void;
  closed(): void;
  drained(): void;
}

export interface OpenTerminal {
  /** False: no more until it has drained. */
  type(bytes: Buffer): boolean;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  hold(on: boolean): void;
  close(): void;
}

/** Terminals in leases. */
export interface TerminalsDoor {
  ticket(principal: Principal, leaseId: string, forActor: string | null): Reply<'leaseTicket'>;
  /** Uses a ticket up. */
  admit(principal: Principal, leaseId: string, ticket: string): Promise<void>;
  open(principal: Principal, leaseId: string, wish: { readonly terminal: string | null; readonly columns: number; readonly rows: number }, events: TerminalEvents): Promise<{ readonly id: string; readonly line: OpenTerminal }>;
}

/** What was recorded of sessions in leases. */
export interface RecordingsDoor {
  list(principal: Principal, leaseId: string): Reply<'recordingList'>;
  watch(principal: Principal, id: string): Promise<ReplyOf<Routes['recordingWatch']>>;
  remove(principal: Principal, id: string): Promise<void>;
}

/** The roots of the agents' certificates. */
export interface RootsDoor { show(principal: Principal): Reply<'rootList'>; replace(principal: Principal): Reply<'rootReplace'>; retire(principal: Principal): Reply<'rootRetire'> }

/** Checks of every part, by `start`, which knows them all. */
export type Doctor = () => Promise<Omit<ReplyOf<Routes['doctor']>, 'version'>>;
