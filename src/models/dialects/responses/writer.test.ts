import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TandemError } from '../../../base/index.ts';
import type { ReplyEnd } from '../../neutral/dialect.ts';
import type { Part } from '../../neutral/parts.ts';
import type { FinishReason, ReplyEvent } from '../../neutral/reply.ts';
import { unwrapThought } from '../../neutral/sealed.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { responsesCaller } from './caller.ts';
import { EVENTS } from './fixtures.ts';
import { ResponseWriter } from './writer.ts';

const ID = '01900000-0000-7000-8000-0000000000ff';
const facts = { id: ID, createdAtMs: 1_700_000_000_500, alias: 'team/big', serviceTier: 'default' };
const end: ReplyEnd = { counts: { input: 5, cacheRead: 3, cacheWrite: 2, output: 4, reasoning: 1 }, rawUsage: null, receipt: null, endedAtMs: 1_700_000_002_000 };

const writer = (more: object = {}) => new ResponseWriter(responsesCaller.parse({ model: 'team/big', input: 'hi', ...more }), facts);
const frames = (text: string): JsonObject[] => text.split('\n\n').filter((frame) => frame !== '' && frame !== 'data: [DONE]').map((frame) => JSON.parse(frame.split('\n').find((line) => line.startsWith('data: '))!.slice(6)) as JsonObject);
const types = (events: readonly JsonObject[]) => events.map(({ type }) => type);
const stream = (events: readonly ReplyEvent[], more: object = {}) => {
  const own = writer({ stream: true, ...more });
  const text = events.map((event) => own.event(event)).join('') + own.end(end);
  return { text, events: frames(text), kept: own.kept! };
};
const opens = (part: number, what: 'text' | 'reasoning' | 'refusal'): ReplyEvent => ({ type: 'part', choice: 0, part, opens: what });
const tool = (part: number, name: string, kind: 'function' | 'custom' = 'function'): ReplyEvent => ({ type: 'part', choice: 0, part, opens: 'tool_call', id: `call_${part}`, name, kind });
const delta = (part: number, text: string): ReplyEvent => ({ type: 'delta', choice: 0, part, text });
const ends = (part: number): ReplyEvent => ({ type: 'part_end', choice: 0, part });
const finish = (reason: FinishReason): ReplyEvent => ({ type: 'finish', choice: 0, reason, stopText: null });

