import type { IncomingMessage } from 'node:http';
import { TandemError } from '../../base/index.ts';
import type { CallRequest } from '../exchange.ts';

/**
 * Reads a JSON request's body whole. Refuses by its headers before a byte is read where they tell,
 * and while reading as soon as the limit is passed, so memory stays within the limit.
 * @throws TandemError unsupported_media_type, unsupported_encoding, payload_too_large
 */
export function readJsonBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const refusal = refusedByHeaders(request, limitBytes);
  if (refusal) return Promise.reject(refusal);
  return readBytes(request, limitBytes);
}

/** The body of a request that was read whole already. @throws TandemError as `readJsonBody`. */
export function wholeJsonBody(request: CallRequest & { readonly body: Buffer }, limitBytes: number): Buffer {
  const refusal = refusedByHeaders(request, limitBytes);
  if (refusal) throw refusal;
  return request.body;
}

function refusedByHeaders(request: CallRequest, limitBytes: number): TandemError | undefined {
  const type = request.headers['content-type'];
  if (type !== 'application/json' && !isJson(type)) {
    return new TandemError('unsupported_media_type', { params: { given: type === undefined || type === '' ? '(none)' : type } });
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return new TandemError('unsupported_encoding', { params: { given: encoding } });
  return Number(request.headers['content-length'] ?? 0) > limitBytes ? tooLarge(limitBytes) : undefined;
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type);
}

function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        // What still comes is thrown away unread; the reply goes out and the connection closes.
        first = rest = undefined;
        request.removeAllListeners('data');
        reject(tooLarge(limitBytes));
      } else if (first === undefined) {
        first = chunk;
      } else {
        (rest ??= [first]).push(chunk);
      }
    });
    request.on('end', () => resolve(rest ? Buffer.concat(rest, size) : (first ?? Buffer.alloc(0))));
    // Every request closes; only one that closes before its end is broken. Node raises no error where nobody listens for it.
    request.on('close', () => {
      if (!request.complete) reject(gone());
    });
  });
}

function tooLarge(limit: number): TandemError {
  return new TandemError('payload_too_large', { params: { limit } });
}

/** Nobody reads this one: the connection broke before the body was complete. */
function gone(): TandemError {
  return new TandemError('malformed_request', { params: { reason: 'the body did not arrive' } });
}
