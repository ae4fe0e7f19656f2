import { expect, it } from 'vitest';
import { BadAsk, readAsk } from './chat-form.ts';
import { Places } from './places.ts';

const messages = [{ role: 'developer', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'one' }, { type: 'text', text: 'two' }] }];

it('reads what a gateway sends, and refuses by name what the engine cannot do', () => {
  expect(readAsk({ model: 'x', messages, max_tokens: 7, stream: true, stream_options: { include_usage: true }, temperature: 0.2, top_p: 0.5, seed: 3, stop: 'END', n: 1, tools: [], logit_bias: null, response_format: { type: 'text' } })).toEqual({
    messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'one\ntwo' }], maxTokens: 7, stream: true, includeUsage: true, temperature: 0.2, topP: 0.5, seed: 3, stop: ['END'],
  });
  expect(readAsk({ messages, max_tokens: 7, max_completion_tokens: 9 }).maxTokens).toBe(9);
  for (const [body, word] of [[{ messages, n: 2 }, 'n'], [{ messages, tools: [{}] }, 'tools'], [{ messages, response_format: { type: 'json_object' } }, 'response_format'], [{ messages: [] }, 'messages'], [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'text']] as const) {
    expect(() => readAsk(body)).toThrow(BadAsk);
    expect(() => readAsk(body)).toThrow(word);
  }
});

it('gives places first come, first served, and counts what waits', async () => {
  const places = new Places(1);
  const order: number[] = [];
  await places.take();
  const second = places.take().then(() => order.push(2));
  const third = places.take().then(() => order.push(3));
  expect(places.metrics()).toContain('tandem_requests_running 1\ntandem_requests_waiting 2\n');
  places.give();
  await second;
  places.firstToken(500);
  places.give();
  await third;
  places.give();
  expect(order).toEqual([2, 3]);
  expect(places.metrics()).toBe('tandem_requests_running 0\ntandem_requests_waiting 0\ntandem_requests_ended_total 3\ntandem_first_token_seconds_sum 0.5\ntandem_first_token_seconds_count 1\n');
});
