import { ApiError, SAME_ORIGIN, errorOf } from './client.ts';
import type { Schemas } from './client.ts';

export type Chunk = Schemas['ChatChunk'];
export type Receipt = Schemas['ChatReceipt'];

/**
 * Streams one chat completion with the session's cookie. Yields each chunk as it comes.
 * @throws ApiError before the first chunk, or when the stream carries an error or ends without `[DONE]`.
 */
export async function* streamChat(body: Schemas['ChatRequest'], signal: AbortSignal): AsyncGenerator<Chunk> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST', credentials: 'same-origin', signal,
    headers: { ...SAME_ORIGIN, 'content-type': 'application/json', 'x-tandem-receipt': '1' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
  }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new ApiError(0, { code: 'server_unreachable', message: 'The server did not answer.', next: 'Check that it runs (./tandem doctor), then send again.' });
  });
  if (!response.ok || !response.body) throw await errorOf(response);
  const requestId = response.headers.get('x-request-id') ?? undefined;
  for await (const data of eventData(response.body)) {
    if (data === '[DONE]') return;
    const chunk = JSON.parse(data) as Chunk & { error?: { message: string; code: string | null } };
    if (chunk.error) throw new ApiError(502, { code: chunk.error.code ?? 'stream_failed', message: chunk.error.message, next: 'Send again; you pay only for what arrived.', requestId });
    yield chunk;
  }
  throw new ApiError(502, { code: 'stream_cut', message: 'The reply broke off before its end.', next: 'Send again; you pay only for what arrived.', requestId });
}

/** The `data` of each server-sent event of a byte stream, however the bytes were cut into pieces. */
export async function* eventData(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const events = rest.split(/\r?\n\r?\n/);
      rest = events.pop() ?? '';
      for (const event of events) {
        const data = event.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).replace(/^ /, ''));
        if (data.length > 0) yield data.join('\n');
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
