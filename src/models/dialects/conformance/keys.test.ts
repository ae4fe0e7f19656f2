import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../base/index.ts';
import { FakeBackend, type SeenRequest } from '../../testing/fake-backend.ts';
import { TestHouse } from '../../testing/house.ts';
import { MemorySink } from '../../testing/memory-sink.ts';
import { BACKEND_DIALECTS } from '../dialects.ts';
import { SAYS } from './backends-say.ts';
import { ANSWERS } from './told.ts';

const ASKS = {
  chat: { model: 'team/big', messages: [{ role: 'user', content: 'Hi' }] },
  responses: { model: 'team/big', input: 'Hi', store: false },
  messages: { model: 'team/big', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] },
} as const;
const BACKENDS = Object.keys(SAYS) as (keyof typeof SAYS)[];
const CALLERS = Object.keys(ASKS) as (keyof typeof ASKS)[];

const keyIn = ({ headers }: SeenRequest) => String(headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers['authorization']).replace('Bearer ', '');

/** The first key is refused, the second is well. */
async function house(backend: keyof typeof SAYS, status: number, headers: Record<string, string>) {
  const server = new FakeBackend();
  const url = await server.start();
  const { whole, stream } = SAYS[backend](ANSWERS['a text']!)!;
  server.answer = (response, request) => {
    if (keyIn(request) === 'one') return void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"error":{"message":"not with this one"}}');
    const streamed = request.body['stream'] === true || /stream/i.test(request.path);
    response.writeHead(200, { 'content-type': streamed ? (BACKEND_DIALECTS[backend].streamType ?? 'text/event-stream') : 'application/json' }).end(streamed ? stream : whole);
  };
  const clock = new ManualClock();
  const made = new TestHouse({ url, clock, speaks: backend, keys: ['one', 'two'] });
  return { server, clock, made, stop: async () => { await made.close(); await server.stop(); } };
}

describe.each(BACKENDS)('a backend of %s with two keys', (backend) => {
  test.each(CALLERS)('one that is told to slow down rests as long as it is told, for callers of %s, whole and streamed', async (caller) => {
    for (const stream of [false, true]) {
      const { server, clock, made, stop } = await house(backend, 429, { 'retry-after': '30' });
      const attempts: (string | undefined)[] = [];
      const call = async () => {
        const sink = new MemorySink();
        await made.chat({ ...ASKS[caller], stream }, { dialect: caller, sink });
        attempts.push(sink.headers['x-tandem-attempts']);
      };
      for (let calls = 0; calls < 4; calls += 1) await call();
      const asked = () => server.requests.map(keyIn).filter((key) => key === 'one').length;
      expect([asked(), server.requests.length, attempts.filter((one) => one === '2').length]).toEqual([1, 5, 1]);
      clock.advance(30_000);
      for (let calls = 0; calls < 2; calls += 1) await call();
      expect(asked()).toBe(2);
      await stop();
    }
  });

  test('one that is not accepted rests too', async () => {
    const { server, made, stop } = await house(backend, 401, {});
    for (let calls = 0; calls < 4; calls += 1) await made.chat({ ...ASKS.chat }, { sink: new MemorySink() });
    expect(server.requests.map(keyIn).filter((key) => key === 'one')).toHaveLength(1);
    await stop();
  });
});
