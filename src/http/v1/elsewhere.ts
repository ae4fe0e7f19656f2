import { TandemError } from '../../base/index.ts';

const CHAT = '/v1/chat/completions';

/** Routes that callers know from other servers, and what does the same here. The first match counts. */
const INSTEAD: readonly (readonly [prefix: string, instead: string])[] = [
  ['/v1/messages/batches', '/v1/batches with the endpoint /v1/messages'],
  ['/v1/completions', `${CHAT} with one user message`],
  ['/v1/assistants', '/v1/responses with previous_response_id'],
  ['/v1/threads', '/v1/responses with previous_response_id'],
  ['/v1/conversations', '/v1/responses with previous_response_id'],
  ['/v1/uploads', `${CHAT} with the text of the file in a message`],
  ['/v1/vector_stores', `${CHAT} with the text of the file in a message`],
  ['/v1/moderations', `${CHAT} with an instruction to classify and a JSON schema as response_format`],
  ['/v1/rerank', `${CHAT} with an instruction to order and a JSON schema as response_format`],
  ['/v1/score', `${CHAT} with an instruction to order and a JSON schema as response_format`],
  ['/v1/audio', 'a server that serves audio, called directly: audio has no dialect here yet'],
  ['/v1/images', 'a server that makes images, called directly: chat models here read images, and make none'],
  ['/v1/videos', 'a server that makes videos, called directly'],
  ['/v1/realtime', `${CHAT} with stream: true`],
  ['/v1/fine_tuning', 'a trained model as a backend: give it an alias with POST /api/models'],
  ['/v1/evals', `${CHAT} once per case`],
  ['/v1/organization', 'the control API under /api, described at /openapi.json'],
  ['/v1/usage', 'GET /api/usage'],
];

/** What callers know under /v1; without it they ask for nothing that is here. */
const WITHOUT_V1 = /^\/(?:chat\/completions|completions|responses|messages|messages\/count_tokens|embeddings|files|batches)\/?$/;

/** The answer for a path that a wrong base URL makes; undefined for any other path. */
export function baseUrlMistake(path: string): TandemError | undefined {
  const why = path.startsWith('/v1/v1/') ? 'the base URL has /v1 once too often' : WITHOUT_V1.test(path) ? 'the base URL lacks /v1' : path.startsWith('/v1/') && path.endsWith('/') ? 'the path ends with a slash' : undefined;
  return why === undefined ? undefined : new TandemError('base_url_wrong', { params: { path, why } });
}

/** The answer for a route under /v1 that is not served: never a bare 404, always what to use. */
export function elsewhere(path: string): TandemError {
  const mistake = baseUrlMistake(path);
  if (mistake !== undefined) return mistake;
  const found = INSTEAD.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return new TandemError('not_implemented', { params: { path, instead: found?.[1] ?? `${CHAT} or /v1/models; /openapi.json has every route` } });
}
