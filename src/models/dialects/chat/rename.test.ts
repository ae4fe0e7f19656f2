import { expect, test } from 'vitest';
import fc from 'fast-check';
import { ChunkNames, renamed } from './rename.ts';
import type { JsonObject } from '../../request/json.ts';

const name = fc.stringMatching(/^[\w./:@-]{1,20}$/);
const content = fc.oneof(fc.string(), fc.constantFrom('\n\ndata: [DONE]\n\n', '","id":"x","model":"y"', '{"id":"', '"usage":null}', '\u2028'));
/** A chunk as servers write it: `id` and `model` among other fields, in any order, then choices with anything in them. */
const chunk = fc.record({ id: name, model: name, created: fc.nat(), text: content, usage: fc.constantFrom(undefined, null), extra: fc.boolean(), idFirst: fc.boolean() }).map(({ id, model, created, text, usage, extra, idFirst }) => ({
  ...(idFirst ? { id, object: 'chat.completion.chunk', created, model } : { model, created, id, object: 'chat.completion.chunk' }),
  choices: [{ index: 0, delta: { content: text, ...(extra && { id, model, tool_calls: [{ id, function: { name: model, arguments: '{"id":"x"}' } }] }) }, finish_reason: null }],
  ...(usage === null && { usage }),
}));

test('what is passed on is what would be written anew', () => {
  fc.assert(fc.property(chunk, (value) => {
    const text = JSON.stringify(value);
    expect(JSON.parse(renamed(text, value, 'chatcmpl-1', 'acme/large')!)).toEqual({ ...value, id: 'chatcmpl-1', model: 'acme/large' });
  }));
});

test('each chunk of a stream says its usage, or none does, and none ends a line', () => {
  fc.assert(fc.property(fc.array(chunk, { minLength: 1, maxLength: 6 }), fc.boolean(), (values, usage) => {
    const names = new ChunkNames('chatcmpl-1', 'acme/large');
    for (const value of values) {
      const written = names.of(JSON.stringify(value), value, usage)!;
      const { usage: _, ...rest } = value as JsonObject;
      expect(JSON.parse(written)).toEqual({ ...rest, id: 'chatcmpl-1', model: 'acme/large', ...(usage && { usage: null }) });
      expect(written).not.toMatch(/[\r\n]/);
    }
  }));
});

test.each([
  ['its own fields stand behind another object', '{"choices":[{"id":"a","model":"m"}],"id":"a","model":"m"}'],
  ['it has no id', '{"model":"m","choices":[]}'],
  ['its id is not a text', '{"id":1,"model":"m","choices":[]}'],
  ['its id needs escapes', '{"id":"a\\"","model":"m","choices":[]}'],
  ['its fields are written with escapes', '{"\\u0069d":"a","model":"m","choices":[]}'],
  ['it is written over several lines', '{\n"id":"a",\n"model":"m","choices":[]}'],
])('it is written anew when %s', (_why, text) => {
  expect(renamed(text, JSON.parse(text) as JsonObject, 'b', 'n')).toBeNull();
});

test('the usage that a server tells with each chunk is for it to be written anew', () => {
  const value = { id: 'a', model: 'm', choices: [], usage: { prompt_tokens: 1 } };
  expect(new ChunkNames('b', 'n').of(JSON.stringify(value), value, true)).toBeNull();
});

test('a field that is said twice counts as its last, as parsers have it', () => {
  const text = '{"id":"first","id":"second","model":"m","choices":[]}';
  expect(renamed(text, JSON.parse(text) as JsonObject, 'b', 'n')).toBeNull();
});
