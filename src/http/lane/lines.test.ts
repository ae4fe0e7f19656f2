import { expect, test } from 'vitest';
import { headerLine, statusLine } from './lines.ts';

test('a line says what it is given, whatever it said before', () => {
  const given = ['gpu/llama; reason=only', 'gpu/llama; reason=next', '', 'gpu/llama; reason=only', 'caf\u00e9'];
  for (const name of ['x-tandem-route', 'x-request-id']) expect(given.map((value) => headerLine(name, value))).toEqual(given.map((value) => `${name}: ${value}\r\n`));
  expect([200, 404, 599].map(statusLine)).toEqual(['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 404 Not Found\r\n', 'HTTP/1.1 599 \r\n']);
});

test.each(['x-tandem-route', 'x-request-id'])('a value of %s that would end its line is refused, each time', (name) => {
  for (const value of ['a\r\nb: c', 'a\nb', 'a\u0000', '\u20ac']) for (let time = 0; time < 2; time += 1) expect(() => headerLine(name, value)).toThrow(TypeError);
});
