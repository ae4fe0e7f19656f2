import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { BACKEND_DIALECTS } from '../dialects.ts';

export type Fault = 'busy' | 'refused' | 'failed';

/** An error that a backend tells inside a stream, in its published wire form, as bytes that end an answer. No server made them. */
export const FAILS: Readonly<Record<keyof typeof BACKEND_DIALECTS, (fault: Fault) => Buffer>> = {
  /** OpenAI's error object (API reference, "Error codes"), as vLLM and OpenRouter put it into a stream. */
  chat: (fault) => sse({ error: { message: 'So it is.', ...{ busy: { type: 'rate_limit_error', code: 'rate_limit_exceeded' }, refused: { type: 'BadRequestError', code: 400 }, failed: { type: 'server_error', code: null } }[fault] } }),
  /** openai 7.57, `ResponseErrorEvent`. */
  responses: (fault) => sse({ type: 'error', code: { busy: 'rate_limit_exceeded', refused: 'invalid_prompt', failed: 'server_error' }[fault], message: 'So it is.', param: null, sequence_number: 9 }),
  /** API reference, "Errors". */
  messages: (fault) => sse({ type: 'error', error: { type: { busy: 'overloaded_error', refused: 'invalid_request_error', failed: 'api_error' }[fault], message: 'So it is.' } }),
  /** `google.rpc.Status`, as it stands in Google's answers. */
  gemini: (fault) => sse({ error: { ...{ busy: { code: 429, status: 'RESOURCE_EXHAUSTED' }, refused: { code: 400, status: 'INVALID_ARGUMENT' }, failed: { code: 500, status: 'INTERNAL' } }[fault], message: 'So it is.' } }),
  /** @aws-sdk/client-bedrock-runtime 3.1164, the exceptions of `ConverseStreamOutput`. */
  bedrock: (fault) => Buffer.from(codec.encode({
    headers: {
      ':message-type': { type: 'string', value: 'exception' }, ':exception-type': { type: 'string', value: { busy: 'throttlingException', refused: 'validationException', failed: 'modelStreamErrorException' }[fault] },
      ':content-type': { type: 'string', value: 'application/json' },
    }, body: Buffer.from(JSON.stringify({ message: 'So it is.' })),
  })),
};

const codec = new EventStreamCodec((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(), (text) => Buffer.from(text));

function sse(value: Record<string, unknown>): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

/** So many events of a stream. */
export function firstEvents(stream: Buffer, count: number, framed: boolean): Buffer {
  let end = 0;
  for (let at = 0; at < count; at += 1) end = framed ? end + stream.readUInt32BE(end) : stream.indexOf('\n\n', end) + 2;
  return stream.subarray(0, end);
}
