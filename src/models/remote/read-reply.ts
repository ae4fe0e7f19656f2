import { isObject, type JsonObject } from '../request/json.ts';
import type { CollectedReply, Exchange } from './exchange.ts';
import { failed, inBandError, statusError } from './failure.ts';
import type { RemoteBackend } from './remote-backend.ts';

/** A whole answer as an object that may be changed. @throws TandemError for everything that is no answer. */
export function readReply(backend: RemoteBackend, exchange: CollectedReply): { [field: string]: unknown } {
  if (exchange.status !== 200) throw statusError(backend.words, exchange.status, exchange.text(), header(exchange, 'retry-after'));
  let reply: unknown;
  try {
    reply = JSON.parse(exchange.text());
  } catch {
    throw failed(backend.words, 'its answer is not valid JSON', `content-type ${header(exchange, 'content-type') ?? 'none'}`);
  }
  if (!isObject(reply)) throw failed(backend.words, 'its answer is not a JSON object');
  if (reply['error'] != null) throw inBandError(backend.words, reply['error']);
  if (!Array.isArray(reply['choices']) || reply['choices'].length === 0) throw failed(backend.words, 'its answer has no choices');
  return reply;
}

/** What can be said of an answer without its usage: why it ended, how many choices it has and how long they are. */
export function choicesOf(reply: JsonObject): { finishReason: string | null; pieces: number; textBytes: number } {
  let finishReason: string | null = null;
  let pieces = 0;
  let textBytes = 0;
  for (const choice of reply['choices'] as unknown[]) {
    if (!isObject(choice)) continue;
    if (typeof choice['finish_reason'] === 'string') finishReason = choice['finish_reason'];
    const message = choice['message'];
    if (!isObject(message)) continue;
    pieces += 1;
    if (reply['usage'] == null) textBytes += Buffer.byteLength(JSON.stringify(message));
  }
  return { finishReason, pieces, textBytes };
}

/** The first value of a header. */
export function header(exchange: Exchange, name: string): string | undefined {
  const value = exchange.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
