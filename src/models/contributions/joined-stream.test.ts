import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dropLogprobs, joinPieces } from './joined-stream.ts';
import { loadRedact, redactValue } from './redact.ts';

/** Events in the published forms of the three dialects' streams, cut down to what carries text. */
const STREAMS: Readonly<Record<string, (pieces: readonly string[]) => unknown[]>> = {
  chat: (pieces) => [{ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }, ...pieces.map((content) => ({ choices: [{ index: 0, delta: { content } }] })), { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }],
  tools: (pieces) => pieces.map((text, at) => ({ choices: [{ index: 0, delta: { tool_calls: [{ index: 1, ...(at === 0 && { id: 'call_1', type: 'function' }), function: { ...(at === 0 && { name: 'send' }), arguments: text } }] } }] })),
  messages: (pieces) => pieces.flatMap((text) => [{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: text } }]),
  responses: (pieces) => pieces.map((delta, at) => ({ type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta, sequence_number: at })),
};
const SAID = 'Write to ada.lovelace@example.com with the key sk-abcdefghijklmnopqrstuvwx1234 today.';

test('what is cut over the events of a stream is found as if it were whole, wherever it is cut', async () => {
  const redact = await loadRedact();
  const clean = await redact(SAID);
  expect(clean).not.toMatch(/lovelace|abcdefgh/);
  await fc.assert(fc.asyncProperty(fc.constantFrom(...Object.keys(STREAMS)), fc.uniqueArray(fc.nat(SAID.length), { maxLength: 30 }), async (dialect, cuts) => {
    const at = [0, ...cuts.toSorted((a, b) => a - b), SAID.length];
    const events = STREAMS[dialect]!(at.slice(1).map((end, index) => SAID.slice(at[index], end)));
    const before = events.length;
    joinPieces(events);
    const seen = JSON.stringify(await redactValue(events, redact));
    expect(seen).toContain(clean);
    expect(seen).not.toMatch(/lovelace|example\.com|abcdefgh/);
    expect(events).toHaveLength(before);
  }), { numRuns: 60 });
});

test('texts that come between each other stay apart', () => {
  const chunk = (index: number, content: string) => ({ choices: [{ index, delta: { content } }] });
  const events = [chunk(0, 'one '), chunk(1, 'two '), chunk(0, 'first'), chunk(1, 'second')];
  joinPieces(events);
  expect(events).toEqual([chunk(0, 'one first'), chunk(1, 'two second'), chunk(0, ''), chunk(1, '')]);
});

test('probabilities of tokens, which say it all again, are left out; the wish for them stays', () => {
  const value = { request: { logprobs: true }, reply: [{ choices: [{ logprobs: { content: [{ token: 'ada@', logprob: 0 }] } }] }, { type: 'response.output_text.delta', logprobs: [{ token: 'x' }] }] };
  dropLogprobs(value);
  expect(value).toEqual({ request: { logprobs: true }, reply: [{ choices: [{ logprobs: null }] }, { type: 'response.output_text.delta', logprobs: [] }] });
});