describe('a streamed response', () => {
  test('tells each step in the order of the dialect, numbered from zero', () => {
    const { events, text } = stream([opens(0, 'text'), delta(0, 'Hel'), delta(0, 'lo'), ends(0), finish('stop')]);
    expect(types(events)).toEqual([
      'response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added', 'response.output_text.delta', 'response.output_text.delta',
      'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed',
    ]);
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_event, at) => at));
    const item = { id: 'msg_019000000000700080000000000000ff0000', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }] };
    expect(events.at(-2)).toMatchObject({ output_index: 0, item });
    expect(events.at(-1)).toMatchObject({
      response: {
        id: `resp_${ID}`, object: 'response', model: 'team/big', status: 'completed', created_at: 1_700_000_000, completed_at: 1_700_000_002, output: [item], incomplete_details: null, store: true, background: false,
        usage: { input_tokens: 10, input_tokens_details: { cached_tokens: 3, cache_write_tokens: 2 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 1 }, total_tokens: 15 },
      },
    });
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    for (const frame of text.split('\n\n').slice(0, -2)) expect(frame).toMatch(/^event: ([\w.]+)\ndata: \{"type":"\1"/);
  });

  test('tells thoughts, refusals and calls that run side by side', () => {
    const { events } = stream([
      opens(0, 'reasoning'), delta(0, 'hm'), ends(0), opens(1, 'text'), delta(1, 'I'), ends(1), opens(2, 'refusal'), delta(2, 'no'), ends(2),
      tool(3, 'f'), tool(4, 'g', 'custom'), delta(3, '{'), delta(4, 'x'), delta(3, '}'), ends(4), ends(3), finish('tool_calls'),
    ]);
    expect(types(events).slice(2)).toEqual([
      'response.output_item.added', 'response.content_part.added', 'response.reasoning_text.delta', 'response.reasoning_text.done', 'response.content_part.done', 'response.output_item.done',
      'response.output_item.added', 'response.content_part.added', 'response.output_text.delta', 'response.output_text.done', 'response.content_part.done',
      'response.content_part.added', 'response.refusal.delta', 'response.refusal.done', 'response.content_part.done', 'response.output_item.done',
      'response.output_item.added', 'response.output_item.added', 'response.function_call_arguments.delta', 'response.custom_tool_call_input.delta', 'response.function_call_arguments.delta',
      'response.custom_tool_call_input.done', 'response.output_item.done', 'response.function_call_arguments.done', 'response.output_item.done', 'response.completed',
    ]);
    expect(events.at(-1)).toMatchObject({ response: { status: 'completed', output: [
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] }, { type: 'message', content: [{ text: 'I' }, { type: 'refusal', refusal: 'no' }] },
      { type: 'function_call', call_id: 'call_3', name: 'f', arguments: '{}', status: 'completed' }, { type: 'custom_tool_call', call_id: 'call_4', name: 'g', input: 'x', status: 'completed' },
    ] } });
  });

  test('tells thoughts as a summary where one was asked for, and their state only where it was included', () => {
    const sealed = { dialect: 'messages', kind: 'signature', value: 'sig==' } as const;
    const thought: ReplyEvent[] = [opens(0, 'reasoning'), delta(0, 'hm'), { ...ends(0), sealed } as ReplyEvent, opens(1, 'reasoning'), { ...ends(1), sealed: { ...sealed, kind: 'redacted' } } as ReplyEvent, finish('stop')];
    const { events, kept } = stream(thought, { reasoning: { summary: 'auto' } });
    expect(types(events).slice(2, 8)).toEqual([
      'response.output_item.added', 'response.reasoning_summary_part.added', 'response.reasoning_summary_text.delta', 'response.reasoning_summary_text.done', 'response.reasoning_summary_part.done', 'response.output_item.done',
    ]);
    expect(JSON.stringify(events)).not.toContain('encrypted_content');
    const state = (output: unknown) => (output as { encrypted_content: string }[]).map((item) => unwrapThought(item.encrypted_content)?.sealed);
    expect(state(kept['output'])).toEqual([sealed, { ...sealed, kind: 'redacted' }]);
    const shown = stream(thought, { include: ['reasoning.encrypted_content'] }).events.at(-1)!['response'] as JsonObject;
    expect(state(shown['output'])).toEqual([sealed, { ...sealed, kind: 'redacted' }]);
  });

  test('that was cut by a limit is incomplete, and says why', () => {
    const { events } = stream([opens(0, 'text'), delta(0, 'Hel'), finish('length')]);
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, completed_at: null, output: [{ status: 'incomplete', content: [{ text: 'Hel' }] }] } });
    expect(stream([finish('content_filter')]).events.at(-1)).toMatchObject({ response: { incomplete_details: { reason: 'content_filter' }, output: [] } });
  });

  test('that breaks ends with failed and with an error, never as if it were whole', () => {
    const own = writer({ stream: true });
    const text = own.event(opens(0, 'text')) + own.event(delta(0, 'Hel')) + own.error(new TandemError('backend_failed', { params: { backend: 'gpu', reason: 'its answer ended in the middle' } }));
    expect(types(frames(text)).slice(-3)).toEqual(['response.output_text.delta', 'response.failed', 'error']);
    expect(frames(text).at(-2)).toMatchObject({ response: { status: 'failed', error: { code: 'server_error', message: expect.stringContaining('ended in the middle') }, output: [{ status: 'incomplete', content: [{ text: 'Hel' }] }], usage: null } });
    expect(frames(text).at(-1)).toMatchObject({ code: 'backend_failed', param: null, sequence_number: 6 });
    expect(text).not.toContain('[DONE]');
  });

  test('cannot be ended or forged by what a model says', () => {
    const hostile = '\n\ndata: [DONE]\n\nevent: response.completed\ndata: {"type":"response.completed"}\n\n';
    const { text, events } = stream([opens(0, 'text'), delta(0, hostile), ends(0), tool(1, hostile), delta(1, hostile), ends(1), finish('stop')]);
    expect(text.match(/^data: \[DONE\]$/gm)).toHaveLength(1);
    expect(types(events).filter((type) => type === 'response.completed')).toHaveLength(1);
    const own = writer({ stream: true });
    const native = own.event({ type: 'native', name: '', value: { type: 'x\n\ndata: [DONE]\n\n', delta: hostile } });
    expect(native).not.toContain('\n\ndata: [DONE]');
    expect(native.split('\n\n').slice(-2)[0]).toMatch(/^data: \{/);
  });

  test('of a backend of the same dialect goes through with its own id, name and charge', () => {
    const own = writer({ stream: true, metadata: { a: 'b' }, previous_response_id: 'resp_before' });
    const text = EVENTS.map((value) => own.event({ type: 'native', name: value.type, value })).join('');
    expect(types(frames(text))).toEqual(EVENTS.slice(0, -1).map(({ type }) => type));
    expect(frames(text)[0]).toMatchObject({ response: { id: `resp_${ID}`, model: 'team/big', metadata: { a: 'b' }, previous_response_id: 'resp_before', presence_penalty: 0, store: true } });
    const [last] = frames(own.end({ ...end, rawUsage: { input_tokens: 9, output_tokens: 2, total_tokens: 11, server_side: 1 }, receipt: { charge: '1' } }));
    expect(last).toMatchObject({ type: 'response.completed', sequence_number: EVENTS.length - 1, response: { id: `resp_${ID}`, usage: { input_tokens: 9, server_side: 1 }, output: [{ id: 'msg_1' }], tandem: { charge: '1' } } });
    expect(own.kept).not.toHaveProperty('tandem');
  });
});

