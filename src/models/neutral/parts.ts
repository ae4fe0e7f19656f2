import type { JsonObject } from '../request/json.ts';

/** The wire forms that callers speak. `embeddings` is no conversation: it has its own writing and reading at each backend. */
export type DialectIn = 'chat' | 'responses' | 'messages' | 'embeddings';
/** The wire forms that backends speak; `local` is the engine in this house. */
export type DialectOut = 'chat' | 'responses' | 'messages' | 'gemini' | 'bedrock' | 'local';

/** Asks a backend to keep what stands up to here in its prompt cache. */
export interface CacheMark {
  readonly ttl: '5m' | '1h' | null;
}

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  readonly cache?: CacheMark;
  /** Citations and the like, as the dialect that made them wrote them: they go back to it unchanged. */
  readonly annotations?: readonly JsonObject[];
}

/** Bytes in base64 or a public address. The address was checked when it came in. */
export type MediaSource =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string }
  /** A file that was uploaded here: replaced by its bytes before a backend sees it. */
  | { readonly kind: 'file'; readonly id: string };

/** A file of `/v1/files` in the form in which a body holds it. */
export interface StoredMedia {
  readonly name: string;
  /** As its bytes show it, and where they do not, its name. */
  readonly mediaType: string;
  /** Base64. */
  readonly data: string;
}

export interface ImagePart {
  readonly type: 'image';
  readonly source: MediaSource;
  readonly detail?: 'low' | 'high' | 'auto' | 'original';
  readonly cache?: CacheMark;
}

/** A document for the model to read, as a PDF. */
export interface FilePart {
  readonly type: 'file';
  readonly source: MediaSource;
  readonly name?: string;
  readonly cache?: CacheMark;
}

export interface ToolCallPart {
  readonly type: 'tool_call';
  readonly id: string;
  readonly name: string;
  /** The arguments as the model wrote them. Usually JSON; a custom tool's are any text. Never parsed and written anew. */
  readonly input: string;
  readonly kind: 'function' | 'custom';
  readonly cache?: CacheMark;
}

export interface ToolResultPart {
  readonly type: 'tool_result';
  readonly callId: string;
  readonly content: readonly (TextPart | ImagePart | FilePart)[];
  readonly isError: boolean;
  readonly cache?: CacheMark;
}

/** What a model thought. Only the backend that made `sealed` can read it; it goes back to it unchanged. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  /** Whether `text` is the thought itself or a summary of it. */
  readonly form: 'text' | 'summary';
  /** Opaque state: a signature, encrypted content or redacted data. */
  readonly sealed?: { readonly dialect: DialectOut; readonly kind: 'signature' | 'encrypted' | 'redacted'; readonly value: string };
  readonly id?: string;
}

export interface RefusalPart {
  readonly type: 'refusal';
  readonly text: string;
}

/** Something that only one dialect knows. It is kept for a backend of that dialect and refused by name for any other. */
export interface NativePart {
  readonly type: 'native';
  readonly dialect: DialectIn;
  readonly value: JsonObject;
  /** For the refusal: `a web search call`. */
  readonly what: string;
}

export type Part = TextPart | ImagePart | FilePart | ToolCallPart | ToolResultPart | ReasoningPart | RefusalPart | NativePart;

/** One turn. Tool results stand in turns of the role `tool`, several in a row in one turn. */
export interface Turn {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly parts: readonly Part[];
  readonly name?: string;
}
