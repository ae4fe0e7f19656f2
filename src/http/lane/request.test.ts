import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHead } from './request.ts';

const head = (...fields: string[]) => ['POST /v1/chat/completions HTTP/1.1', ...fields, ''].join('\r\n');
const plain = ['host: x', 'authorization: Bearer k', 'content-type: application/json', 'content-length: 2'];

describe('the head of a call', () => {
  it('is read in its plainest form', () => {
    expect(readHead(head(...plain, 'X-Odd_Name:  a b\t', 'x-empty:'))).toEqual({
      path: '/v1/chat/completions', length: 2,
      headers: { host: 'x', authorization: 'Bearer k', 'content-type': 'application/json', 'content-length': '2', 'x-odd_name': 'a b', 'x-empty': '' },
    });
  });

  it.each([
    ['another method', head(...plain).replace('POST', 'GET')],
    ['another path', head(...plain).replace('completions ', 'completions?x=1 ')],
    ['another version', head(...plain).replace('HTTP/1.1', 'HTTP/1.0')],
    ['no length', head(...plain.slice(0, 3))],
    ['two lengths', head(...plain, 'Content-Length: 2')],
    ['a list of lengths', head(...plain.slice(0, 3), 'content-length: 2, 2')],
    ['a signed length', head(...plain.slice(0, 3), 'content-length: +2')],
    ['a length in hexadecimal', head(...plain.slice(0, 3), 'content-length: 0x2')],
    ['chunks', head(...plain, 'transfer-encoding: chunked')],
    ['a question before its body', head(...plain, 'expect: 100-continue')],
    ['an upgrade', head(...plain, 'connection: upgrade', 'upgrade: h2c')],
    ['a connection that is to be closed', head(...plain, 'connection: close')],
    ['a cookie', head(...plain, 'cookie: a=b')],
    ['no host', head(...plain.slice(1))],
    ['no key', head(...plain.filter((field) => !field.startsWith('authorization')))],
    ['a field twice', head(...plain, 'x-a: 1', 'X-A: 2')],
    ['a folded line', head(...plain, 'x-a: 1', ' more')],
    ['a space before the colon', head(...plain, 'x-a : 1')],
    ['a line without a colon', head(...plain, 'nothing')],
    ['a line feed alone', head(...plain, 'x-a: 1\nx-b: 2')],
    ['a carriage return alone', head(...plain, 'x-a: 1\rx-b: 2')],
    ['a NUL', head(...plain, 'x-a: 1\u00002')],
    ['bytes that are not ASCII', head(...plain, 'x-a: \u00e9')],
    ['a name that is none', head(...plain, 'x(a): 1')],
    ['a name of the prototype', head(...plain, '__proto__: 1')],
    ['too many fields', head(...plain, ...Array.from({ length: 65 }, (_, at) => `x-${at}: 1`))],
  ])('is left to Node with %s', (_what, text) => {
    expect(readHead(text)).toBeNull();
  });

  it('is read in time that grows with its length, whatever stands in it', () => {
    for (const filler of [' ', '\t', 'a', ':', 'a:', '\r', '\r\n:', '"']) readHead(head(...plain, `x-a:${filler.repeat(2_000_000 / filler.length)}\u0001`));
  });
});

describe('beside Node\'s parser', () => {
  let seen: IncomingHttpHeaders | null = null;
  const server = createServer((request, response) => {
    seen = request.headers;
    request.resume().on('end', () => response.end());
  });
  beforeAll(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')));
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  async function byNode(text: string): Promise<IncomingHttpHeaders | null> {
    seen = null;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume().end(`${text}\r\n{}`, 'latin1');
    await once(socket, 'close');
    return seen;
  }

  it('what the lane takes, Node takes and reads alike', async () => {
    const name = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_.~|!-]{1,12}$/), fc.string({ maxLength: 6 }), fc.constantFrom('accept', 'x-forwarded-for', 'Traceparent', 'set-cookie', 'etag', 'constructor', 'user-agent'));
    const value = fc.oneof(fc.stringMatching(/^[ -~\t]{0,30}$/), fc.string({ unit: 'binary', maxLength: 8 }));
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(name, fc.constantFrom(':', ': ', ' : ', ':\t '), value), { maxLength: 5 }), async (fields) => {
      const text = head(...plain, ...fields.map((field) => field.join('')));
      const read = readHead(text);
      if (read === null) return;
      expect({ ...(await byNode(text)) }).toEqual(read.headers);
    }), { numRuns: 150 });
  });
});
