import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TargetFacts } from '../../neutral/dialect.ts';
import type { Conversation, NeutralRequest } from '../../neutral/request.ts';
import { isObject } from '../../request/json.ts';
import { BACKEND_DIALECTS, CALLER_DIALECTS } from '../dialects.ts';
import { messagesBackend } from './backend.ts';
import { messagesCaller } from './caller.ts';

const TARGET: TargetFacts = { model: 'm', contextTokens: null, maxOutputTokens: 10_000, capField: 'max_tokens', options: {} };

const text = fc.string({ minLength: 1, maxLength: 20 });
const id = fc.stringMatching(/^[\w-]{1,20}$/);
const words = text.map((said) => ({ type: 'text', text: said }));
const image = fc.oneof(
  fc.base64String({ minLength: 4 }).map((data) => ({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })),
  fc.constant({ type: 'image', source: { type: 'url', url: 'https://pictures.example/a.png' } }),
);
const input = fc.dictionary(fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)));
/** A question, perhaps an answer with calls of tools, and their results before the next question. */
const round = fc.tuple(fc.array(fc.oneof(words, image), { minLength: 1, maxLength: 3 }), words, fc.uniqueArray(fc.tuple(id, id, input, text), { maxLength: 3, selector: ([call]) => call }));
const rounds = fc.array(round, { minLength: 1, maxLength: 3 }).map((list) => {
  const messages: { role: string; content: object[] }[] = [];
  let results: object[] = [];
  for (const [asked, said, calls] of list) {
    messages.push({ role: 'user', content: [...results, ...asked] }, { role: 'assistant', content: [said, ...calls.map(([call, name, given]) => ({ type: 'tool_use', id: call, name, input: given }))] });
    results = calls.map(([call, , , result]) => ({ type: 'tool_result', tool_use_id: call, content: [{ type: 'text', text: result }] }));
  }
  return [...messages, { role: 'user', content: [...results, { type: 'text', text: 'And now?' }] }];
});
const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
const bodies = fc.record({
  messages: rounds, system: fc.array(words, { minLength: 1, maxLength: 2 }), tools: fc.uniqueArray(id, { minLength: 1, maxLength: 3 }).map((names) => names.map((name) => ({ name, description: `${name} does it`, input_schema: schema }))),
  tool_choice: fc.constantFrom({ type: 'auto' }, { type: 'any', disable_parallel_tool_use: true }, { type: 'none' }),
  temperature: fc.constantFrom(0, 0.5, 1), output_config: fc.constantFrom({}, { format: { type: 'json_schema', schema } }),
}).map((body) => ({ model: 'm', max_tokens: 100, ...body }));

/** What both forms say, in one order: neighbours of a role as one turn, and nothing that the table of losses names. */
function essence({ turns, tools, toolChoice, parallelToolCalls, format, sampling }: Conversation): unknown {
  const merged: { role: string; parts: unknown[] }[] = [];
  for (const { role, parts } of turns) {
    const speaker = role === 'developer' ? 'system' : role;
    const last = merged.at(-1);
    if (last?.role === speaker) last.parts.push(...parts.map(plain));
    else merged.push({ role: speaker, parts: parts.map(plain) });
  }
  return {
    turns: merged, toolChoice, parallelToolCalls: parallelToolCalls ?? true, schema: format.type === 'schema' ? format.schema : null, sampling,
    tools: tools.map((tool) => (tool.type === 'function' ? { name: tool.name, description: tool.description, parameters: tool.parameters } : tool)),
  };
}

/** The detail of an image is the vendor's to choose. */
function plain(part: object): unknown {
  return Object.fromEntries(Object.entries(part).filter(([field, value]) => field !== 'detail' && value !== undefined).map(([field, value]) => [field, Array.isArray(value) ? value.map((one) => (isObject(one) ? plain(one) : one)) : value]));
}

test.each(['chat', 'responses'] as const)('a conversation from Messages through %s and back says the same', (name) => {
  const there = BACKEND_DIALECTS[name];
  const caller = CALLER_DIALECTS[name];
  if (!caller) throw new Error(`no caller speaks ${name}`);
  fc.assert(fc.property(bodies, (body) => {
    const first = messagesCaller.parse(body);
    expect(there.cannot(first)).toBeNull();
    const second: NeutralRequest = caller.parse(JSON.parse(there.request(first, TARGET).body.toString()));
    expect(essence(second.conversation())).toEqual(essence(first.conversation()));
    expect(messagesBackend.cannot(second)).toBeNull();
    const third = messagesCaller.parse(JSON.parse(messagesBackend.request(second, TARGET).body.toString()));
    expect(essence(third.conversation())).toEqual(essence(first.conversation()));
    expect(third.maxOutputTokens).toBe(100);
  }), { numRuns: 150 });
});
