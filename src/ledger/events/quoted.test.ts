import fc from 'fast-check';
import { expect, test } from 'vitest';
import { named, quoted } from './quoted.ts';

test('a name is the same JSON as any text, the first time and the next', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
    const json = quoted(text);
    expect(typeof JSON.parse(json)).toBe('string');
    expect([named(text), named(text)]).toEqual([json, json]);
  }), { numRuns: 100 });
});

test('names that go on and on are forgotten', () => {
  for (let at = 0; at < 25_000; at += 1) named(`name-${at}`);
  expect(named('name-3 "x"')).toBe('"name-3 \\"x\\""');
});
