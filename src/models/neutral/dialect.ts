import type { IncomingHttpHeaders } from 'node:http';
import type { TandemError } from '../../base/index.ts';
import type { TokenCounts } from '../quantities.ts';
import type { JsonObject } from '../request/json.ts';
import type { DialectIn, DialectOut, StoredMedia } from './parts.ts';
import type { FinishReason, NeutralReply, ReplyEvent } from './reply.ts';
import type { Loss, NeutralRequest } from './request.ts';

/** What a caller's dialect does: it checks bodies and writes replies. Pure; one per dialect, found in `dialects.ts`. */
export interface CallerDialect {
  readonly name: DialectIn;
  /**
   * Checks a parsed JSON body field by field.
   * @param headers of the request, lower-case, for dialects that say something in them (`anthropic-beta`).
   * @throws TandemError invalid_request and the like, naming the field in the dialect's own notation.
   */
  parse(body: unknown, headers?: IncomingHttpHeaders): NeutralRequest;
  writer(request: NeutralRequest, facts: ReplyFacts): ReplyWriter;
  /** A checked body with the bytes of these files where it names them; absent: this dialect names no files. @throws TandemError invalid_request for a file that cannot stand where it is named. */
  withFiles?(body: JsonObject, files: ReadonlyMap<string, StoredMedia>): JsonObject;
}

/** What a reply says about its call. */
export interface ReplyFacts {
  /** The call's UUIDv7; each dialect puts its own prefix before it. */
  readonly id: string;
  /** Wall clock. */
  readonly createdAtMs: number;
  /** The name that the caller used. */
  readonly alias: string;
  /** The tier that the call runs on, for dialects that tell it. */
  readonly serviceTier: string;
}

/** How the end of a reply is told. */
export interface ReplyEnd {
  readonly counts: TokenCounts;
  /** The backend's own usage object where it spoke the caller's dialect; its further fields are passed on. */
  readonly rawUsage: Readonly<Record<string, unknown>> | null;
  /** Put into the reply as `tandem` where the caller asked for it. */
  readonly receipt: Readonly<Record<string, unknown>> | null;
  /** Wall clock, for dialects that tell it; absent: they say that it is not known. */
  readonly endedAtMs?: number;
}

/** Writes one reply. Either `whole` is called, or `event` for each event and then exactly one of `end` and `error`. */
export interface ReplyWriter {
  /** The JSON body of a whole reply. */
  whole(reply: NeutralReply, end: ReplyEnd): string;
  /** Frames to send for one event; `''` where it has none. The first call sends what opens the dialect's stream. */
  event(event: ReplyEvent): string;
  /** Frames that close the stream: sent only when the charge is in the log. */
  end(end: ReplyEnd): string;
  /** The dialect's own error inside a stream, after which nothing follows: never a clean end. */
  error(error: TandemError): string;
}

/** What a request becomes on the wire. */
export interface OutRequest {
  readonly method: 'GET' | 'POST';
  /** Appended to the backend's base path: `/chat/completions`. */
  readonly path: string;
  /** Beside those that the backend's connection adds (key, content type). */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Prompt tokens at most (money.md 10). */
  readonly inputBound: number;
  /** Answer tokens at most, over all choices. */
  readonly outputBound: number;
  /** Bytes that a model may read as text; for the guess where a backend gives no count. */
  readonly textBytes: number;
}

/** What a target says of itself when a request is written for it. */
export interface TargetFacts {
  readonly model: string;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
  /** Under which name the limit is sent where the caller gives none (chat). */
  readonly capField: 'max_tokens' | 'max_completion_tokens';
  /** Settings of its backend: a region, a version of the API. */
  readonly options: Readonly<Record<string, string>>;
}

