import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactJson, exactObject, keepsIntegers } from './exact-json.ts';

test('numbers that JavaScript cannot hold are written as they stood', () => {
  for (const text of ['{"id":12345678901234567890}', '[0.10,1e400,-0,1.000000000000000000001]', '{"a":{"b":[9007199254740993]}}', '12345678901234567890']) expect(JSON.stringify(exactJson(text))).toBe(text);
});

test('everything else is what JSON.parse makes of it', () => {
  fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
    const text = JSON.stringify(value);
    expect(JSON.stringify(exactJson(text))).toBe(text);
  }));
  expect(exactObject('{"a":1}')).toEqual({ a: 1 });
  for (const text of ['', '{', '[]', '1', 'null', '12345678901234567890']) expect(exactObject(text)).toBeUndefined();
});

test('a body with tools keeps integers that JavaScript would round, and its other numbers are numbers', () => {
  const text = '{"tools":[{"maximum":9223372036854775807}],"temperature":1.0,"n":9007199254740991,"a":-9007199254740993,"b":1e30}';
  const parsed = JSON.parse(text, keepsIntegers(text)!) as Record<string, unknown>;
  expect(JSON.stringify(parsed)).toBe('{"tools":[{"maximum":9223372036854775807}],"temperature":1,"n":9007199254740991,"a":-9007199254740993,"b":1e30}');
  expect([parsed['temperature'], parsed['n']]).toEqual([1, 9_007_199_254_740_991]);
  expect(keepsIntegers('{"input":"4111111111111111"}')).toBeNull();
});
