import { TandemError, type Clock, type Logger } from '../../base/index.ts';
import { defaultSystemMessage } from './default-model.ts';
import { EventStream } from './event-stream.ts';
import { RankedQueue } from './ranked-queue.ts';
import { ANY_OBJECT, jsonGrammar } from './json-grammar.ts';
import { engineLimits, type EngineLimits } from './limits.ts';
import type { ChatMessage, EngineEvent, EngineState, GenerateRequest, GenerationCounts, LocalEngine } from './local-engine.ts';
import type { FromWorker, WorkerFailure, WorkerRequest } from './protocol.ts';
import { Supervisor } from './supervisor.ts';
import { spawnWorker, type SpawnWorker } from './worker-process.ts';

export interface LocalEngineOptions {
  /** A GGUF file that was verified before (`ensureWeights`). */
  readonly modelPath: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<EngineLimits>;
  /** The system message of chats that bring none. Default: the known one of the default weights; the template's own for any other file. */
  readonly systemMessage?: string;
  /** Another way to make the process; for tests. */
  readonly spawn?: SpawnWorker;
}

/** One request, waiting or running. */
interface Job {
  readonly request: WorkerRequest;
  readonly stream: EventStream<EngineEvent>;
  readonly signal: AbortSignal;
  readonly queuedAtMs: number;
  readonly over: AbortController;
  place: 'waiting' | 'running' | 'over';
  position: number;
  known: { promptTokens: number; cachedTokens: number; outputTokens: number };
}

/** The server's side of the engine: a fair queue in front of a supervised process. */
export function createLocalEngine(options: LocalEngineOptions): LocalEngine & { readonly pid: number | undefined } {
  return new ProcessEngine(options);
}

class ProcessEngine implements LocalEngine {
  readonly #clock: Clock;
  readonly #limits: EngineLimits;
  readonly #supervisor: Supervisor;
  readonly #queue: RankedQueue<Job>;
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Set<Job>();
  readonly #counting = new Map<number, { resolve: (tokens: number) => void; reject: (error: unknown) => void }>();
  #countsAsked = 0;
  #stopping = false;