describe('a whole response', () => {
  const part: fc.Arbitrary<Part> = fc.oneof(
    fc.record({ type: fc.constant('text' as const), text: fc.string() }),
    fc.record({ type: fc.constant('refusal' as const), text: fc.string() }),
    fc.record({ type: fc.constant('reasoning' as const), text: fc.string(), form: fc.constantFrom('text' as const, 'summary' as const) }),
    fc.record({ type: fc.constant('tool_call' as const), id: fc.string(), name: fc.string(), input: fc.string(), kind: fc.constantFrom('function' as const, 'custom' as const) }),
  );

  test('is what its stream comes to, and its items hold every part', () => {
    fc.assert(fc.property(fc.array(part), fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'content_filter', 'refusal', 'pause'), (parts, reason) => {
      const reply = { choices: [{ parts, finish: reason, stopText: null, logprobs: null }], usage: null, native: null, serviceTier: null };
      const whole = JSON.parse(writer().whole(reply, end)) as JsonObject;
      const streamed = stream([...parts.flatMap((one, at): ReplyEvent[] => {
        const begin: ReplyEvent = one.type === 'tool_call' ? { type: 'part', choice: 0, part: at, opens: 'tool_call', id: one.id, name: one.name, kind: one.kind } : { type: 'part', choice: 0, part: at, opens: one.type as 'text', ...(one.type === 'reasoning' && { form: one.form }) };
        return [begin, ...[...(one.type === 'tool_call' ? one.input : (one as { text: string }).text)].map((letter) => delta(at, letter)), ends(at)];
      }), finish(reason)]).events.at(-1)!['response'];
      expect(whole).toEqual(streamed);
      const said = (whole['output'] as JsonObject[]).flatMap((item) => [item['arguments'] ?? item['input'] ?? '', ...[item['summary'], item['content']].flatMap((list) => (Array.isArray(list) ? list.filter(isObject).map((one) => one['text'] ?? one['refusal']) : []))]).join('');
      expect([...said].sort()).toEqual([...parts.map((one) => (one.type === 'tool_call' ? one.input : (one as { text: string }).text)).join('')].sort());
    }), { numRuns: 200 });
  });

  test('shows log probabilities only where they were included', () => {
    const logprobs = { content: [{ token: 'Hi', bytes: [72, 105], logprob: -0.1, top_logprobs: [] }] };
    const reply = { choices: [{ parts: [{ type: 'text', text: 'Hi' }] as const, finish: 'stop' as const, stopText: null, logprobs }], usage: null, native: null, serviceTier: null };
    const shown = (more: object) => ((JSON.parse(writer(more).whole(reply, end)) as { output: { content: { logprobs: unknown }[] }[] }).output[0]!.content[0]!.logprobs);
    expect(shown({})).toEqual([]);
    expect(shown({ include: ['message.output_text.logprobs'] })).toEqual(logprobs.content);
  });
});
