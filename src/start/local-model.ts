import { TandemError, isTandemError, type Clock, type Config, type Logger } from '../base/index.ts';
import { createLocalEngine, ensureWeights, weightSource, type EngineState, type LocalEngine } from '../models/index.ts';
import { createProgressBar } from './progress.ts';

export interface LocalModelState {
  readonly state: 'ready' | 'loading' | 'off' | 'missing';
  readonly detail: string;
  readonly next: string | null;
}

/**
 * The embedded model's way from its file to an engine. The server does not wait for it: until the
 * weights are there, and when they are not to be had, calls of `tandem/local` get 503 with the next step.
 */
export interface LocalModel {
  /** Null when it is switched off. */
  readonly engine: LocalEngine | null;
  /** Resolves when the model answers, or when it is known that it will not. */
  readonly settled: Promise<void>;
  describe(): LocalModelState;
}

interface LocalModelOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Gets weights and starts the engine beside everything else that starts. */
export function openLocalModel(options: LocalModelOptions): LocalModel {
  const source = weightSource(options.config.localModel);
  if (!source) {
    return { engine: null, settled: Promise.resolve(), describe: () => ({ state: 'off', detail: 'switched off (TANDEM_LOCAL_MODEL)', next: null }) };
  }
  const awaited = new AwaitedEngine(options.clock);
  const settled = load(awaited, source, options).catch((error: unknown) => {
    if (options.signal.aborted) return;
    awaited.fail(error);
    options.log.warn({ reason: (error as Error).message }, 'the embedded model is not available');
  });
  return { engine: awaited, settled, describe: () => awaited.describe() };
}

async function load(awaited: AwaitedEngine, source: NonNullable<ReturnType<typeof weightSource>>, { config, log, clock, signal, out }: LocalModelOptions): Promise<void> {
  const bar = createProgressBar('Model weights', out);
  try {
    const weights = await ensureWeights({ cache: config.cache, home: config.home, source, log, signal, clock, onProgress: (progress) => bar.update(progress) });
    bar.end(true);
    const engine = createLocalEngine({ modelPath: weights.path, log, clock });
    awaited.become(engine);
    await engine.start(signal);
  } finally {
    bar.end();
  }
}

/** Stands where the engine will be. */
class AwaitedEngine implements LocalEngine {
  readonly #sinceMs: number;
  #engine: LocalEngine | undefined;
  #failure: TandemError | undefined;

  constructor(clock: Clock) {
    this.#sinceMs = clock.nowMs();
  }

  become(engine: LocalEngine): void {
    this.#engine = engine;
  }

  fail(error: unknown): void {
    this.#failure = isTandemError(error) ? error : new TandemError('engine_unavailable', { params: { reason: (error as Error).message }, cause: error });
  }

  start(signal?: AbortSignal): Promise<void> {
    return this.#ready().start(signal);
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
  }

  state(): EngineState {
    if (this.#engine) return this.#engine.state();
    const waiting = { since: this.#sinceMs, restarts: 0, queue: { running: 0, waiting: 0 } };
    return this.#failure ? { state: 'failed', reason: this.#failure.message, ...waiting } : { state: 'starting', reason: 'its weights are being fetched', ...waiting };
  }

  async countTokens(...args: Parameters<LocalEngine['countTokens']>): Promise<number> {
    return this.#ready().countTokens(...args);
  }

  generate(...args: Parameters<LocalEngine['generate']>): ReturnType<LocalEngine['generate']> {
    return this.#ready().generate(...args);
  }

  describe(): LocalModelState {
    const { state, reason, restarts } = this.state();
    if (state === 'ready') return { state: 'ready', detail: restarts > 0 ? `ready, restarted ${restarts} times` : 'ready', next: null };
    if (state === 'starting' || state === 'restarting') return { state: 'loading', detail: reason ?? 'it is loading', next: 'Wait some seconds and run tandem doctor again.' };
    return { state: 'missing', detail: reason ?? 'it has stopped', next: this.#failure?.next ?? 'Read the log of the server; a restart with npm start tries again.' };
  }

  /** The engine, or the error that says why there is none. */
  #ready(): LocalEngine {
    if (this.#engine) return this.#engine;
    throw this.#failure ?? new TandemError('engine_unavailable', { params: { reason: 'its weights are being fetched' }, retryAfterSeconds: 5 });
  }
}
