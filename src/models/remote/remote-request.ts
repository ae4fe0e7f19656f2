import { TandemError } from '../../base/index.ts';
import type { Target } from '../registry/target.ts';
import type { ChatRequest } from '../request/chat-request.ts';
import { isObject } from '../request/json.ts';

/** What is sent to a backend, and what it can use at most. */
export interface RemoteRequest {
  /** As bytes: they are counted here and sent as they are. */
  readonly body: Buffer;
  /** Prompt tokens at most. */
  readonly inputBound: number;
  /** Answer tokens at most, over all choices. */
  readonly outputBound: number;
  /** Bytes that a model may read as text; for the guess where a backend gives no count. */
  readonly textBytes: number;
}

/** Of vLLM's models the most tokens for one image: Qwen2-VL's default `max_pixels` (16,384). */
const IMAGE_TOKENS = 16_384;
/** What a chat template puts around a message (role and separators), and around the whole. */
const MESSAGE_TOKENS = 16;
const TEMPLATE_TOKENS = 512;

/**
 * The caller's body for the backend: its model's name, an output limit always, and the usage always asked for;
 * everything else untouched.
 *
 * The bound of the input: a token is at least one byte of UTF-8, and JSON never writes text shorter than it is, so
 * the body's bytes bound the text. Tools count twice, since templates print them indented.
 * @throws TandemError invalid_request when the caller's output limit is above the alias's.
 */
export function remoteRequest(request: ChatRequest, target: Target): RemoteRequest {
  const cap = outputCap(request, target);
  const body: { [field: string]: unknown } = { ...request.body, model: target.backendModel };
  body[request.capField ?? target.capField] = cap;
  if (request.stream) {
    const options = request.body['stream_options'];
    body['stream_options'] = isObject(options) ? { ...options, include_usage: true } : { include_usage: true };
  }
  const bytes = Buffer.from(JSON.stringify(body));
  const { images, imageCharacters } = request.facts;
  const textBytes = bytes.length - imageCharacters;
  const tools = request.body['tools'] ?? request.body['functions'];
  const toolBytes = tools == null ? 0 : Buffer.byteLength(JSON.stringify(tools));
  const bound = textBytes + toolBytes + images * IMAGE_TOKENS + request.messages.length * MESSAGE_TOKENS + TEMPLATE_TOKENS;
  const prediction = request.body['prediction'];
  const predicted = prediction == null ? 0 : Buffer.byteLength(JSON.stringify(prediction));
  return {
    body: bytes, textBytes,
    inputBound: target.contextTokens === null ? bound : Math.min(bound, target.contextTokens),
    // Predicted text that is not used is billed as output by those who know the field.
    outputBound: (cap + predicted) * request.choices,
  };
}

/** @throws TandemError invalid_request when the caller asks for more than the alias allows. */
export function outputCap(request: ChatRequest, target: Target): number {
  const asked = request.maxTokens ?? target.maxOutputTokens;
  if (asked <= target.maxOutputTokens) return asked;
  const field = request.capField ?? target.capField;
  throw new TandemError('invalid_request', {
    param: field,
    params: { reason: `${field} is ${asked}, and ${target.alias} makes at most ${target.maxOutputTokens} tokens.` },
  });
}
