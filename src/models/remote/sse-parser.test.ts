import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventTooLarge, SseParser } from './sse-parser.ts';

function parse(chunks: readonly Buffer[]): string[] {
  const events: string[] = [];
  const parser = new SseParser((data) => events.push(data));
  for (const chunk of chunks) parser.push(chunk);
  return events;
}

test.each([
  ['data: a\n\ndata: b\n\n', ['a', 'b']],
  ['data:a\r\n\r\ndata:  b\r\rdata\n\n', ['a', ' b', '']],
  [': comment\n\ndata: a\ndata: b\nid: 7\nretry: 9\n\n', ['a\nb']],
  ['\ufeffdata: a\n\ndata: never ended\n', ['a']],
  ['event: error\ndata: {"x":1}\n\n', ['{"x":1}']],
  ['\n\n\ndatax: a\n\n', []],
])('%j', (text, events) => {
  expect(parse([Buffer.from(text)])).toEqual(events);
});

test('the same events come out wherever the bytes are cut and whichever line ends are used', () => {
  const data = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n\ufeff]/g, '').replace(/\p{Cs}/gu, ''));
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
  fc.assert(fc.property(fc.array(fc.array(data, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), lineEnd, fc.array(fc.nat(400)), (events, end, cuts) => {
    // An empty comment first, so that the stream does not begin with a byte order mark by chance.
    const bytes = Buffer.from(`:${end}` + events.map((lines) => lines.map((line) => `data: ${line}${end}`).join('') + end).join(''));
    const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
    const chunks = at.slice(1).map((to, index) => bytes.subarray(at[index], to));
    expect(parse(chunks)).toEqual(events.map((lines) => lines.join('\n')));
  }), { numRuns: 200 });
});

test('an event that never ends is refused instead of kept', () => {
  const one = new SseParser(() => {}, 1000);
  expect(() => { for (let index = 0; index < 100; index += 1) one.push(Buffer.from('data: 0123456789')); }).toThrow(EventTooLarge);
  const many = new SseParser(() => {}, 1000);
  expect(() => { for (let index = 0; index < 200; index += 1) many.push(Buffer.from('data: 0123456789\n')); }).toThrow(EventTooLarge);
});
