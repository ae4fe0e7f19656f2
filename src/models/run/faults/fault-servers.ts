import { readFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { FakeBackend } from '../../testing/fake-backend.ts';
import { COMPLETION, STREAM } from '../../testing/openai-fixtures.ts';

/** A stand-in for a backend with a fault, on a real socket. */
export interface FaultyBackend {
  readonly url: string;
  /** Requests that came in; connections where no request can. */
  readonly calls: () => number;
  readonly stop: () => Promise<void>;
  /** Resolves when it has been asked and does nothing more: then the clock may go on. */
  readonly waits?: Promise<void>;
}

type Answer = FakeBackend['answer'];
const words = (count: number) => STREAM.slice(0, count);
const STREAM_HEAD = { 'content-type': 'text/event-stream' };

/** A server of HTTP that answers by what the case says. */
export async function http(answer: (backend: FakeBackend, waits: () => void) => Answer): Promise<FaultyBackend> {
  const backend = new FakeBackend();
  const url = await backend.start();
  let waiting = () => {};
  const waits = new Promise<void>((resolve) => { waiting = resolve; });
  backend.answer = answer(backend, () => waiting());
  return { url, calls: () => backend.requests.length, stop: () => backend.stop(), waits };
}

export const status = (code: number, headers: Record<string, string> = {}) => http(() => (response) => { response.writeHead(code, { 'content-type': 'application/json', ...headers }).end('{"error":{"message":"no"}}'); });

export const reset = () => http(() => (response) => { response.socket?.resetAndDestroy(); });

export const resetAfterHead = () => http(() => (response, { body }) => {
  response.writeHead(200, body['stream'] === true ? STREAM_HEAD : { 'content-type': 'application/json' });
  response.flushHeaders();
  setImmediate(() => response.socket?.resetAndDestroy());
});

/** So much of a whole answer or of a stream, then the connection breaks, ends, or goes silent. */
export const partly = (pieces: number, then: 'reset' | 'end' | 'silence') => http((_, waiting) => async (response, { body }) => {
  const streamed = body['stream'] === true;
  response.writeHead(200, streamed ? STREAM_HEAD : { 'content-type': 'application/json' });
  for (const piece of streamed ? words(pieces) : [JSON.stringify(COMPLETION).slice(0, 40)]) {
    await new Promise<void>((resolve) => { response.write(piece, () => resolve()); });
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  if (then === 'reset') response.socket?.resetAndDestroy();
  else if (then === 'end') response.end();
  else waiting();
});

export const silent = () => http((_, waiting) => () => waiting());

export const body = (type: string, text: string) => http(() => (response) => { response.writeHead(200, { 'content-type': type }).end(text); });

/** Status 200, and an error where an answer should be. */
export const inside = (error: Record<string, unknown>) => http(() => (response, { body: asked }) => {
  const text = JSON.stringify({ error });
  if (asked['stream'] === true) response.writeHead(200, STREAM_HEAD).end(`data: ${text}\n\n`);
  else response.writeHead(200, { 'content-type': 'application/json' }).end(text);
});

export const healthy = () => http(() => (response, { body: asked }) => {
  if (asked['stream'] === true) response.writeHead(200, STREAM_HEAD).end(STREAM.join(''));
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMPLETION));
});

/** Fails every second call. */
export const flapping = () => {
  let calls = 0;
  return http(() => (response, { body: asked }) => {
    calls += 1;
    if (calls % 2 === 1) response.writeHead(500).end();
    else if (asked['stream'] === true) response.writeHead(200, STREAM_HEAD).end(STREAM.join(''));
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMPLETION));
  });
};

/** Takes a connection and resets it before a byte of the request is read. */
export const resetAtOnce = () => plain(createServer(), 'http');

/** Nobody listens there any more. */
export async function refusing(): Promise<FaultyBackend> {
  const gone = await plain(createServer(), 'http');
  await gone.stop();
  return { ...gone, calls: () => 0 };
}

/** HTTPS with the test certificate of the room `http`, which nobody has signed. */
export function untrusted(): Promise<FaultyBackend> {
  const folder = join(import.meta.dirname, '../../../http/listen/fixtures');
  return plain(createHttps({ cert: readFileSync(join(folder, 'old.cert.pem')), key: readFileSync(join(folder, 'old.key.pem')) }), 'https');
}

/** A name that is reserved for having no address (RFC 6761). */
export const nameless = (): Promise<FaultyBackend> => Promise.resolve({ url: 'http://backend.invalid/v1', calls: () => 0, stop: () => Promise.resolve() });

async function plain(server: Server, scheme: 'http' | 'https'): Promise<FaultyBackend> {
  let connections = 0;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    if (scheme === 'http') socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, calls: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}
