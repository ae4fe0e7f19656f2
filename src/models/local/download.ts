import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { EnvHttpProxyAgent, fetch } from 'undici';

/** An HTTP body that ends with an error when nothing arrives for this long. */
const STALL_MS = 20_000;

/**
 * Opens a URL for reading, through the proxy that the environment names, if any.
 * @throws Error when the answer is not 200, or the connection fails or stalls.
 */
export async function openUrl(url: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Readable> {
  const dispatcher = new EnvHttpProxyAgent({ headersTimeout: STALL_MS, bodyTimeout: STALL_MS, connect: { timeout: STALL_MS / 2 } });
  const closeAll = () => void dispatcher.destroy().catch(() => {});
  try {
    const response = await fetch(url, { dispatcher, signal, headers });
    if (response.status !== 200 || response.body === null) throw new Error(`${new URL(url).host} answered ${response.status}`);
    const body = Readable.fromWeb(response.body as ReadableStream);
    body.once('close', closeAll);
    return body;
  } catch (error) {
    closeAll();
    throw new Error(causeOf(error), { cause: error });
  }
}

/** Reads a small text. @throws Error also when it is longer than `mostBytes`. */
export async function readUrl(url: string, mostBytes: number, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of await openUrl(url, signal, headers)) {
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) throw new Error(`${new URL(url).host} answered more than ${mostBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Saves a URL to a new file of at most `mostBytes` and gives its SHA-256. */
export async function saveUrl(url: string, path: string, mostBytes: number, signal: AbortSignal, onBytes: (received: number) => void): Promise<string> {
  const hash = createHash('sha256');
  let received = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      hash.update(chunk);
      onBytes(received);
      done(received > mostBytes ? new Error(`it is longer than ${mostBytes} bytes`) : null, chunk);
    },
  });
  await pipeline(await openUrl(url, signal), meter, createWriteStream(path, { flags: 'wx' }), { signal });
  return hash.digest('hex');
}

/** The network's own words (ENOTFOUND …) are one level below fetch's "fetch failed". */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
