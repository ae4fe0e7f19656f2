import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ANY_OBJECT, jsonGrammar } from './json-grammar.ts';

/** Grammars are checked by llama.cpp itself: no model is needed for that. */
let llama: Llama;
beforeAll(async () => {
  llama = await getLlama({ build: 'never', logLevel: LlamaLogLevel.disabled });
}, 60_000);

/** Does llama.cpp take this text under the grammar? The library's test function is not in its types. */
async function accepts(schema: object, text: string): Promise<boolean> {
  const grammar = (await llama.createGrammar({ grammar: jsonGrammar(schema) })) as unknown as { _testText(text: string): boolean };
  return grammar._testText(text);
}

/** As the grammar writes: one blank after a colon and a comma. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${written(one)}`).join(', ')}}`;
  return JSON.stringify(value);
}

const refusal = (schema: object) => {
  try {
    jsonGrammar(schema);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('what a schema allows', () => {
  test.each<[object, unknown[], string[]]>([
    [{ type: 'string', minLength: 1, maxLength: 3 }, ['a', 'abc', '"\\"'], ['""', '"abcd"']],
    [{ type: 'integer' }, [0, -5, 123], ['1.5', '01', '"1"']],
    [{ type: 'number' }, [0, -5.25, 1e21], ['.5', 'NaN']],
    [{ type: ['boolean', 'null'] }, [true, false, null], ['0']],
    [{ enum: ['a"b', 'c\\d', 'new\nline', 7, null] }, ['a"b', 'c\\d', 'new\nline', 7, null], ['"x"']],
    [{ const: 'only' }, ['only'], ['"other"']],
    [{ type: 'array', items: { type: 'integer' } }, [[], [1], [1, 2, 3]], ['[1,]', '["a"]']],
    [{ type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 3 }, [[1, 2], [1, 2, 3]], ['[1]', '[1, 2, 3, 4]']],
    [{ type: 'array', items: { type: 'boolean' }, maxItems: 1 }, [[], [true]], ['[true, true]']],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false }, [['a', 1]], ['["a"]', '["a", 1, 2]']],
    [{ type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'integer' }, minItems: 2 }, [['a', 1], ['a', 1, 2]], ['["a"]']],
    [{ type: 'object', properties: { a: { type: 'integer' }, 'b "quoted"': { type: 'null' } }, required: ['a'] }, [{ a: 1, 'b "quoted"': null }], ['{}', '{"a": 1}']],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, [{}, { x: 1, y: 2 }], ['{"x": "1"}']],
    [{ type: 'object', additionalProperties: false }, [{}], ['{"a": 1}']],
    [{ anyOf: [{ type: 'integer' }, { type: 'object', properties: { a: { type: 'string' } } }] }, [1, { a: 'x' }], ['"x"']],
    [{ $ref: '#/$defs/tree', $defs: { tree: { type: 'object', properties: { left: { anyOf: [{ $ref: '#/$defs/tree' }, { type: 'null' }] } } } } }, [{ left: null }, { left: { left: null } }], ['{"left": 1}']],
    [{ type: 'string', format: 'date' }, ['2026-11-23'], ['"2026-13-01"', '"today"']],
    [{ type: 'string', format: 'date-time' }, ['2026-11-23T07:00:00Z', '2026-11-23T07:00:00.5+01:00'], ['"2026-11-23"']],
    [{ type: 'string', format: 'uuid' }, ['123e4567-e89b-12d3-a456-426614174000'], ['"123"']],
    [{}, [1, 'a', [1], { a: [null] }], ['nothing']],
    [ANY_OBJECT, [{}, { a: [1, { b: 'c' }] }], ['[]', '1']],
  ])('%j', async (schema, good, bad) => {
    for (const value of good) expect(await accepts(schema, written(value)), written(value)).toBe(true);
    for (const text of bad) expect(await accepts(schema, text), text).toBe(false);
  });
});

test.each<[string, object, string]>([
  ['an unknown keyword', { type: 'string', pattern: 'a' }, '$.pattern'],
  ['a bound that cannot be kept', { type: 'object', properties: { n: { type: 'integer', minimum: 3 } } }, '$.properties.n.minimum'],
  ['an unknown type', { type: 'date' }, '$.type'],
  ['an unknown format', { type: 'string', format: 'email' }, '$.format'],
  ['a foreign reference', { $ref: 'https://example.org/schema' }, '$.$ref'],
  ['a reference to nothing', { $ref: '#/$defs/none' }, '$.$ref'],
  ['a reference that turns in a circle', { $ref: '#' }, '$.$ref'],
  ['a required property that is not described', { type: 'object', properties: {}, required: ['a'] }, '$.required'],
  ['a huge repetition', { type: 'array', items: {}, maxItems: 100_000 }, '$.maxItems'],
  ['bounds the wrong way round', { type: 'string', minLength: 3, maxLength: 2 }, '$.maxLength'],
  ['a list of objects to choose from', { enum: [{ a: 1 }] }, '$'],
  ['nothing to choose from', { enum: [] }, '$.enum'],
  ['a schema that is a number', { type: 'array', items: 3 }, '$.items'],
])('refuses %s', (_name, schema, path) => {
  expect(refusal(schema)).toMatchObject({ code: 'schema_unsupported', status: 400, param: 'response_format.json_schema.schema' });
  expect(String(refusal(schema))).toContain(`at ${path}`);
});

test('a schema that is itself one of its own choices does not compile, and harms nothing', async () => {
  const schema = { anyOf: [{ $ref: '#' }, { type: 'null' }] };
  await expect(llama.createGrammar({ grammar: jsonGrammar(schema) })).rejects.toThrow();
});

test('refuses what is too deep or too large, and is quick about it', () => {
  let deep: object = { type: 'string' };
  for (let depth = 0; depth < 5000; depth += 1) deep = { type: 'array', items: deep };
  expect(refusal(deep)).toMatchObject({ code: 'schema_unsupported' });
  const wide = { type: 'object', properties: Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`p${index}`, { type: 'string' }])) };
  expect(refusal(wide)).toMatchObject({ code: 'schema_unsupported' });
});

test('any JSON value is taken by the schema that describes just it', async () => {
  const schemaOf = (value: unknown): object => {
    if (Array.isArray(value)) return { type: 'array', prefixItems: value.map(schemaOf), items: false };
    if (typeof value === 'object' && value !== null) return { type: 'object', properties: Object.fromEntries(Object.entries(value).map(([key, one]) => [key, schemaOf(one)])) };
    return { const: value };
  };
  // Keys that read as numbers come first in JavaScript whatever the order, on both sides alike.
  await fc.assert(fc.asyncProperty(fc.jsonValue({ maxDepth: 3, noUnicodeString: false }), async (value) => {
    expect(await accepts(schemaOf(value), written(value)), written(value)).toBe(true);
  }), { numRuns: 60 });
}, 60_000);
