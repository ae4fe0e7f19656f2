import type { Clock, Logger } from '../../base/index.ts';
import type { EngineLimits } from './limits.ts';
import type { EngineState } from './local-engine.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import type { SpawnWorker, WorkerHandle } from './worker-process.ts';

/** What the supervisor tells the engine, and asks of it. */
interface SupervisorHooks {
  onReady(): void;
  onMessage(message: FromWorker): void;
  /** The process is gone: everything that ran in it is lost. */
  onLost(reason: string): void;
  /** It gave up for a while, or was stopped: nothing that waits will be served. */
  onDown(reason: string): void;
  /** Is there work in the process that must make progress? */
  busy(): boolean;
  /** Did some work run so far past its deadline that the process must be stuck? */
  overdue(): boolean;
}

interface SupervisorOptions {
  readonly modelPath: string;
  /** For chats that bring none. */
  readonly systemMessage?: string | undefined;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly spawn: SpawnWorker;
  readonly hooks: SupervisorHooks;
}

/** How one life of the worker ended. `hopeless`: the same would happen again at once. */
interface LifeEnd {
  readonly reason: string;
  readonly hopeless: boolean;
}

/** Keeps one worker process alive: starts it, sees when it crashes or hangs, and starts it again, ever more slowly. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #state: EngineState['state'] = 'stopped';
  #reason: string | undefined;
  #sinceMs: number;
  #starts = 0;
  #crashesInARow = 0;
  #worker: WorkerHandle | undefined;
  #running: Promise<void> | undefined;
  #stopping = new AbortController();
  /** Ends the pause before the next try. */
  #hurry = new AbortController();
  #waiters = new Set<{ ready: () => void; failed: (reason: string) => void }>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.nowMs();
  }

  get state(): Pick<EngineState, 'state' | 'reason' | 'since' | 'restarts'> {
    return {
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      since: this.#sinceMs,
      restarts: Math.max(0, this.#starts - 1),
    };
  }

  /** Of the worker that runs now; for tests and the doctor. */
  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  send(message: ToWorker): void {
    this.#worker?.send(message);
  }

  /** An answer was completed: what crashed before did not come from a broken installation. */
  noteSuccess(): void {
    this.#crashesInARow = 0;
  }

  /** Starts when it is stopped, tries again at once when it pauses. Resolves with why it did not become ready, or undefined. */
  async start(signal?: AbortSignal): Promise<string | undefined> {
    if (this.#state === 'ready') return undefined;
    const outcome = this.nextOutcome(signal);
    if (this.#running === undefined) {
      this.#stopping = new AbortController();
      this.#set('starting');
      this.#running = this.#keepAlive();
    } else {
      this.#hurry.abort();
    }
    return outcome;
  }

  /** Resolves at the next change to ready (undefined) or to a crash or stop (why). Rejects with the signal's reason. */
  nextOutcome(signal?: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter = {
        ready: () => {
          leave();
          resolve(undefined);
        },
        failed: (reason: string) => {
          leave();
          resolve(reason);
        },
      };
      const onAbort = () => {
        leave();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hurry.abort();
    await this.#running;
    this.#running = undefined;
    if (this.#state !== 'stopped') this.#set('stopped', 'it was stopped');
    for (const waiter of this.#waiters) waiter.failed('it was stopped');
  }

  async #keepAlive(): Promise<void> {
    const { clock, hooks, limits, log } = this.#options;
    const stopping = this.#stopping.signal;
    while (!stopping.aborted) {
      this.#starts += 1;
      const end = await this.#oneLife();
      hooks.onLost(end.reason);
      if (stopping.aborted) return;
      this.#crashesInARow += 1;
      const givesUp = end.hopeless || this.#crashesInARow >= limits.crashesBeforeFailed;
      this.#set(givesUp ? 'failed' : 'restarting', end.reason);
      log.warn({ reason: end.reason, crashesInARow: this.#crashesInARow }, givesUp ? 'The local engine gave up for now.' : 'The local engine is restarted.');
      for (const waiter of this.#waiters) waiter.failed(end.reason);
      if (givesUp) hooks.onDown(end.reason);
      const pauseMs = givesUp ? limits.retryFailedMs : limits.restartDelayMs * 2 ** (this.#crashesInARow - 1);
      this.#hurry = new AbortController();
      await clock.sleep(pauseMs, AbortSignal.any([stopping, this.#hurry.signal])).catch(() => {});
      if (givesUp && !stopping.aborted) this.#set('restarting', end.reason);
    }
  }

  async #oneLife(): Promise<LifeEnd> {
    const { clock, hooks, limits, log, modelPath, spawn, systemMessage } = this.#options;
    const over = new AbortController();
    const life = { ready: false, missed: 0, stalled: 0, progress: 0, ticks: 0, readyTicks: 0 };
    let killedFor: LifeEnd | undefined;
    let worker: WorkerHandle | undefined;
    const kill = (reason: string, hopeless = false) => {
      killedFor ??= { reason, hopeless };
      worker?.kill();
    };

    const ended = new Promise<LifeEnd>((resolve) => {
      worker = spawn({
        onExit: (how) => {
          over.abort();
          resolve(killedFor ?? { reason: how, hopeless: false });
        },
        onMessage: (message) => {
          switch (message.type) {
            case 'loaded':
              life.ready = true;
              this.#set('ready');
              log.info({ loadMs: message.loadMs, contextTokens: message.contextTokens, sequences: message.sequences }, 'The local engine is ready.');
              for (const waiter of this.#waiters) waiter.ready();
              return hooks.onReady();
            case 'load_failed':
              return kill(`the model could not be loaded (${message.reason})`, true);
            case 'pong':
              life.missed = 0;
              if (message.progress !== life.progress || !hooks.busy()) life.stalled = 0;
              life.progress = message.progress;
              return undefined;
            default:
              return hooks.onMessage(message);
          }
        },
      });
    });
    this.#worker = worker;
    const stop = () => this.#end(worker, over.signal);
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    if (this.#stopping.signal.aborted) stop();
    this.send({ type: 'load', modelPath, limits, ...(systemMessage === undefined ? {} : { systemMessage }) });

    const beat = async () => {
      for (;;) {
        await clock.sleep(limits.heartbeatMs, over.signal);
        life.ticks += 1;
        if (life.missed >= limits.missedHeartbeats) kill(`it gave no sign of life for ${seconds(limits.heartbeatMs * life.missed)}`);
        if (!life.ready && life.ticks * limits.heartbeatMs >= limits.loadTimeoutMs) kill(`loading took more than ${seconds(limits.loadTimeoutMs)}`);
        if (life.stalled >= limits.stalledHeartbeats) kill(`it made no progress for ${seconds(limits.heartbeatMs * life.stalled)}`);
        if (hooks.overdue()) kill('a request ran far past its deadline');
        life.missed += 1;
        if (life.ready && hooks.busy()) life.stalled += 1;
        if (life.ready && life.missed <= 1) life.readyTicks += 1;
        if (life.readyTicks * limits.heartbeatMs >= STABLE_MS) this.noteSuccess();
        worker?.send({ type: 'ping', sequence: life.ticks });
      }
    };
    await Promise.all([ended, beat().catch(() => {})]);
    this.#stopping.signal.removeEventListener('abort', stop);
    this.#worker = undefined;
    return ended;
  }

  /** Asks the worker to end, and makes it when it does not. */
  #end(worker: WorkerHandle | undefined, over: AbortSignal): void {
    worker?.send({ type: 'stop' });
    this.#options.clock.sleep(this.#options.limits.stopGraceMs, over).then(() => worker?.kill(), () => {});
  }

  #set(state: EngineState['state'], reason?: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#sinceMs = this.#options.clock.nowMs();
  }
}

/** A worker that was ready this long counts as sound again. */
const STABLE_MS = 60_000;

function seconds(milliseconds: number): string {
  return `${Math.max(1, Math.round(milliseconds / 1000))} s`;
}
