import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TandemError } from '../../../base/index.ts';
import type { ReplyEnd } from '../../neutral/dialect.ts';
import type { NeutralReply, ReplyEvent } from '../../neutral/reply.ts';
import { unwrapThought } from '../../neutral/sealed.ts';
import { SseParser } from '../../remote/sse-parser.ts';
import { MESSAGE, STREAM } from '../../testing/anthropic-fixtures.ts';
import { MessagesReader } from './reader.ts';
import { parseMessages } from './parse.ts';
import { MessagesWriter } from './writer.ts';

const FACTS = { id: '01900000-0000-7000-8000-0000000000ff', createdAtMs: 0, alias: 'team/big', serviceTier: 'default' };
const END: ReplyEnd = { counts: { input: 9, cacheRead: 4, cacheWrite: 2, output: 5, reasoning: 3 }, rawUsage: null, receipt: null };
const request = parseMessages({ model: 'team/big', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] });

interface Frame { readonly event: string; readonly data: Record<string, unknown> }

/** What a client's parser makes of the text. */
function frames(text: string): Frame[] {
  const found: Frame[] = [];
  const parser = new SseParser((data, event) => { found.push({ event, data: JSON.parse(data) as Record<string, unknown> }); });
  parser.push(Buffer.from(text));
  return found;
}

function write(events: readonly ReplyEvent[], end: ReplyEnd = END): Frame[] {
  const writer = new MessagesWriter(FACTS);
  return frames(events.map((event) => writer.event(event)).join('') + writer.end(end));
}

const part = (at: number, opens: 'text' | 'reasoning' | 'refusal'): ReplyEvent => ({ type: 'part', choice: 0, part: at, opens });
const call = (at: number, name: string): ReplyEvent => ({ type: 'part', choice: 0, part: at, opens: 'tool_call', id: `call_${at}`, name, kind: 'function' });
const delta = (at: number, text: string): ReplyEvent => ({ type: 'delta', choice: 0, part: at, text });
const end = (at: number): ReplyEvent => ({ type: 'part_end', choice: 0, part: at });
const finish: ReplyEvent = { type: 'finish', choice: 0, reason: 'stop', stopText: null };
const shape = (list: readonly Frame[]) => list.map(({ event, data }) => {
  const inner = data['delta'] as { type?: string } | undefined;
  const block = data['content_block'] as { type?: string } | undefined;
  return [event, data['index'], block?.type ?? inner?.type].filter((word) => word !== undefined).join(' ');
});

