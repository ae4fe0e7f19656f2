import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseChatRequest } from '../../request/chat-request.ts';
import { writeBody } from './body.ts';

const word = fc.string({ minLength: 1, maxLength: 12 });
const textPart = word.map((text) => ({ type: 'text', text }));
const imagePart = fc.record({ type: fc.constant('image_url'), image_url: fc.record({ url: fc.constantFrom('data:image/png;base64,AAAA', 'https://example.com/a.png'), detail: fc.constantFrom('low', 'high', 'auto') }) });
const content = fc.oneof(word, fc.array(textPart, { minLength: 2, maxLength: 3 }), fc.tuple(textPart, imagePart).map((parts) => [...parts]));
const call = fc.oneof(
  fc.record({ id: word, type: fc.constant('function'), function: fc.record({ name: word, arguments: fc.string() }) }),
  fc.record({ id: word, type: fc.constant('custom'), custom: fc.record({ name: word, input: fc.string() }) }),
);
const message = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'developer', 'user'), content, name: word }, { requiredKeys: ['role', 'content'] }),
  fc.record({ role: fc.constant('assistant'), content: word, refusal: word, reasoning_content: word }, { requiredKeys: ['role', 'content'] }),
  fc.record({ role: fc.constant('assistant'), content: fc.constant(null), tool_calls: fc.array(call, { minLength: 1, maxLength: 3 }) }),
  fc.record({ role: fc.constant('tool'), tool_call_id: word, content: word }),
);
const functionTool = fc.record({ type: fc.constant('function'), function: fc.record({ name: word, description: word, parameters: fc.constant({ type: 'object' }), strict: fc.boolean() }, { requiredKeys: ['name'] }) });
const customTool = fc.record({ type: fc.constant('custom'), custom: fc.record({ name: word, description: word, format: fc.constant({ type: 'text' }) }, { requiredKeys: ['name'] }) });
const schema = fc.record({ type: fc.constant('json_schema'), json_schema: fc.record({ name: word, schema: fc.constant({ type: 'object' }), strict: fc.boolean(), description: word }, { requiredKeys: ['name', 'schema'] }) });
const body = fc.record({
  model: fc.constant('m'), messages: fc.array(message, { minLength: 1, maxLength: 5 }), n: fc.constant(2), stream: fc.constant(true),
  tools: fc.array(fc.oneof(functionTool, customTool), { minLength: 1, maxLength: 3 }), tool_choice: fc.constantFrom('none', 'auto', 'required'), parallel_tool_calls: fc.boolean(),
  temperature: fc.constantFrom(0, 0.5, 2), top_p: fc.constantFrom(0.1, 1), top_k: fc.nat(9), frequency_penalty: fc.constant(1), presence_penalty: fc.constant(-1), seed: fc.nat(), stop: fc.array(word, { minLength: 1, maxLength: 3 }),
  logit_bias: fc.constant({ 5: 1 }), response_format: fc.oneof(fc.constant({ type: 'json_object' }), schema), reasoning_effort: fc.constantFrom('low', 'high'), verbosity: fc.constant('low'), user: word,
  prediction: fc.constant({ type: 'content', content: 'x' }), min_p: fc.constant(0.1),
}, { requiredKeys: ['model', 'messages', 'tools'] });

test('a chat that goes through the neutral form comes out as it was', () => {
  fc.assert(fc.property(body, (given) => {
    const request = parseChatRequest(given);
    expect({ model: 'm', ...writeBody(request, request.conversation()) }).toEqual(given);
  }), { numRuns: 300 });
});

test('functions, the form before tools, become tools', () => {
  const request = parseChatRequest({
    model: 'm', functions: [{ name: 'f', parameters: { type: 'object' } }], function_call: { name: 'f' },
    messages: [{ role: 'user', content: 'x' }, { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } }, { role: 'function', name: 'f', content: '1' }],
  });
  expect(writeBody(request, request.conversation())).toEqual({
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }], tool_choice: { type: 'function', function: { name: 'f' } },
    messages: [
      { role: 'user', content: 'x' }, { role: 'assistant', content: null, tool_calls: [{ id: 'function_f', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'function_f', content: '1' },
    ],
  });
});