  constructor(options: LocalEngineOptions) {
    this.#clock = options.clock;
    this.#limits = engineLimits(options.limits);
    this.#queue = new RankedQueue(this.#limits.maxWaiting, this.#limits.maxWaitingPerKey);
    this.#supervisor = new Supervisor({
      modelPath: options.modelPath,
      systemMessage: options.systemMessage ?? defaultSystemMessage(options.modelPath),
      limits: this.#limits,
      clock: options.clock,
      log: options.log,
      spawn: options.spawn ?? spawnWorker,
      hooks: {
        onReady: () => this.#dispatch(),
        onMessage: (message) => this.#onMessage(message),
        onLost: (reason) => this.#onLost(reason),
        onDown: (reason) => this.#failWaiting(() => unavailable(reason)),
        busy: () => this.#running.size > 0,
        overdue: () => [...this.#running].some((job) => this.#waitedMs(job) > job.request.deadlineMs + this.#limits.deadlineGraceMs),
      },
    });
  }

  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  async start(signal?: AbortSignal): Promise<void> {
    this.#stopping = false;
    const failure = await this.#supervisor.start(signal);
    if (failure !== undefined) throw unavailable(failure);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#failWaiting(() => unavailable('it is stopping'));
    for (const job of this.#running) this.#supervisor.send({ type: 'abort', id: job.request.id });
    await this.#supervisor.stop();
  }

  state(): EngineState {
    return { ...this.#supervisor.state, queue: { running: this.#running.size, waiting: this.#queue.size } };
  }

  async countTokens(messages: readonly ChatMessage[], options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    this.#checkLength(messages);
    this.#demandUp();
    if (this.#supervisor.state.state !== 'ready') {
      const failure = await this.#supervisor.nextOutcome(options.signal);
      if (failure !== undefined) throw unavailable(failure);
    }
    this.#countsAsked += 1;
    const id = this.#countsAsked;
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const settle = (end: () => void) => {
        over.abort();
        this.#counting.delete(id);
        end();
      };
      this.#counting.set(id, { resolve: (tokens) => settle(() => resolve(tokens)), reject: (error) => settle(() => reject(error)) });
      options.signal?.addEventListener('abort', () => this.#counting.get(id)?.reject(options.signal?.reason), { once: true, signal: over.signal });
      if (options.signal?.aborted) this.#counting.get(id)?.reject(options.signal.reason);
      else this.#supervisor.send({ type: 'count', id, messages });
    });
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    if (signal.aborted) {
      yield { type: 'aborted', ...NOTHING };
      return;
    }
    const job = this.#admit(request, signal);
    try {
      yield* job.stream;
    } finally {
      this.#leave(job);
    }
  }

  #admit(request: GenerateRequest, signal: AbortSignal): Job {
    const { jsonSchema, jsonObject, ...rest } = request;
    const schema = jsonSchema ?? (jsonObject ? ANY_OBJECT : undefined);
    const grammar = schema === undefined ? {} : { grammar: jsonGrammar(schema) };
    this.#checkLength(request.messages);
    if (this.#jobs.has(request.id)) throw new RangeError('two requests have the same id');
    this.#demandUp();
    const full = this.#queue.fullFor(request.rank ?? 'default', request.fairnessKey);
    if (full !== undefined) {
      const reason = full === 'all' ? `${this.#queue.size} requests are waiting` : `${this.#limits.maxWaitingPerKey} of your requests are waiting`;
      throw new TandemError('engine_overloaded', { params: { reason }, retryAfterSeconds: 5 });
    }

    const job: Job = {
      request: { ...rest, ...grammar },
      stream: new EventStream(), signal, queuedAtMs: this.#clock.monotonicMs(), over: new AbortController(),
      place: 'waiting', position: 0, known: { promptTokens: 0, cachedTokens: 0, outputTokens: 0 },
    };
    this.#jobs.set(request.id, job);
    this.#queue.push(request.rank ?? 'default', request.fairnessKey, job);
    signal.addEventListener('abort', () => this.#onAbort(job), { once: true, signal: job.over.signal });
    this.#clock.sleep(request.deadlineMs, job.over.signal).then(() => this.#onDeadline(job), () => {});
    this.#dispatch();
    return job;
  }

  /** Gives free places to who is next, and tells the others where they stand. */
  #dispatch(): void {
    while (this.#supervisor.state.state === 'ready' && this.#running.size < this.#limits.sequences) {
      const job = this.#queue.shift();
      if (!job) break;
      job.place = 'running';
      this.#running.add(job);
      const queueMs = Math.round(this.#waitedMs(job));
      const deadlineMs = Math.max(1, job.request.deadlineMs - queueMs);
      this.#supervisor.send({ type: 'generate', request: { ...job.request, deadlineMs }, queueMs });
    }
    this.#queue.order().forEach((job, index) => {
      const position = index + 1;
      // Far from the front only every tenth step is told: nobody acts on the difference.
      if (job.position !== 0 && (job.position === position || (position > 10 && position % 10 !== 0))) return;
      job.position = position;
      job.stream.push({ type: 'queued', position, reason: this.#waitReason(job) });
    });
  }

  #waitReason(job: Job): string {
    const { state, reason } = this.#supervisor.state;
    if (state === 'starting') return 'the local model is starting';
    if (state !== 'ready') return `the local model is restarting because ${reason ?? 'it stopped'}`;
    const own = [...this.#running].filter((other) => other.request.fairnessKey === job.request.fairnessKey).length;
    return `all ${this.#limits.sequences} places of the local model are taken, ${own} of them by your own requests`;
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'event':
        return this.#onEvent(message.id, message.event);
      case 'failed': {
        const job = this.#jobs.get(message.id);
        if (job) this.#close(job, errorOf(message.failure, message.id));
        return this.#dispatch();
      }
      case 'counted':
        return this.#counting.get(message.id)?.resolve(message.tokens);
      case 'count_failed':
        return this.#counting.get(message.id)?.reject(errorOf(message.failure, `count ${message.id}`));
      default:
        // Starting, loading and heartbeats are the supervisor's.
        return undefined;
    }
  }

  #onEvent(id: string, event: EngineEvent): void {
    const job = this.#jobs.get(id);
    if (!job || job.place !== 'running') return;
    if (event.type === 'started') job.known = { ...job.known, promptTokens: event.promptTokens, cachedTokens: event.cachedTokens };
    if (event.type === 'token') job.known = { ...job.known, outputTokens: event.tokens };
    job.stream.push(event);
    if (event.type !== 'done' && event.type !== 'aborted') return;
    if (event.type === 'done') this.#supervisor.noteSuccess();
    this.#close(job);
    this.#dispatch();
  }

  #onAbort(job: Job): void {
    if (job.place === 'running') this.#supervisor.send({ type: 'abort', id: job.request.id });
    if (job.place !== 'waiting') return;
    job.stream.push({ type: 'aborted', ...NOTHING, queueMs: Math.round(this.#waitedMs(job)) });
    this.#close(job);
    this.#dispatch();
  }

  #onDeadline(job: Job): void {
    // A running one is ended by the worker, which knows how far it came.
    if (job.place !== 'waiting') return;
    const waited = Math.round(job.request.deadlineMs / 1000);
    const isUp = this.#supervisor.state.state === 'ready';
    const reason = `${this.#waitReason(job)}, and this request waited ${waited} s`;
    this.#close(job, isUp ? new TandemError('engine_overloaded', { params: { reason }, retryAfterSeconds: 5 }) : unavailable(reason));
    this.#dispatch();
  }

  /** The reader went away, with or without a signal. */
  #leave(job: Job): void {
    if (job.place === 'running') this.#supervisor.send({ type: 'abort', id: job.request.id });
    if (job.place !== 'waiting') return;
    this.#close(job);
    this.#dispatch();
  }

  #onLost(reason: string): void {
    const lost = () => (this.#stopping ? unavailable('it is stopping') : new TandemError('engine_restarted', { params: { reason }, retryAfterSeconds: 2 }));
    for (const job of this.#running) {
      if (job.signal.aborted) {
        job.stream.push({ type: 'aborted', ...NOTHING, ...job.known });
        this.#close(job);
      } else {
        this.#close(job, lost());
      }
    }
    for (const waiter of this.#counting.values()) waiter.reject(lost());
  }

  #failWaiting(error: () => TandemError): void {
    for (const job of this.#queue.order()) this.#close(job, error());
  }

  #close(job: Job, error?: unknown): void {
    if (job.place === 'waiting') this.#queue.remove(job.request.rank ?? 'default', job.request.fairnessKey, job);
    job.place = 'over';
    job.over.abort();
    this.#running.delete(job);
    this.#jobs.delete(job.request.id);
    if (error === undefined) job.stream.end();
    else job.stream.fail(error);
  }

  #waitedMs(job: Job): number {
    return this.#clock.monotonicMs() - job.queuedAtMs;
  }

  #demandUp(): void {
    const { state, reason } = this.#supervisor.state;
    if (this.#stopping) throw unavailable('it is stopping');
    if (state === 'failed' || state === 'stopped') throw unavailable(reason ?? 'it was not started');
  }

  /** Turns away what cannot fit before it is tokenized: a token of text is rarely longer than this. */
  #checkLength(messages: readonly ChatMessage[]): void {
    const characters = messages.reduce((sum, message) => sum + message.content.length, 0);
    if (characters > this.#limits.contextTokens * MOST_CHARACTERS_PER_TOKEN) {
      throw new TandemError('context_length_exceeded', {
        params: { tokens: `more than ${this.#limits.contextTokens}`, limit: this.#limits.contextTokens - 1 }, param: 'messages',
      });
    }
  }
}

const NOTHING: GenerationCounts = { promptTokens: 0, cachedTokens: 0, outputTokens: 0, queueMs: 0, promptMs: 0, generateMs: 0 };

/** Runs of blanks or dashes reach some dozens of characters per token; nothing reaches this. */
const MOST_CHARACTERS_PER_TOKEN = 256;

function unavailable(reason: string): TandemError {
  return new TandemError('engine_unavailable', { params: { reason }, retryAfterSeconds: 5 });
}

function errorOf(failure: WorkerFailure, requestId: string): TandemError {
  return new TandemError(failure.code, { ...failure.options, params: { requestId, ...failure.options.params } });
}
