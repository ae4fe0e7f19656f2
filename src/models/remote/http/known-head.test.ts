import { expect, test } from 'vitest';
import { KnownHead } from './known-head.ts';
import { readHead } from './response-head.ts';

const DATED = (second: number) => `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ndate: Thu, 26 Nov 2026 10:00:0${second} GMT\r\ntransfer-encoding: chunked`;

test('a head that is the last one to the byte is known, wherever it stands, and any other is not', () => {
  const known = new KnownHead();
  const bytes = Buffer.from(`before${DATED(1)}after`, 'latin1');
  const to = bytes.length - 'after'.length;
  expect(known.find(bytes, 6, to)).toBe(null);
  const head = readHead(DATED(1));
  known.keep(bytes, 6, to, head);
  expect(known.find(bytes, 6, to)).toBe(head);
  const alone = Buffer.from(DATED(1), 'latin1');
  expect(known.find(alone, 0, alone.length)).toBe(head);
  expect(known.find(alone, 0, alone.length - 1)).toBe(null);
  expect(known.find(Buffer.from(DATED(2), 'latin1'), 0, alone.length)).toBe(null);
});

test('the bytes are its own: where they came from is written over by the next reply', () => {
  const known = new KnownHead();
  const place = Buffer.from(DATED(1), 'latin1');
  const head = readHead(DATED(1));
  known.keep(place, 0, place.length, head);
  place.write(DATED(2), 'latin1');
  expect(known.find(place, 0, place.length)).toBe(null);
  expect(known.find(Buffer.from(DATED(1), 'latin1'), 0, place.length)).toBe(head);
});

test('nobody can change what the next reply gets, and a large head is read each time', () => {
  const known = new KnownHead();
  const head = readHead(DATED(1));
  known.keep(Buffer.from(DATED(1), 'latin1'), 0, DATED(1).length, head);
  expect(() => { head.headers['content-type'] = 'text/html'; }).toThrow(TypeError);
  const large = `${DATED(1)}\r\nx: ${'a'.repeat(1_024)}`;
  known.keep(Buffer.from(large, 'latin1'), 0, large.length, readHead(large));
  expect(known.find(Buffer.from(large, 'latin1'), 0, large.length)).toBe(null);
});
