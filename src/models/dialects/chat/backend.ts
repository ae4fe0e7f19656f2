import { inputBound, outputLimit } from '../../neutral/bounds.ts';
import type { BackendDialect, OutRequest, TargetFacts } from '../../neutral/dialect.ts';
import type { MediaSource } from '../../neutral/parts.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { openaiEmbeddings } from '../embeddings/openai.ts';
import { isObject } from '../../request/json.ts';
import { writeBody } from './body.ts';
import { errorMessage } from './errors.ts';
import { CHAT_LOSSES } from './losses.ts';
import { ChatReader } from './reader.ts';
import { readReply } from './reply.ts';
import { unsigned } from './signed-calls.ts';

/** Servers that speak OpenAI's chat completions: OpenAI, vLLM, SGLang, llama.cpp's server and many more. */
export const chatBackend: BackendDialect = {
  name: 'chat',
  embeddings: openaiEmbeddings,
  native: 'chat',
  losses: CHAT_LOSSES,
  cannot,
  request: writeRequest,
  whole: (text, request) => readReply(text, request.dialect === 'chat', request.turnCount),
  reader: (request) => new ChatReader(request.dialect === 'chat', request.turnCount),
  errorMessage,
};

function cannot(request: NeutralRequest): string | null {
  if (request.dialect === 'chat') return null;
  if (request.needs.native !== null) return request.needs.native.what;
  if (request.media.files === 0) return null;
  const byAddress = (source: MediaSource) => source.kind !== 'base64';
  const found = request.conversation().turns.some(({ parts }) => parts.some((part) =>
    (part.type === 'file' && byAddress(part.source)) || (part.type === 'tool_result' && part.content.some((item) => item.type === 'file' && byAddress(item.source)))));
  return found ? 'a file that is named by an address' : null;
}

/**
 * The caller's body with the backend's model name, an output limit always, and the usage always asked for. Of a caller of the same
 * dialect everything else stays untouched.
 * @throws TandemError invalid_request when the caller's output limit is above the target's.
 */
function writeRequest(request: NeutralRequest, target: TargetFacts): OutRequest {
  const cap = outputLimit(request, target);
  const own = request.dialect === 'chat';
  const body: { [field: string]: unknown } = own ? { ...request.body, model: target.model } : { model: target.model, ...writeBody(request, request.conversation()) };
  // The tier is one of this house. What it buys on another server is not known, nor what it costs there. (Deleting what is not there
  // would make the object slow to write.)
  if (body['service_tier'] !== undefined) delete body['service_tier'];
  if (own && request.needs.tools && Array.isArray(body['messages'])) body['messages'] = unsigned(body['messages']);
  body[own && request.capField !== null ? request.capField : target.capField] = cap;
  if (request.stream) {
    const options = body['stream_options'];
    body['stream_options'] = isObject(options) ? { ...options, include_usage: true } : { include_usage: true };
  }
  const bytes = Buffer.from(JSON.stringify(body));
  const tools = body['tools'] ?? body['functions'];
  // Predicted text that is not used is billed as output by those who know the field.
  const { prediction } = body;
  return {
    method: 'POST', path: '/chat/completions', headers: [], body: bytes,
    textBytes: Math.max(0, bytes.length - request.media.characters),
    inputBound: inputBound(request, bytes.length, jsonBytes(tools), target),
    outputBound: (cap + jsonBytes(prediction)) * request.choices,
  };
}

function jsonBytes(value: unknown): number {
  return value == null ? 0 : Buffer.byteLength(JSON.stringify(value));
}
