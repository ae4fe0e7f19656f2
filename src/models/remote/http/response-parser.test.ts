import { createServer, type AddressInfo, type Server } from 'node:net';
import { request, type IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ResponseParser } from './response-parser.ts';

/** What a reply's bytes say; undefined: that they are no reply. */
interface Read {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Reads one reply from pieces, then the connection's end. */
function read(pieces: readonly Buffer[]): (Read & { readonly kept: boolean; readonly left: number }) | undefined {
  let found: { status: number; headers: Readonly<Record<string, unknown>>; kept: boolean } | undefined;
  const body: Buffer[] = [];
  const sink = {
    halted: false,
    head: (head: { status: number; headers: object; kept: boolean }) => { found = { status: head.status, headers: { ...head.headers }, kept: head.kept }; },
    body: (chunk: Buffer) => { body.push(chunk); },
    end: () => { sink.halted = true; },
  };
  const parser = new ResponseParser(sink);
  let left = 0;
  try {
    for (const piece of pieces) left += piece.length - (sink.halted ? 0 : parser.push(piece));
    if (!sink.halted) parser.close();
  } catch {
    return undefined;
  }
  return found && { ...found, body: Buffer.concat(body).toString('latin1'), left };
}

const whole = (text: string) => read([Buffer.from(text, 'latin1')]);

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((to, index) => bytes.subarray(at[index], to));
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('a reply', () => {
  test.each([
    ['with a length', `${OK}Content-Length: 5\r\n\r\nhello`, 'hello', true],
    ['in chunks', `${OK}Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A;x;y=z;q="a\\"b"\r\n0123456789\r\n0\r\nx-sum: 7\r\n\r\n`, 'abc0123456789', true],
    ['until the connection closes', `${OK}\r\nall of it`, 'all of it', false],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', '', true],
    ['that may not have a body but tells a length', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n', '', false],
    ['of an older version', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\n1', '1', false],
    ['that ends its connection', `${OK}Connection: x, Close\r\ncontent-length: 1\r\n\r\n1`, '1', false],
    ['behind informational ones', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${OK}content-length: 1\r\n\r\n1`, '1', true],
    ['without a reason', 'HTTP/1.1 200\r\ncontent-length: 1\r\n\r\n1', '1', true],
  ])('%s', (_, text, body, kept) => {
    expect(whole(text)).toMatchObject({ body, kept, left: 0 });
  });

  test('gives its fields in lower case, without white space around them, and several of a name as one', () => {
    expect(whole(`${OK}X-A:  one \t\r\nx-a:two\r\nX-Empty:\r\n__proto__: x\r\nset-cookie: a=b\r\ncontent-length:0\r\n\r\n`)!.headers).toEqual({ 'x-a': 'one, two', 'x-empty': '', ['__proto__']: 'x', 'content-length': '0' });
  });

  test('that is followed by more leaves it unread', () => {
    expect(whole(`${OK}content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n`)).toMatchObject({ body: 'ok', left: 17 });
  });

  test.each([
    ['two lengths', `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\n12`],
    ['the same length twice', `${OK}content-length: 1\r\ncontent-length: 1\r\n\r\n1`],
    ['a list of lengths', `${OK}content-length: 1, 1\r\n\r\n1`],
    ['a length with a sign', `${OK}content-length: +1\r\n\r\n1`],
    ['a negative length', `${OK}content-length: -1\r\n\r\n1`],
    ['a hexadecimal length', `${OK}content-length: 0x1\r\n\r\n1`],
    ['no length where one is named', `${OK}content-length:\r\n\r\n1`],
    ['a length that is no exact number', `${OK}content-length: 99999999999999999\r\n\r\n1`],
    ['a length beside a transfer coding', `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a transfer coding beside a length', `${OK}transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n0\r\n\r\n`],
    ['a coding that was not asked for', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['a coding twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded field', `${OK}x-a: one\r\n two\r\ncontent-length: 0\r\n\r\n`],
    ['white space before the colon', `${OK}content-length : 0\r\n\r\n`],
    ['a field without a name', `${OK}: 0\r\ncontent-length: 0\r\n\r\n`],
    ['a field without a colon', `${OK}x-a\r\ncontent-length: 0\r\n\r\n`],
    ['a bare LF', `${OK}x-a: one\ncontent-length: 0\r\n\r\n`],
    ['a bare CR', `${OK}x-a: one\rcontent-length: 0\r\n\r\n`],
    ['a NUL', `${OK}x-a: o\0ne\r\ncontent-length: 0\r\n\r\n`],
    ['line ends of LF alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
    ['another protocol', 'ICY 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['a version that is not spoken', 'HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
    ['another protocol to change to', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'],
    ['a body that ends early', `${OK}content-length: 5\r\n\r\nhell`],
    ['chunks that end early', `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`],
    ['a head that ends early', `${OK}content-length: 5\r\n`],
    ['a chunk without a size', `${OK}transfer-encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n`],
    ['a chunk with a sign', `${OK}transfer-encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n`],
    ['a chunk with white space behind its size', `${OK}transfer-encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n`],
    ['a chunk of an impossible size', `${OK}transfer-encoding: chunked\r\n\r\n1000000000000000\r\nhello\r\n0\r\n\r\n`],
    ['a chunk longer than its size', `${OK}transfer-encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n`],
    ['a chunk that ends in LF alone', `${OK}transfer-encoding: chunked\r\n\r\n5\nhello\n0\n\n`],
    ['a line end inside an extension', `${OK}transfer-encoding: chunked\r\n\r\n5;a="\r\n"\r\nhello\r\n0\r\n\r\n`],
    ['a trailer that is no field', `${OK}transfer-encoding: chunked\r\n\r\n0\r\nHTTP/1.1 200 OK\r\n\r\n`],
    ['too many fields', `${OK}${'x: y\r\n'.repeat(201)}content-length: 0\r\n\r\n`],
    ['too large a head', `${OK}x: ${'y'.repeat(65_536)}\r\n\r\n`],
    ['a head without an end', `${OK}x: ${'y'.repeat(70_000)}`],
    ['too many informational replies', `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3_000)}${OK}content-length: 0\r\n\r\n`],
    ['too long an extension', `${OK}transfer-encoding: chunked\r\n\r\n5;${'x'.repeat(2_000)}\r\nhello\r\n0\r\n\r\n`],
    ['too large a trailer', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(4_000)}\r\n`],
  ])('with %s is none', (_, text) => {
    expect(whole(text)).toBeUndefined();
    expect(read([...Buffer.from(text, 'latin1')].map((byte) => Buffer.of(byte)))).toBeUndefined();
  });

  test('is halted between two chunks of one piece, and goes on from there', () => {
    const seen: string[] = [];
    const sink = {
      halted: false, head: () => {}, end: () => { seen.push('end'); },
      body: (chunk: Buffer) => {
        seen.push(chunk.toString());
        sink.halted = true;
      },
    };
    const parser = new ResponseParser(sink);
    let bytes = Buffer.from(`${OK}transfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n`);
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'end']]) {
      sink.halted = false;
      bytes = bytes.subarray(parser.push(bytes));
      expect(seen).toEqual(expected);
    }
  });
});

/** Replies that are nearly right: each part is mostly as it should be. */
const token = fc.constantFrom('content-length', 'Content-Length', 'transfer-encoding', 'Transfer-Encoding', 'connection', 'Keep-Alive', 'x-a', 'X-B', 'content-type', 'upgrade', 'x a', 'x-é', '', ' x');
const value = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('0', '3', '5', '05', 'chunked', 'Chunked', 'gzip, chunked', 'identity', 'close', 'keep-alive', 'timeout=5', 'text/event-stream', '', ' 5', '5 ', '5\t', '+5', '5, 5', 'é\x80', 'h2c') }, { weight: 1, arbitrary: fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 6 }) });
const lineEnd = fc.oneof({ weight: 30, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\n ', '\r\r\n', '\n\r\n') });
const anyField = fc.tuple(token, fc.constantFrom(':', ': ', ':\t ', ' : ', ''), value, lineEnd).map((parts) => parts.join(''));
const rightField = fc.tuple(fc.constantFrom('x-a', 'X-B', 'Content-Type', 'keep-alive'), fc.constantFrom(':', ': ', ':\t '), fc.constantFrom('a', 'timeout=5', '', 'é\x80', ' x ')).map((parts) => `${parts.join('')}\r\n`);
const field = fc.oneof({ weight: 3, arbitrary: rightField }, { weight: 1, arbitrary: anyField });
const statusLine = fc.oneof({ weight: 10, arbitrary: fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 200', 'HTTP/1.1 204 No', 'HTTP/1.1 429 Too', 'HTTP/1.0 200 OK', 'HTTP/1.1 304 N', 'HTTP/1.1 100 Continue') }, { weight: 1, arbitrary: fc.constantFrom('HTTP/1.1  200 OK', 'HTTP/1.2 200 OK', 'http/1.1 200 OK', 'HTTP/1.1 20x OK', ' HTTP/1.1 200 OK', 'HTTP/1.1 200 O\x01K', 'HTTP/1.1\t200 OK') });
const chunk = fc.tuple(fc.constantFrom('1', '3', '03', 'A', 'a', '0', '5;a=b', '5;a="b c"', '5 ', '0x3', '-1', '5;a b', '5; a'), lineEnd, fc.constantFrom('x', 'abc', 'hello', '0123456789'), lineEnd).map(([size, end, data, after]) => `${size}${end}${data}${after}`);
const rightChunk = fc.constantFrom('a', 'abc', 'hello world!').map((data) => `${data.length.toString(16)}\r\n${data}\r\n`);
const body = fc.oneof(
  fc.constantFrom('', 'abc', 'hello', 'hello and more', '0\r\n\r\n', '3\r\nabc\r\n0\r\n\r\n', '3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n'),
  fc.array(fc.oneof({ weight: 4, arbitrary: rightChunk }, { weight: 1, arbitrary: chunk }), { maxLength: 4 }).chain((chunks) => fc.constantFrom('0\r\n\r\n', '0\r\na: b\r\n\r\n', '0\r\n', '', '0\n\n').map((end) => chunks.join('') + end)),
);
const framing = fc.constantFrom('', 'content-length: 5\r\n', 'content-length: 3\r\n', 'transfer-encoding: chunked\r\n', 'Transfer-Encoding: chunked\r\nConnection: close\r\n');
const reply = fc.tuple(statusLine, lineEnd, fc.array(field, { maxLength: 3 }), framing, fc.array(field, { maxLength: 1 }), lineEnd, body).map(([status, end, before, frame, after, last, content]) => [status, end, ...before, frame, ...after, last, content].join(''));

test('a reply is read alike wherever its bytes are cut', () => {
  fc.assert(fc.property(reply, fc.array(fc.nat(400), { maxLength: 12 }), (text, cuts) => {
    const bytes = Buffer.from(text, 'latin1');
    const { left: _, ...expected } = read([bytes]) ?? { left: 0 };
    const { left: __, ...found } = read(cutAt(bytes, cuts)) ?? { left: 0 };
    expect(found).toEqual(expected);
  }), { numRuns: 2_000 });
});

describe('beside Node\'s own client (llhttp)', () => {
  let server: Server;
  let answer: Buffer = Buffer.alloc(0);
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => { server.close(); });

  /** As Node's client reads it; undefined: it refuses it. */
  function readByNode(bytes: Buffer): Promise<Read | undefined> {
    answer = bytes;
    return new Promise((resolve) => {
      const refuse = () => { resolve(undefined); };
      const asked = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false }, (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (piece: Buffer) => chunks.push(piece)).on('error', refuse).on('end', () => {
          const headers: Record<string, string> = {};
          for (let at = 0; at < response.rawHeaders.length; at += 2) {
            const name = response.rawHeaders[at]!.toLowerCase();
            const given = response.rawHeaders[at + 1]!;
            headers[name] = headers[name] === undefined ? given : `${headers[name]}, ${given}`;
          }
          resolve(response.complete ? { status: response.statusCode!, headers, body: Buffer.concat(chunks).toString('latin1') } : undefined);
        });
      });
      asked.on('error', refuse).on('upgrade', (_, socket) => {
        socket.destroy();
        refuse();
      }).end();
    });
  }

  test('what both take they read alike, and what it refuses is refused here', async () => {
    let taken = 0;
    await fc.assert(fc.asyncProperty(reply, async (text) => {
      const bytes = Buffer.from(text, 'latin1');
      const found = read([bytes]);
      if (found === undefined) return;
      taken += 1;
      const { kept: _, left, ...ours } = found;
      // What comes behind a reply ends Node's client, and here the connection.
      expect(await readByNode(bytes.subarray(0, bytes.length - left))).toEqual(ours);
    }), { numRuns: 1_500 });
    expect(taken).toBeGreaterThan(200);
  }, 60_000);
});
