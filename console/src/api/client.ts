import type { components, paths } from '../../../src/cli/client/schema.ts';

export type Schemas = components['schemas'];
type Method = 'get' | 'post' | 'patch' | 'delete';
/** The paths that have an operation of this method. */
export type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, unknown> ? P : never }[keyof paths];
export type OperationOf<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;

type Json<T> = T extends { content: { 'application/json': infer J } } ? J : undefined;
/** What a success replies with; undefined for 204. */
export type ReplyOf<P extends keyof paths, M extends Method> = OperationOf<P, M> extends { responses: infer R }
  ? R extends { 200: infer S } ? Json<S> : R extends { 201: infer S } ? Json<S> : undefined : never;
export type BodyOf<P extends keyof paths, M extends Method> = OperationOf<P, M> extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined;
type QueryIn<O> = O extends { parameters: { query?: infer Q } } ? Exclude<Q, undefined> : never;
/** The query of an operation, as its callers give it. */
export type QueryOf<P extends keyof paths, M extends Method> = QueryIn<OperationOf<P, M>>;
type PathOf<O> = O extends { parameters: { path: infer P } } ? P : never;

export interface Call<O, B> {
  /** Fills the `{name}` places of the path. */
  readonly path?: PathOf<O>;
  readonly query?: QueryIn<O>;
  readonly body?: B;
  readonly signal?: AbortSignal;
}

/** What the server (or its absence) answered, in the words that the page shows. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** A next step that works; empty where the message says it. */
  readonly next: string;
  /** The field that is wrong, in the API's notation. */
  readonly param: string | undefined;
  readonly requestId: string | undefined;

  constructor(status: number, error: { code: string; message: string; next: string; param?: string | undefined; requestId?: string | undefined }) {
    super(error.message);
    this.name = 'ApiError';
    this.status = status;
    this.code = error.code;
    this.next = error.next;
    this.param = error.param;
    this.requestId = error.requestId;
  }
}

/** Any thrown value as an ApiError: what is not one is a fault of the page itself. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ApiError(0, { code: 'page_failed', message: `This page failed: ${reason}.`, next: 'Reload the page. If it stays, report it with what you did before.' });
}

const unreachable = (): ApiError => new ApiError(0, {
  code: 'server_unreachable', message: 'The server did not answer.', next: 'Check that it runs and that this machine reaches it (./tandem doctor), then try again.',
});

/** The header that proves to the server that the call comes from a page of its own origin. */
export const SAME_ORIGIN = { 'x-tandem-csrf': '1' } as const;

/** Turns a refused response into an ApiError, for both error forms that the server has (`/api` and OpenAI's under `/v1`). */
export async function errorOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const body: unknown = await response.json().catch(() => undefined);
  const error = typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'object' && body.error !== null ? body.error as Record<string, unknown> : {};
  const text = (name: string): string | undefined => (typeof error[name] === 'string' ? error[name] : undefined);
  return new ApiError(response.status, {
    code: text('code') ?? `http_${response.status}`,
    message: text('message') ?? `The server answered ${response.status} without a reason.`,
    // OpenAI's form has no field for it: there the message ends with the next step.
    next: text('next') ?? (text('type') === undefined ? 'Try again. If it stays, run ./tandem doctor.' : ''),
    param: text('param'), requestId: text('requestId') ?? requestId,
  });
}

async function call<P extends keyof paths, M extends Method>(method: M, path: P, options: Call<OperationOf<P, M>, BodyOf<P, M>> = {}): Promise<ReplyOf<P, M>> {
  const places = (options.path ?? {}) as Record<string, string>;
  const query = Object.entries((options.query ?? {}) as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(places[name] ?? ''))
    + (query.length === 0 ? '' : `?${new URLSearchParams(query.map(([name, value]) => [name, String(value)]))}`);
  const response = await fetch(address, {
    method: method.toUpperCase(), credentials: 'same-origin',
    headers: options.body === undefined ? SAME_ORIGIN : { ...SAME_ORIGIN, 'content-type': 'application/json' },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal ? { signal: options.signal } : {}),
  }).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  });
  if (!response.ok) throw await errorOf(response);
  // The contract's table decides the form; the server's tests hold its replies to it.
  return (response.status === 204 ? undefined : await response.json()) as ReplyOf<P, M>;
}

/** A file of the control API as text, no larger than so many bytes. @throws ApiError */
export async function readFile(address: string, mostBytes: number, signal: AbortSignal): Promise<string> {
  const response = await fetch(address, { credentials: 'same-origin', headers: SAME_ORIGIN, signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw unreachable();
  });
  if (!response.ok) throw await errorOf(response);
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for (const reader = response.body!.getReader(); ;) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > mostBytes) {
      await reader.cancel();
      throw new ApiError(0, { code: 'file_too_large', message: 'The file is larger than this page shows.', next: 'Write it to a file by the command line.' });
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The control API, typed by the generated schema. Every method throws ApiError. */
export const api = {
  get: <P extends PathsWith<'get'>>(path: P, options?: Call<OperationOf<P, 'get'>, BodyOf<P, 'get'>>) => call('get', path, options),
  post: <P extends PathsWith<'post'>>(path: P, options?: Call<OperationOf<P, 'post'>, BodyOf<P, 'post'>>) => call('post', path, options),
  patch: <P extends PathsWith<'patch'>>(path: P, options?: Call<OperationOf<P, 'patch'>, BodyOf<P, 'patch'>>) => call('patch', path, options),
  delete: <P extends PathsWith<'delete'>>(path: P, options?: Call<OperationOf<P, 'delete'>, BodyOf<P, 'delete'>>) => call('delete', path, options),
};
