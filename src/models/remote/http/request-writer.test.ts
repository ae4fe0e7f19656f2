import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestHead, writeRequest } from './request-writer.ts';

function written(head: string, body: Buffer | null): string {
  const to = new PassThrough({ highWaterMark: 1024 * 1024 });
  writeRequest(to, head, body);
  return (to.read() as Buffer).toString('latin1');
}

test('a request has its host, its headers and the length of its body', () => {
  expect(written(requestHead('POST', 'gpu.example:8000', '/v1/x?alt=sse', ['authorization', 'Bearer k', 'accept', '']), Buffer.from('{"é":1}'))).toBe(
    'POST /v1/x?alt=sse HTTP/1.1\r\nhost: gpu.example:8000\r\nconnection: keep-alive\r\nauthorization: Bearer k\r\naccept: \r\ncontent-length: 8\r\n\r\n{"Ã©":1}',
  );
  expect(written(requestHead('POST', 'h', '/', []), Buffer.alloc(0))).toMatch(/content-length: 0\r\n\r\n$/);
  expect(written(requestHead('GET', 'h', '/', []), null)).toBe('GET / HTTP/1.1\r\nhost: h\r\nconnection: keep-alive\r\n\r\n');
});

test('a body of any size follows its head', () => {
  for (const size of [1, 65_000, 65_536, 300_000]) expect(written(requestHead('POST', 'h', '/', []), Buffer.alloc(size, 'x')).split('\r\n\r\n')[1]).toBe('x'.repeat(size));
});

test('nothing that stands in a name, a value or a path adds a line of its own', () => {
  const strange = fc.tuple(fc.string(), fc.constantFrom('\r\n', '\r', '\n', '\0', '\u{1f600}', '\u010a\u010d', '\x7f'), fc.string()).map((parts) => parts.join(''));
  fc.assert(fc.property(strange, (text) => {
    expect(() => requestHead('POST', 'h', '/', ['x-a', text])).toThrow(/holds what no header may hold/);
    expect(() => requestHead('POST', 'h', '/', [text, 'a'])).toThrow(/name of a header/);
    expect(() => requestHead('POST', 'h', `/${text}`, [])).toThrow(/path/);
  }));
  for (const path of ['', 'x', '/a b', '/ü', '/a HTTP/1.1']) expect(() => requestHead('GET', 'h', path, [])).toThrow(/path/);
});

test('what is refused does not say what it held', () => {
  expect(() => requestHead('POST', 'h', '/', ['authorization', 'Bearer sk-secret\n'])).toThrow(/^the header authorization holds what no header may hold$/);
});
