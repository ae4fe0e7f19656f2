import { availableParallelism } from 'node:os';

/** Every bound of the engine. All are positive whole numbers. */
export interface EngineLimits {
  /** Requests answered at the same time. Each has its own sequence of the context. */
  readonly sequences: number;
  /** Prompt and answer of one request together, in tokens. 4 sequences of 2,048 take 185 MB beside the weights of SmolLM2-135M. */
  readonly contextTokens: number;
  /** llama.cpp's threads spin while they wait, so one core is left to the server; models this small gain little from more than 4. */
  readonly threads: number;
  /** Prompt tokens evaluated between two looks at abort and deadline, and in one batch with the next tokens of other answers: 64 are 0.4 s on one core. */
  readonly promptChunkTokens: number;
  readonly maxWaiting: number;
  readonly maxWaitingPerKey: number;
  readonly loadTimeoutMs: number;
  /** How often the worker is asked for a sign of life. */
  readonly heartbeatMs: number;
  /** Unanswered questions in a row after which it counts as hung. Counted, not timed: a machine that slept is not a hang. */
  readonly missedHeartbeats: number;
  /** Heartbeats without any progress while it has work, after which it counts as hung. */
  readonly stalledHeartbeats: number;
  /** How far past its deadline a request may run before the worker counts as hung. */
  readonly deadlineGraceMs: number;
  /** The first pause before a restart; it doubles each time. */
  readonly restartDelayMs: number;
  /** Crashes in a row after which it gives up for `retryFailedMs`. */
  readonly crashesBeforeFailed: number;
  readonly retryFailedMs: number;
  /** How long the process may take to end by itself when it is stopped. */
  readonly stopGraceMs: number;
}

export function engineLimits(chosen: Partial<EngineLimits> = {}): EngineLimits {
  return {
    sequences: 4,
    contextTokens: 2048,
    threads: Math.min(4, Math.max(1, availableParallelism() - 1)),
    promptChunkTokens: 64,
    maxWaiting: 2048,
    maxWaitingPerKey: 1024,
    loadTimeoutMs: 120_000,
    heartbeatMs: 1000,
    missedHeartbeats: 10,
    stalledHeartbeats: 60,
    deadlineGraceMs: 15_000,
    restartDelayMs: 250,
    crashesBeforeFailed: 5,
    retryFailedMs: 60_000,
    stopGraceMs: 2000,
    ...chosen,
  };
}
