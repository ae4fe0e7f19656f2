import type { JsonObject } from '../request/json.ts';
import type { CacheMark, DialectIn, DialectOut, NativePart, Turn } from './parts.ts';

export interface FunctionTool {
  readonly type: 'function';
  readonly name: string;
  readonly description?: string;
  /** JSON schema; absent: no arguments. */
  readonly parameters?: JsonObject;
  readonly strict?: boolean | null;
  readonly cache?: CacheMark;
}

/** A tool whose input is plain text, optionally bound by a grammar. */
export interface CustomTool {
  readonly type: 'custom';
  readonly name: string;
  readonly description?: string;
  readonly format?: JsonObject;
}

/** A tool that a backend runs itself, or that one dialect defines. */
export interface NativeTool {
  readonly type: 'native';
  readonly dialect: DialectIn;
  readonly value: JsonObject;
  readonly what: string;
}

export type Tool = FunctionTool | CustomTool | NativeTool;

export type ToolChoice =
  | { readonly mode: 'auto' | 'none' | 'required' }
  | { readonly mode: 'one'; readonly name: string }
  | { readonly mode: 'allowed'; readonly names: readonly string[]; readonly required: boolean };

export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | { readonly type: 'schema'; readonly name: string; readonly schema: JsonObject; readonly strict: boolean | null; readonly description?: string };

export interface ReasoningWish {
  /** `none`, `minimal`, `low`, `medium`, `high`, `xhigh` … as OpenAI names them; null: not said. */
  readonly effort: string | null;
  /** Tokens that the model may think for, as Anthropic and Gemini count them. */
  readonly budgetTokens: number | null;
  /** Whether the caller wants to see thoughts, and in which form. */
  readonly summary: string | null;
  /** Thinking switched off or on in words: Anthropic's `thinking.type`. */
  readonly mode: 'enabled' | 'disabled' | 'adaptive' | null;
}

export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  readonly logitBias?: Readonly<Record<string, number>>;
  /** Log probabilities of the tokens chosen; `top`: and of so many others. */
  readonly logprobs?: { readonly top: number };
}

/** The conversation in full: made only where the backend speaks another dialect than the caller. */
export interface Conversation {
  /** System and developer words before the first turn stand here as turns too, in their order. */
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice | null;
  readonly parallelToolCalls: boolean | null;
  readonly stop: readonly string[];
  readonly format: OutputFormat;
  readonly sampling: Sampling;
  readonly reasoning: ReasoningWish | null;
  readonly verbosity: string | null;
  /** Fields of the caller's dialect that the neutral form has no word for, by their name; null values left out. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** What a model must be able to do for this request. A target that lacks one is not called. */
export interface Needs {
  readonly tools: boolean;
  readonly images: boolean;
  readonly files: boolean;
  readonly schema: boolean;
  readonly reasoning: boolean;
  readonly logprobs: boolean;
  /** Parts or tools that only one dialect knows; null: none. */
  readonly native: { readonly dialect: DialectIn; readonly what: string } | null;
}

/** A checked request, whatever dialect it came in. Cheap: the conversation is put into neutral form when it is asked for. */
export interface NeutralRequest {
  readonly dialect: DialectIn;
  /** The body as it was sent, for a backend of the same dialect; unknown fields and nulls included. */
  readonly body: JsonObject;
  readonly model: string;
  readonly stream: boolean;
  /** Chat only: whether the caller wants a chunk with the usage at the stream's end. Other dialects always tell it. */
  readonly includeUsage: boolean;
  /** How many answers (`n`); 1 elsewhere. */
  readonly choices: number;
  /** Output tokens at most, reasoning included; null: the alias's own limit. */
  readonly maxOutputTokens: number | null;
  /** Under which name the caller gave it, for errors and for the body sent on. */
  readonly capField: string | null;
  /** True where the dialect demands a limit of every caller: one above the target's is then lowered to it, and not refused. */
  readonly capDemanded?: boolean;
  /** Headers of the caller's for a backend of the same dialect, names and values in turn: Anthropic's beta features. */
  readonly forward?: readonly string[];
  readonly needs: Needs;
  /** Files of `/v1/files` that the body names; absent: none. Their bytes take their place before a backend is looked for. */
  readonly fileIds?: readonly string[];
  /** Images, and the characters of their inline data, which no model reads as text. */
  readonly media: { readonly images: number; readonly files: number; readonly characters: number };
  /** Turns, for the bound of what a template adds. */
  readonly turnCount: number;
  /** Who the caller acts for (`user`, `safety_identifier`, `metadata.user_id`); for limits and figures. */
  readonly user: string | null;
  /** The caller's own words for the call: `metadata` pairs. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly serviceTier: 'auto' | 'default' | 'priority' | 'flex';
  /** Text that two calls with the same prompt have in common at least: `prompt_cache_key`, else null. */
  readonly cacheKey: string | null;
  conversation(): Conversation;
}

/** What a declared loss does: the field is dropped, changed, or the call is refused before money is held. */
export interface Loss {
  /** What it is lost from; absent: a request. */
  readonly of?: 'answer';
  readonly from: DialectIn | DialectOut | 'every';
  /** `any`: one of the caller's own dialect too. */
  readonly to: DialectIn | DialectOut | 'every' | 'any';
  readonly field: string;
  readonly effect: 'dropped' | 'changed' | 'refused';
  readonly why: string;
}

export type { NativePart };
