import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactJson, exactObject } from './exact-json.ts';

test('numbers that JavaScript cannot hold are written as they stood', () => {
  for (const text of ['{"id":12345678901234567890}', '[0.10,1e400,-0,1.000000000000000000001]', '{"a":{"b":[9007199254740993]}}', '12345678901234567890']) expect(JSON.stringify(exactJson(text))).toBe(text);
});

test('everything else is what JSON.parse makes of it', () => {
  fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
    const text = JSON.stringify(value);
    expect(JSON.stringify(exactJson(text))).toBe(text);
  }));
  expect(exactObject('{"a":1}')).toEqual({ a: 1 });
  for (const text of ['', '{', '[]', '1', 'null']) expect(exactObject(text)).toBeUndefined();
});
