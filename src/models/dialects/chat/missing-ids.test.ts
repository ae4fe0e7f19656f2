import { describe, expect, it } from 'vitest';
import type { DialectIn } from '../../neutral/parts.ts';
import { neutralRequest } from '../../testing/neutral-request.ts';
import { CALLER_DIALECTS } from '../dialects.ts';
import { chatBackend } from './backend.ts';

/** STAND-IN: a server that writes calls as OpenAI's API does, but for their ids; written by hand. */
const bare = (city: string) => ({ type: 'function', function: { name: 'weather', arguments: `{"city":"${city}"}` } });
const whole = (calls: readonly object[]) => JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: calls }, finish_reason: 'tool_calls' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
const chunk = (delta: object, finish: string | null = null) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const stream = Buffer.from([
  chunk({ role: 'assistant', tool_calls: [{ index: 0, type: 'function', function: { name: 'weather', arguments: '' } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":"Bern"}' } }] }),
  chunk({ tool_calls: [{ index: 1, id: '', type: 'function', function: { name: 'weather', arguments: '{"city":' } }] }), chunk({ tool_calls: [{ index: 1, function: { arguments: '"Rome"}' } }] }), chunk({}, 'tool_calls'), 'data: [DONE]\n\n',
].join(''));

const FACTS = { id: '01900000-0000-7000-8000-000000000001', createdAtMs: 0, alias: 'a', serviceTier: 'default' } as const;
const END = { counts: { input: 1, cacheRead: 0, output: 1, reasoning: 0 }, rawUsage: null, receipt: null, endedAtMs: 0 };

function heardWhole(dialect: DialectIn, calls: readonly object[], turnCount = 1): string {
  const request = neutralRequest({ dialect, turnCount });
  return CALLER_DIALECTS[dialect]!.writer(request, FACTS).whole(chatBackend.whole(whole(calls), request, {}), END);
}

function heardStreamed(dialect: DialectIn): string {
  const request = neutralRequest({ dialect, stream: true, turnCount: 1 });
  const reader = chatBackend.reader(request);
  const writer = CALLER_DIALECTS[dialect]!.writer(request, FACTS);
  return [...reader.push(stream), ...reader.end()].map((event) => writer.event(event)).join('') + writer.end(END);
}

/** The ids of calls, as each dialect writes them, in the order in which they are first named. */
function idsIn(dialect: DialectIn, text: string): string[] {
  const field = { chat: 'id', responses: 'call_id', messages: 'id' }[dialect as 'chat'];
  return [...new Set([...text.matchAll(new RegExp(`"${field}":"(call_[^"]*|)"`, 'g'))].map(([, id]) => id!))];
}

describe('a call of a tool without an id', () => {
  it.each(['chat', 'responses', 'messages'] as const)('has one for a caller of %s, whole and streamed, the same in both', (dialect) => {
    expect(idsIn(dialect, heardWhole(dialect, [bare('Bern'), { id: '', ...bare('Rome') }]))).toEqual(['call_1_0_0', 'call_1_0_1']);
    expect(idsIn(dialect, heardStreamed(dialect))).toEqual(['call_1_0_0', 'call_1_0_1']);
  });

  it('has another one in another turn, and one that came with an id keeps it', () => {
    expect(idsIn('chat', heardWhole('chat', [bare('Bern'), { ...bare('Rome'), id: 'call_own' }], 3))).toEqual(['call_3_0_0', 'call_own']);
  });

  it('is named once in a stream: its later pieces have no id', () => {
    expect(heardStreamed('chat').match(/"id":"call_/g)).toHaveLength(2);
  });
});
