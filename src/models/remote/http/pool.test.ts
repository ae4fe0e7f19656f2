import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../../base/index.ts';
import { ConnectionPool } from './pool.ts';
import type { ReplyControl, ReplyHandler } from './reply-handler.ts';
import { requestHead } from './request-writer.ts';

const HELLO = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';

/** A STAND-IN for a backend on real sockets: each request is answered by what `answer` says. Requests have no body here. */
class RawBackend {
  readonly sockets: Socket[] = [];
  /** The paths that were asked for, and on which socket. */
  readonly asked: { readonly path: string; readonly socket: Socket }[] = [];
  answer: (socket: Socket, path: string) => void = (socket) => { socket.write(HELLO); };
  #server!: Server;
  #heard: () => void = () => {};

  async start(): Promise<number> {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => {}).on('data', (bytes) => {
        for (const [, path] of bytes.toString().matchAll(/^GET (\S+) /gm)) {
          this.asked.push({ path: path!, socket });
          this.#heard();
          this.answer(socket, path!);
        }
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async has(requests: number): Promise<void> {
    while (this.asked.length < requests) await new Promise<void>((resolve) => { this.#heard = resolve; });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }
}

class Heard implements ReplyHandler {
  control: ReplyControl | undefined;
  text = '';
  started = () => {};
  took: (control: ReplyControl) => void = () => {};
  readonly done: Promise<string>;
  #end: (what: string) => void = () => {};

  constructor() {
    this.done = new Promise((resolve) => { this.#end = resolve; });
  }

  onRequestStart(control: ReplyControl): void {
    this.control = control;
    this.started();
  }

  onResponseStart(_: ReplyControl, status: number): void {
    this.text += `${status} `;
  }

  onResponseData(control: ReplyControl, chunk: Buffer): void {
    this.text += chunk.toString();
    this.took(control);
  }

  onResponseEnd(): void {
    this.#end(this.text);
  }

  onResponseError(_: ReplyControl, error: Error & { code?: string }): void {
    this.#end(`${this.text}${error.code ?? error.message}`);
  }
}

let backend: RawBackend;
let port: number;
let clock: ManualClock;
let pool: ConnectionPool;

beforeEach(async () => {
  backend = new RawBackend();
  port = await backend.start();
  clock = new ManualClock();
  pool = poolOf(2);
});
afterEach(async () => {
  await pool.destroy();
  await backend.stop();
});

function poolOf(connections: number): ConnectionPool {
  return new ConnectionPool({
    connections, clock,
    connect: (onread, done) => {
      const socket = connect({ port, host: '127.0.0.1', onread });
      socket.once('connect', () => { done(null, socket); }).once('error', (error) => { done(error, null); });
    },
  });
}

function get(path: string, heard = new Heard()): Heard {
  pool.send(requestHead('GET', 'h', path, []), null, heard);
  return heard;
}

/** The client's side has closed it. */
const settled = (socket: Socket) => new Promise<void>((resolve) => { socket.once('close', () => { resolve(); }); });

test('a connection is kept for the next request', async () => {
  for (const path of ['/1', '/2', '/3']) expect(await get(path).done).toBe('200 hello');
  expect(backend.sockets).toHaveLength(1);
});

test('no more connections are made than there may be; who came first is served first', async () => {
  const waiting: Socket[] = [];
  backend.answer = (socket) => { waiting.push(socket); };
  const heard = ['/1', '/2', '/3', '/4'].map((path) => get(path));
  await backend.has(2);
  expect(backend.sockets).toHaveLength(2);
  backend.answer = (socket) => { socket.write(HELLO); };
  for (const socket of waiting) socket.write(HELLO);
  expect(await Promise.all(heard.map(({ done }) => done))).toEqual(Array(4).fill('200 hello'));
  expect(backend.asked.map(({ path }) => path).slice(2)).toEqual(['/3', '/4']);
  expect(backend.sockets).toHaveLength(2);
});

test.each([
  ['does not say', '', 3_900, 4_100], ['says five seconds', 'keep-alive: timeout=5\r\n', 2_900, 3_100], ['says an hour', 'keep-alive: max=9, timeout=3600\r\n', 599_000, 601_000],
])('an idle connection is used no more when the backend %s', async (_, field, still, noMore) => {
  backend.answer = (socket) => { socket.write(HELLO.replace('\r\n', `\r\n${field}`)); };
  await get('/1').done;
  clock.advance(still);
  await get('/2').done;
  expect(backend.sockets).toHaveLength(1);
  clock.advance(noMore);
  await get('/3').done;
  expect(backend.sockets).toHaveLength(2);
});

test.each([
  ['the backend says so', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello', '200 hello'],
  ['the backend keeps it for too short a time', HELLO.replace('\r\n', '\r\nkeep-alive: timeout=2\r\n'), '200 hello'],
  ['more came than the reply', `${HELLO}HTTP/1.1 200 OK\r\n`, '200 hello'],
  ['what came was no reply', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 'BAD_HTTP'],
  ['the reply broke its own form', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!', '200 helloBAD_HTTP'],
])('a connection is not used again when %s', async (_, bytes, expected) => {
  backend.answer = (socket) => { socket.write(bytes); };
  expect(await get('/1').done).toBe(expected);
  backend.answer = (socket) => { socket.write(HELLO); };
  expect(await get('/2').done).toBe('200 hello');
  expect(backend.sockets).toHaveLength(2);
});

test('bytes that nobody asked for end an idle connection', async () => {
  await get('/1').done;
  const [socket] = backend.sockets;
  socket!.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
  await settled(socket!);
  expect(await get('/2').done).toBe('200 hello');
  expect(backend.sockets).toHaveLength(2);
});

test('a backend that closes an idle connection is asked on a new one', async () => {
  await get('/1').done;
  const [socket] = backend.sockets;
  socket!.end();
  await settled(socket!);
  expect(await get('/2').done).toBe('200 hello');
});

test.each([
  ['before any byte', '', 'CONNECTION_CLOSED'], ['in the head', 'HTTP/1.1 200 OK\r\ncont', 'REPLY_CUT'], ['in the body', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel', '200 helREPLY_CUT'],
  ['between chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n', '200 helloREPLY_CUT'], ['at the end of a body without a length', 'HTTP/1.1 200 OK\r\n\r\nhello', '200 hello'],
])('a connection that the backend closes %s', async (_, bytes, expected) => {
  backend.answer = (socket) => { socket.end(bytes); };
  expect(await get('/1').done).toBe(expected);
});

test('a request that is given up before it is sent costs no connection', async () => {
  await get('/1').done;
  const heard = new Heard();
  heard.started = () => { heard.control!.abort(new Error('given up')); };
  expect(await get('/2', heard).done).toBe('given up');
  expect(await get('/3').done).toBe('200 hello');
  expect([backend.sockets.length, backend.asked.map(({ path }) => path)]).toEqual([1, ['/1', '/3']]);
});

test('a request that is given up later cuts its connection', async () => {
  backend.answer = () => {};
  const heard = get('/1');
  await backend.has(1);
  const cut = settled(backend.sockets[0]!);
  heard.control!.abort(new Error('given up'));
  expect(await heard.done).toBe('given up');
  await cut;
});

test('who has had its reply holds the connection no more', async () => {
  const first = get('/1');
  await first.done;
  backend.answer = () => {};
  const second = get('/2');
  await backend.has(2);
  first.control!.abort(new Error('too late'));
  first.control!.pause();
  backend.sockets[0]!.write(HELLO);
  expect(await second.done).toBe('200 hello');
});

test('a pause holds back what is read already, and what is not', async () => {
  backend.answer = (socket) => { socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(3)}0\r\n\r\n`); };
  const seen: string[] = [];
  const heard = new Heard();
  let resume = () => {};
  const paused = () => new Promise<void>((resolve) => {
    heard.took = (control) => {
      control.pause();
      seen.push(heard.text);
      resume = () => { control.resume(); };
      resolve();
    };
  });
  let next = paused();
  const { done } = get('/1', heard);
  for (const text of ['200 a', '200 aa', '200 aaa']) {
    await next;
    expect(seen.at(-1)).toBe(text);
    next = paused();
    resume();
  }
  expect(await done).toBe('200 aaa');
  expect(seen).toHaveLength(3);
});

test('a pause that is taken back at once changes nothing', async () => {
  backend.answer = (socket) => { socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(3)}0\r\n\r\n`); };
  for (const path of ['/1', '/2']) {
    const heard = new Heard();
    heard.took = (control) => {
      control.pause();
      control.resume();
    };
    expect(await get(path, heard).done).toBe('200 aaa');
  }
  expect(backend.sockets).toHaveLength(1);
});

test('a slow reader holds its backend back', async () => {
  const body = Buffer.alloc(32 * 1024 * 1024, 'x');
  let flowed = false;
  backend.answer = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body, () => { flowed = true; });
  };
  const heard = new Heard();
  const begun = new Promise<ReplyControl>((resolve) => {
    heard.took = (control) => {
      control.pause();
      heard.took = () => {};
      resolve(control);
    };
  });
  const { done } = get('/1', heard);
  const control = await begun;
  pool.send(requestHead('GET', 'h', '/2', []), null, new Heard());
  await backend.has(2);
  expect([flowed, heard.text.length < body.length / 2]).toEqual([false, true]);
  control.resume();
  expect((await done).length).toBe(4 + body.length);
});

test('each connection that fails is told to one request', async () => {
  await backend.stop();
  const heard = ['/1', '/2', '/3'].map((path) => get(path));
  expect(await Promise.all(heard.map(({ done }) => done))).toEqual(Array(3).fill('ECONNREFUSED'));
});

test('closing lets what runs and what waits end, and takes nothing new', async () => {
  pool = poolOf(1);
  backend.answer = () => {};
  const heard = [get('/1'), get('/2')];
  await backend.has(1);
  const closed = pool.close();
  expect(await get('/3').done).toBe('POOL_CLOSED');
  backend.answer = (socket) => { socket.write(HELLO); };
  backend.sockets[0]!.write(HELLO);
  expect(await Promise.all(heard.map(({ done }) => done))).toEqual(['200 hello', '200 hello']);
  await closed;
});

test('destroying cuts what runs and what waits', async () => {
  pool = poolOf(1);
  backend.answer = () => {};
  const heard = [get('/1'), get('/2')];
  await backend.has(1);
  await pool.destroy();
  expect(await Promise.all(heard.map(({ done }) => done))).toEqual(['POOL_CLOSED', 'POOL_CLOSED']);
});