/** What a backend's dialect does: it writes requests and reads replies. Pure; one per dialect, found in `dialects.ts`. */
export interface BackendDialect {
  readonly name: DialectOut;
  /** Whether a caller of that dialect can be passed through without the neutral form. */
  readonly native: DialectIn | null;
  /** What is lost when a request of another dialect is written in this one. Generated into the docs. */
  readonly losses: readonly Loss[];
  /** Whether it takes images and files as bytes only: addresses are fetched here, before money is held. */
  readonly needsBytes?: boolean;
  /**
   * What is done with an answer whose client has left (money.md 12). `cancel`, where that stops the backend's bill (the default);
   * `read on`, unseen and to its end, where the backend bills on all the same: then its own count is what it cost.
   */
  readonly afterClientLeft?: 'cancel' | 'read on';
  /** What `path` is put behind where the backend's address has no path; `/v1` when absent. */
  readonly basePath?: string;
  /**
   * Null when this dialect can carry the request; else the name of the first thing that it cannot.
   * Asked before money is held, so that another route can be taken.
   */
  cannot(request: NeutralRequest): string | null;
  /** @throws TandemError invalid_request when the caller asks for more output than the target allows, unsupported_parameter. */
  request(request: NeutralRequest, target: TargetFacts): OutRequest;
  /** @throws BadReply when the text is no whole reply. */
  whole(text: string, request: NeutralRequest, headers: IncomingHttpHeaders): NeutralReply;
  reader(request: NeutralRequest): ReplyReader;
  /** How a backend counts a prompt's tokens without answering it; absent: it cannot. */
  readonly count?: TokenCounter;
  /** The message in the body of a failing status; undefined: there is none in this dialect's form. The runner cleans it. */
  errorMessage(body: string): string | undefined;
  /** The status that a failing reply stands for, where the API's own misleads; absent: its own. */
  errorStatus?(status: number, body: string): number;
  /** When a failing reply's body says to come back, in seconds; absent, or undefined: it has no word for that. */
  retryAfterSeconds?(body: string): number | undefined;
  /** Absent: this dialect has no embeddings. */
  readonly embeddings?: EmbeddingsBackend;
  /** Signs a request where a key in a header is not enough (SigV4). `url` is the whole address. */
  sign?(request: OutRequest, to: { readonly url: URL; readonly key: string; readonly options: Readonly<Record<string, string>>; readonly nowMs: number }): Promise<readonly string[]>;
  /** How a backend is asked whether it is there and takes its key; absent: by OpenAI's list of models. */
  readonly probe?: BackendProbe;
  /** What the content type of a streamed reply begins with; absent: `text/event-stream`. */
  readonly streamType?: string;
  /** Headers of every request to such a backend, names and values in turn: a version of the API. */
  readonly headers?: readonly string[];
  /** Headers that carry the backend's key; absent: `authorization: Bearer`. */
  keyHeaders?(key: string): readonly string[];
}

/** One request that costs nothing and shows that a backend is there and takes its key. */
export interface BackendProbe {
  /** As in `OutRequest`. */
  readonly path: string;
  /** What this shows, and what it does not, where the API has no list of models. */
  readonly unseen?: string;
  /** @returns the names of its models; none where the API has no list. Undefined: this is no answer of such a backend, or says that it does not let us in. */
  read(reply: ProbeReply): readonly string[] | undefined;
}

export interface ProbeReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks a backend how many tokens a prompt has. */
export interface TokenCounter {
  request(request: NeutralRequest, target: TargetFacts): OutRequest;
  /** @throws BadReply when the text tells no count. */
  read(text: string): number;
}
/** How a backend's dialect asks for embeddings: the same three steps, of a request whose texts stand in its body. */
export type EmbeddingsBackend = Pick<BackendDialect, 'cannot' | 'request' | 'whole'>;

/** Reads one streamed reply from its bytes, wherever they are cut, and counts while it does. */
export interface ReplyReader {
  /** Usage as the backend told it, once it has; null: not told, or it made no sense. */
  readonly usage: TokenCounts | null;
  readonly rawUsage: Readonly<Record<string, unknown>> | null;
  /** Usage as it was told at the answer's beginning (Anthropic): the prompt's buckets are final, so they hold for an answer that is cut. */
  readonly promptCounts?: TokenCounts | null;
  /** Pieces with text in them, and the bytes of that text: the estimate where there is no usage. */
  readonly pieces: number;
  readonly textBytes: number;
  readonly finish: FinishReason | null;
  /** Whether the answer is complete; what follows is not read. */
  readonly done: boolean;
  /** What stands after the events that `push` has just returned: they are delivered first. Absent or null: nothing went wrong. */
  readonly failure?: Error | null;
  /**
   * @returns the events in these bytes, in order.
   * @throws BadReply for what is no answer, and with `said` for an error that the backend tells inside it.
   */
  push(chunk: Buffer): readonly ReplyEvent[];
  /** The body is complete. @throws BadReply when it ended in the middle. @returns what closes open parts. */
  end(): readonly ReplyEvent[];
}
