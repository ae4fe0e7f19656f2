import type { Rank } from './ranked-queue.ts';

/** One message of a chat, text only. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** One answer asked of a local engine. */
export interface GenerateRequest {
  /** The call's id; no two requests in an engine share one. */
  readonly id: string;
  /** Who must not crowd out others: requests of one key are first come first served, keys take turns. Prompt prefixes are only reused within a key. */
  readonly fairnessKey: string;
  /** The service tier: `priority` goes before those that wait, `flex` after them. Default: `default`. */
  readonly rank?: Rank;
  readonly messages: readonly ChatMessage[];
  /** The most output tokens, at least 1. The context's end may come first; both end with `length`. */
  readonly maxTokens: number;
  /** Milliseconds from the call of `generate` to its end, the wait for a place included. */
  readonly deadlineMs: number;
  /** 0 always takes the likeliest token. The default; the model card of SmolLM2 recommends 0.2 where variety is wanted. */
  readonly temperature?: number;
  /** Default 0.9, from the same card. */
  readonly topP?: number;
  /** The same seed, messages and settings give the same answer. Default: random. */
  readonly seed?: number;
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: readonly string[];
  /** A JSON Schema that the answer follows; see `json-grammar.ts` for the parts of the language that are known. */
  readonly jsonSchema?: object;
  /** The answer is one JSON object of any form. */
  readonly jsonObject?: boolean;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
}

/** Counts of one answer. Tokens are those of the model's own tokenizer; the token that ends a turn is not counted. */
export interface GenerationCounts {
  /** The rendered chat template, system default included. */
  readonly promptTokens: number;
  /** How many of the prompt tokens were still in the sequence's memory and were not evaluated again. */
  readonly cachedTokens: number;
  /** Tokens made, those of a matched stop text included. */
  readonly outputTokens: number;
  /** Waiting for a place. */
  readonly queueMs: number;
  /** From having a place to the first token. */
  readonly promptMs: number;
  /** From the first token to the last. */
  readonly generateMs: number;
}

/**
 * What a generation tells, in this order: `queued` any number of times (each time the wait changes),
 * `started` once, `token` for each piece of text, then exactly one of `done` and `aborted`.
 */
export type EngineEvent =
  | {
      readonly type: 'queued';
      /** 1 is next. */
      readonly position: number;
      /** A sentence's part that names what is waited for: "all 4 places of the local model are taken, 1 of them by you". */
      readonly reason: string;
    }
  | { readonly type: 'started'; readonly promptTokens: number; readonly cachedTokens: number }
  | {
      readonly type: 'token';
      /** Whole characters; never half of one, never part of a stop text. May hold the text of several tokens. */
      readonly text: string;
      /** Output tokens made so far. */
      readonly tokens: number;
    }
  /** `stopText`: which of the request's stop texts ended it; absent: none. */
  | ({ readonly type: 'done'; readonly finishReason: 'stop' | 'length' | 'deadline'; readonly stopText?: string } & GenerationCounts)
  /** The caller's signal fired. The counts are those of what was made until then; all are 0 when it was still waiting. */
  | ({ readonly type: 'aborted' } & GenerationCounts);

export interface EngineState {
  readonly state: 'stopped' | 'starting' | 'ready' | 'restarting' | 'failed';
  /** Why it is restarting, failed or stopped, as a sentence's part. */
  readonly reason?: string;
  /** Wall-clock milliseconds at which this state began. */
  readonly since: number;
  /** Starts after the first one since the engine was made. */
  readonly restarts: number;
  readonly queue: { readonly running: number; readonly waiting: number };
}

/** A model on this machine. Errors are TandemErrors: engine_unavailable, engine_restarted, engine_overloaded, context_length_exceeded, schema_unsupported. */
export interface LocalEngine {
  /**
   * Resolves when the model can answer. On an engine that gave up it tries again at once.
   * @throws TandemError engine_unavailable when it cannot be loaded; the engine keeps trying by itself, ever more slowly.
   */
  start(signal?: AbortSignal): Promise<void>;
  /** Ends everything that runs and waits, then the process. Resolves when it is gone. */
  stop(): Promise<void>;
  state(): EngineState;
  /** The tokens of these messages under the model's chat template: what `promptTokens` will be. */
  countTokens(messages: readonly ChatMessage[], options?: { readonly signal?: AbortSignal }): Promise<number>;
  /**
   * Answers. Ending the iteration early, or the signal, stops the model within one token. After the
   * signal the last event is `aborted`, with the counts; it always comes, even when the process is lost.
   * A deadline that passes while waiting throws; one that passes while answering ends with `deadline`.
   */
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<EngineEvent>;
}
