import { TandemError, isTandemError } from '../base/index.ts';
import type { ReplySink } from './reply-sink.ts';

/** Tells an error inside a stream that has begun, in OpenAI's form, and ends it without `[DONE]`: SDKs throw at it. */
export function writeErrorFrame(sink: ReplySink, error: unknown, callId: string): void {
  sink.end(`data: ${JSON.stringify({ error: errorObject(isTandemError(error) ? error : new TandemError('internal', { params: { requestId: callId }, cause: error })) })}\n\n`);
}

function errorObject(error: TandemError): Record<string, unknown> {
  return { message: `${error.message} ${error.next}`, type: error.type, param: error.param ?? null, code: error.code };
}
