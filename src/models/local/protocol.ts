import type { ErrorCode, ErrorOptions } from '../../base/index.ts';
import type { ChatMessage, EngineEvent, GenerateRequest } from './local-engine.ts';
import type { EngineLimits } from './limits.ts';

/** What the server tells the worker process, over the IPC channel. */
export type ToWorker =
  | { readonly type: 'load'; readonly modelPath: string; readonly limits: EngineLimits; readonly systemMessage?: string }
  | { readonly type: 'ping'; readonly sequence: number }
  | { readonly type: 'count'; readonly id: number; readonly messages: readonly ChatMessage[] }
  | { readonly type: 'generate'; readonly request: WorkerRequest; readonly queueMs: number }
  | { readonly type: 'abort'; readonly id: string }
  | { readonly type: 'stop' };

/** A request as the worker gets it: `deadlineMs` is what is left of it, and the JSON form asked for is a grammar in GBNF. */
export type WorkerRequest = Omit<GenerateRequest, 'jsonSchema' | 'jsonObject'> & { readonly grammar?: string };

/** An error as it crosses the channel: a code of the list, never a stack. */
export interface WorkerFailure {
  readonly code: ErrorCode;
  readonly options: Pick<ErrorOptions, 'params' | 'param' | 'detail'>;
}

/** What the worker process tells the server. */
export type FromWorker =
  | { readonly type: 'loaded'; readonly contextTokens: number; readonly sequences: number; readonly loadMs: number }
  | { readonly type: 'load_failed'; readonly reason: string }
  /** `progress` grows with everything the model evaluated or made. */
  | { readonly type: 'pong'; readonly sequence: number; readonly progress: number }
  | { readonly type: 'counted'; readonly id: number; readonly tokens: number }
  | { readonly type: 'count_failed'; readonly id: number; readonly failure: WorkerFailure }
  | { readonly type: 'event'; readonly id: string; readonly event: EngineEvent }
  | { readonly type: 'failed'; readonly id: string; readonly failure: WorkerFailure };

/** Thrown in the worker for what the caller shall read; everything else becomes `internal`. */
export class WorkerRefusal extends Error {
  readonly failure: WorkerFailure;

  constructor(failure: WorkerFailure) {
    super(failure.code);
    this.failure = failure;
  }
}
