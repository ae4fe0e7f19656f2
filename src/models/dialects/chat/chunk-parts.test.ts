import { expect, it } from 'vitest';
import { neutralRequest } from '../../testing/neutral-request.ts';
import { chatBackend } from './backend.ts';

const chunk = (delta: object, finish: string | null = null) => Buffer.from(`data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
const piece = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] });
const begun = (index: number, id: string, name: string, args = '') => piece(index, { id, type: 'function', function: { name, arguments: args } });

function calls(...chunks: readonly Buffer[]): string[] {
  const reader = chatBackend.reader(neutralRequest({ dialect: 'messages', stream: true }));
  const found: string[] = [];
  for (const event of chunks.flatMap((bytes) => reader.push(bytes))) {
    if (event.type === 'part' && event.opens === 'tool_call') found[event.part] = `${event.id} ${event.name} `;
    if (event.type === 'delta') found[event.part] += event.text;
  }
  return found.filter((call) => call !== undefined);
}

it('tells calls apart that come under the same index, one after the other, as Google\'s endpoint for OpenAI\'s clients sends them', () => {
  expect(calls(begun(0, 'a', 'time', '{"zone":1}'), begun(0, 'b', 'time', '{"zone":2}'), chunk({}, 'tool_calls'))).toEqual(['a time {"zone":1}', 'b time {"zone":2}']);
});

it('leaves a call one whose id or name is told again', () => {
  expect(calls(begun(0, 'a', 'time', '{"zo'), begun(0, 'a', 'time', 'ne'), piece(0, { id: 'other', function: { arguments: '":' } }), piece(0, { function: { arguments: '1}' } }), chunk({}, 'tool_calls'))).toEqual(['a time {"zone":1}']);
});

it('puts pieces of calls together that come side by side', () => {
  expect(calls(begun(0, 'a', 'time'), begun(1, 'b', 'date'), piece(1, { function: { arguments: '{}' } }), piece(0, { function: { arguments: '{"zone":1}' } }), chunk({}, 'tool_calls'))).toEqual(['a time {"zone":1}', 'b date {}']);
});
