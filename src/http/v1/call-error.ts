import type { Authenticate } from '../caller/authenticate.ts';
import type { CallRequest } from '../exchange.ts';
import { knownError } from '../errors/render.ts';
import type { CallError } from '../faces.ts';

const MODEL = Symbol('the model that a failed call asked for');
type Marked = CallRequest & { [MODEL]?: string };

/** The dialect of a path, as usage events name it. */
const DIALECTS: Readonly<Record<string, string>> = { '/v1/chat/completions': 'chat', '/v1/responses': 'responses', '/v1/messages': 'messages', '/v1/embeddings': 'embeddings' };

/** Notes on a request whose call failed which model it was for; calls that end well carry nothing. */
export function markModel(request: CallRequest, body: unknown): void {
  const model = typeof body === 'object' && body !== null ? (body as { readonly model?: unknown }).model : undefined;
  if (typeof model === 'string') (request as Marked)[MODEL] = model;
}

/**
 * What is known of a call that is answered with an error. Who called is asked again: errors are few, and the path of
 * good calls then needs to keep nothing for them. Undefined for a stranger who asks for what is not there.
 * @param model The one that was asked for, where a connection carries several calls.
 */
export async function callErrorOf(request: CallRequest, path: string, id: string, thrown: unknown, authenticate: Authenticate, model: unknown = (request as Marked)[MODEL]): Promise<CallError | undefined> {
  const error = knownError(thrown, id);
  const principal = error.status === 401 ? null : await Promise.resolve().then(() => authenticate(request, false)).catch(() => null);
  if (principal === null && error.status !== 401) return undefined;
  const dialect = Object.entries(DIALECTS).find(([start]) => path === start || path.startsWith(`${start}/`))?.[1] ?? 'other';
  return { id, principal, model: typeof model === 'string' ? model : null, dialect, error };
}
