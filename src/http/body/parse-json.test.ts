import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, MAX_PARTS, shapeFault } from '../../base/index.ts';
import { parseJson } from './parse-json.ts';

const deeperThan = (body: Uint8Array, limit: number) => shapeFault(body, limit, MAX_PARTS) === 'deep';
const bytes = (text: string) => Buffer.from(text);
/** How deep a value is nested, told the slow way. */
const depthOf = (value: unknown): number => (typeof value !== 'object' || value === null ? 0 : 1 + Math.max(0, ...Object.values(value).map(depthOf)));

describe('the depth of JSON', () => {
  it('is told from the bytes alone, whatever stands in the texts', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 10 }), (value, limit) => {
      expect(deeperThan(bytes(JSON.stringify(value)), limit)).toBe(depthOf(value) > limit);
    }));
  });

  it('is not confused by brackets, quotes and backslashes in texts', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('[', '{', '"', '\\', '\\"', '}', 'a'), { maxLength: 40 }).map((parts) => parts.join('')), (text) => {
      expect(deeperThan(bytes(JSON.stringify([text, [text]])), 2)).toBe(false);
      expect(deeperThan(bytes(JSON.stringify([text, [text]])), 1)).toBe(true);
    }));
  });

  it('is seen in one pass over a very deep or never closed body', () => {
    for (const text of ['['.repeat(5_000_000), `"${'\\'.repeat(1_000_001)}`, '{"a":'.repeat(100_000)]) deeperThan(bytes(text), MAX_DEPTH);
    expect(deeperThan(bytes('['.repeat(MAX_DEPTH)), MAX_DEPTH)).toBe(false);
    expect(deeperThan(bytes('['.repeat(MAX_DEPTH + 1)), MAX_DEPTH)).toBe(true);
  });
});

describe('the number of values in JSON', () => {
  it('is bounded before any is parsed, and texts count once', () => {
    const list = (length: number, item: string) => bytes(`[${Array.from({ length }, () => item).join(',')}]`);
    expect(shapeFault(list(MAX_PARTS / 2, '{}'), MAX_DEPTH, MAX_PARTS)).toBeUndefined();
    expect(shapeFault(list(MAX_PARTS / 2 + 1, '{}'), MAX_DEPTH, MAX_PARTS)).toBe('many');
    expect(shapeFault(list(MAX_PARTS + 1, '0'), MAX_DEPTH, MAX_PARTS)).toBe('many');
    expect(shapeFault(bytes(JSON.stringify('{},[],'.repeat(MAX_PARTS))), MAX_DEPTH, MAX_PARTS)).toBeUndefined();
    expect(() => parseJson(list(MAX_PARTS, '{}'))).toThrow(expect.objectContaining({ code: 'invalid_json' }) as Error);
  });
});

describe('a JSON body', () => {
  it('is what JSON.parse makes of it', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      fc.pre(!/__proto__|constructor/.test(text));
      expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
    }));
  });

  it('is never quoted in what is said about it', () => {
    fc.assert(fc.property(fc.string({ minLength: 8 }).filter((text) => /^[a-z]{8,}$/.test(text) || text.length > 0), (text) => {
      try {
        parseJson(bytes(`{"secret-${text}`));
      } catch (error) {
        expect((error as Error).message).not.toContain('secret-');
      }
    }));
  });

  it.each([['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])], ['nothing', Buffer.alloc(0)], ['hexadecimal', bytes('0x10')], ['Infinity', bytes('[Infinity]')], ['a comment', bytes('/* */{}')], ['two values', bytes('{}{}')]])('is refused when it is %s', (_what, body) => {
    expect(() => parseJson(body)).toThrow(expect.objectContaining({ code: 'invalid_json' }) as Error);
  });
});

it('keeps long integers of a body that goes on to a model, and of no other', () => {
  const body = bytes('{"messages":[{"content":[{"type":"tool_use","input":{"id":9007199254740993}}]}]}');
  expect(JSON.stringify(parseJson(body, true))).toBe(body.toString());
  expect(JSON.stringify(parseJson(bytes(body.toString().replace('tool_use', 'tool\\u005fuse')), true))).toBe(body.toString());
  expect(parseJson(body)).toEqual({ messages: [{ content: [{ type: 'tool_use', input: { id: 9_007_199_254_740_992 } }] }] });
});