describe('a stream of events', () => {
  test('has the order of Anthropic\'s reference, and thoughts never stand inside a text block (C19)', () => {
    const list = write([part(0, 'reasoning'), delta(0, 'hm'), end(0), part(1, 'text'), delta(1, 'Hello'), delta(1, ' there'), end(1), call(2, 'look'), delta(2, '{"a":'), delta(2, '1}'), end(2), { ...finish, reason: 'tool_calls' } as ReplyEvent]);
    expect(shape(list)).toEqual([
      'message_start', 'ping', 'content_block_start 0 thinking', 'content_block_delta 0 thinking_delta', 'content_block_delta 0 signature_delta', 'content_block_stop 0',
      'content_block_start 1 text', 'content_block_delta 1 text_delta', 'content_block_delta 1 text_delta', 'content_block_stop 1',
      'content_block_start 2 tool_use', 'content_block_delta 2 input_json_delta', 'content_block_delta 2 input_json_delta', 'content_block_stop 2', 'message_delta', 'message_stop',
    ]);
    for (const { event, data } of list) expect(data['type']).toBe(event);
    expect(list[0]!.data['message']).toMatchObject({ id: `msg_${FACTS.id}`, type: 'message', role: 'assistant', model: 'team/big', content: [], stop_reason: null });
    expect(list.at(-2)!.data).toMatchObject({
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { input_tokens: 9, cache_read_input_tokens: 4, cache_creation_input_tokens: 2, cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 0 }, output_tokens: 8, output_tokens_details: { thinking_tokens: 3 } },
    });
  });

  test('keeps parallel calls apart, one block after the other', () => {
    const list = write([call(0, 'a'), delta(0, '{"x":'), call(1, 'b'), delta(1, '{"y":'), delta(0, '1}'), delta(1, '2}'), end(1), end(0), part(2, 'text'), delta(2, 'done'), end(2), finish]);
    expect(shape(list).slice(2, -2)).toEqual([
      'content_block_start 0 tool_use', 'content_block_delta 0 input_json_delta', 'content_block_delta 0 input_json_delta', 'content_block_stop 0',
      'content_block_start 1 tool_use', 'content_block_delta 1 input_json_delta', 'content_block_delta 1 input_json_delta', 'content_block_stop 1',
      'content_block_start 2 text', 'content_block_delta 2 text_delta', 'content_block_stop 2',
    ]);
  });

  test('tells why it ended in Anthropic\'s words', () => {
    const ended = (event: Partial<Extract<ReplyEvent, { type: 'finish' }>>) => write([{ ...finish, ...event } as ReplyEvent]).at(-2)!.data['delta'];
    expect(ended({})).toMatchObject({ stop_reason: 'end_turn', stop_sequence: null, stop_details: null });
    expect(ended({ stopText: 'END' })).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
    expect(ended({ reason: 'length' })).toMatchObject({ stop_reason: 'max_tokens' });
    expect(write([call(0, 'a'), delta(0, '{}'), end(0), finish]).at(-2)!.data['delta']).toMatchObject({ stop_reason: 'tool_use' });
    expect(ended({ reason: 'pause' })).toMatchObject({ stop_reason: 'pause_turn' });
    expect(ended({ reason: 'content_filter' })).toMatchObject({ stop_reason: 'refusal', stop_details: { type: 'refusal' } });
  });

  test('wraps another vendor\'s opaque state so that it finds back, and says of a bare thought that it is none of Anthropic\'s', () => {
    const sealed = { dialect: 'responses', kind: 'encrypted', value: 'gAAAA' } as const;
    const signature = (events: ReplyEvent[]) => write(events).map(({ data }) => (data['delta'] as { signature?: string } | undefined)?.signature).find((text) => text !== undefined)!;
    expect(unwrapThought(signature([part(0, 'reasoning'), delta(0, 'hm'), { ...end(0), sealed } as ReplyEvent, finish]))?.sealed).toEqual(sealed);
    expect(unwrapThought(signature([part(0, 'reasoning'), delta(0, 'hm'), end(0), finish]))).toEqual({ sealed: null, id: null });
    expect(signature([part(0, 'reasoning'), delta(0, 'hm'), { ...end(0), sealed: { dialect: 'messages', kind: 'signature', value: 'EqQB' } } as ReplyEvent, finish])).toBe('EqQB');
    const redacted = write([part(0, 'reasoning'), { ...end(0), sealed: { dialect: 'messages', kind: 'redacted', value: 'Emw' } } as ReplyEvent, finish]);
    expect(redacted[2]!.data['content_block']).toEqual({ type: 'redacted_thinking', data: 'Emw' });
  });

  test('that breaks ends with an error of the same dialect and no clean end (C17)', () => {
    const writer = new MessagesWriter(FACTS);
    const text = writer.event(part(0, 'text')) + writer.event(delta(0, 'Hel')) + writer.error(new TandemError('backend_busy', { params: { backend: 'gpu' } }));
    const list = frames(text);
    expect(list.at(-1)).toMatchObject({ event: 'error', data: { type: 'error', error: { type: 'overloaded_error', details: { error_code: 'backend_busy' } } } });
    expect(shape(list)).not.toContain('message_stop');
  });

  test('cannot be ended or forged by what a model says', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n\ndata: [DONE]\n\n', '\r\n\r\nevent: message_stop\r\ndata: {"type":"message_stop"}\r\n\r\n', ' \u0085\n\nevent: error\n\n')), (text) => {
      const list = write([part(0, 'text'), delta(0, text), end(0), call(1, text), delta(1, text), end(1), finish]);
      expect(shape(list).filter((word) => word === 'message_stop' || word === 'error')).toEqual(['message_stop']);
      if (text !== '') expect(list.find(({ event }) => event === 'content_block_delta')!.data['delta']).toEqual({ type: 'text_delta', text });
    }), { numRuns: 300 });
  });

  test('of a backend of the same dialect passes as it came, but for id, model and the end, which waits', () => {
    const reader = new MessagesReader(request);
    const writer = new MessagesWriter(FACTS);
    const before = reader.push(Buffer.from(STREAM.join(''))).map((event) => writer.event(event)).join('');
    expect(before).not.toContain('message_delta');
    const list = frames(before + writer.end({ ...END, receipt: { id: 'x' } }));
    const sent = frames(STREAM.join(''));
    expect(shape(list)).toEqual(shape(sent));
    expect(list[0]!.data).toEqual({ ...sent[0]!.data, message: { ...(sent[0]!.data['message'] as object), id: `msg_${FACTS.id}`, model: 'team/big' } });
    expect(list.slice(1, -2)).toEqual(sent.slice(1, -2));
    expect(list.at(-2)!.data).toEqual({ ...sent.at(-2)!.data, tandem: { id: 'x' } });
  });
});

describe('a whole message', () => {
  const reply = (parts: NeutralReply['choices'][number]['parts']): NeutralReply => ({ choices: [{ parts, finish: 'tool_calls', stopText: null, logprobs: null }], usage: null, native: null, serviceTier: null });

  test('has every field of the SDK\'s type, and the input of a tool digit by digit', () => {
    const text = new MessagesWriter(FACTS).whole(reply([
      { type: 'reasoning', text: 'hm', form: 'text', sealed: { dialect: 'messages', kind: 'signature', value: 'EqQB' } }, { type: 'text', text: 'Hi' },
      { type: 'tool_call', id: 'call_1', name: 'look', input: '{"id": 12345678901234567890}', kind: 'function' }, { type: 'tool_call', id: 'call_2', name: 'look', input: '{"cut":', kind: 'function' },
    ]), END);
    expect(text).toContain('{"id": 12345678901234567890}');
    const message = JSON.parse(text) as Record<string, unknown>;
    expect(message).toMatchObject({
      id: `msg_${FACTS.id}`, model: 'team/big', stop_reason: 'tool_use', stop_sequence: null,
      content: [{ type: 'thinking', thinking: 'hm', signature: 'EqQB' }, { type: 'text', text: 'Hi', citations: null }, { type: 'tool_use', name: 'look' }, { input: { input: '{"cut":' } }],
    });
    expect(Object.keys(message).sort()).toEqual(Object.keys(MESSAGE).sort());
    expect(Object.keys(message['usage'] as object).sort()).toEqual(Object.keys(MESSAGE.usage).sort());
  });

  test('of a backend of the same dialect keeps what only that dialect knows', () => {
    const native = { ...MESSAGE, content: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }] };
    const message = JSON.parse(new MessagesWriter(FACTS).whole({ ...reply([]), native, usage: END.counts }, END)) as unknown;
    expect(message).toEqual({ ...native, id: `msg_${FACTS.id}`, model: 'team/big' });
  });
});
