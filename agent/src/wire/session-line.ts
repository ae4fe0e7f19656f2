import type { Readable } from 'node:stream';
import { WireError } from './wire-error.ts';

/** What is said in ALPN by a connection that carries one session: a token in one line, `ok` in one line, then the session's bytes alone. */
export const SESSION_PROTOCOL = 'tandem-session';
/** The first version of the agents' protocol in which the server may ask for such a connection. */
export const SESSIONS_SINCE = 2;

/** The first line of a stream, without its end; what came after it is put back, and the stream is as nobody had read from it. @throws WireError when it ends, is longer, or comes too late. */
export function readLine(stream: Readable, mostBytes: number, signal: AbortSignal): Promise<string> {
  let seen = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      stream.off('readable', onReadable).off('close', onClose).off('end', onClose).off('error', onClose);
      signal.removeEventListener('abort', onLate);
      act();
    };
    const onLate = (): void => done(() => reject(new WireError('timeout', 'nothing was said in time')));
    const onClose = (): void => done(() => reject(new WireError('closed', 'the connection was closed before anything was said')));
    const onReadable = (): void => {
      for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) {
        const end = chunk.indexOf('\n');
        const line = end === -1 ? chunk : chunk.subarray(0, end);
        if (seen.length + line.length > mostBytes) return done(() => reject(new WireError('too_large', 'a first line that is too long')));
        seen = Buffer.concat([seen, line]);
        if (end === -1) continue;
        const rest = chunk.subarray(end + 1);
        return done(() => {
          if (rest.length > 0) stream.unshift(rest);
          resolve(seen.toString('utf8'));
        });
      }
    };
    if (signal.aborted) return onLate();
    signal.addEventListener('abort', onLate, { once: true });
    stream.on('readable', onReadable).on('close', onClose).on('end', onClose).on('error', onClose);
  });
}
