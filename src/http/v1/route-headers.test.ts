import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MESSAGE, STREAM } from '../../models/testing/anthropic-fixtures.ts';
import { ModelHouse } from '../testing/model-house.ts';
import { TEST_KEY } from '../testing/shell.ts';

const KINDS = ['openai-compatible', 'openai-responses', 'anthropic', 'gemini', 'bedrock'] as const;
const ASKS = {
  chat: ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 }],
  responses: ['/v1/responses', { input: 'Hi', store: false }],
  messages: ['/v1/messages', { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 }],
} as const satisfies Record<string, readonly [string, object]>;

async function askAt(url: string, dialect: keyof typeof ASKS, model: string, stream: boolean) {
  const [path, body] = ASKS[dialect];
  const response = await fetch(url + path, { method: 'POST', headers: { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json' }, body: JSON.stringify({ ...body, model, stream }) });
  return { status: response.status, route: response.headers.get('x-tandem-route'), attempts: response.headers.get('x-tandem-attempts'), text: await response.text() };
}

describe.each(Object.keys(ASKS) as (keyof typeof ASKS)[])('a call of %s whose backend fails', (dialect) => {
  // One house for each, since breakers remember.
  const house = new ModelHouse();
  let url = '';
  beforeAll(async () => { url = await house.open(KINDS); });
  afterAll(() => house.close());
  const ask = (model: string, stream: boolean) => askAt(url, dialect, model, stream);

  it.each(KINDS)('says which way it tried last and how often, and nothing of its key (%s)', async (kind) => {
    house.server(kind).answer = (response, { headers }) => { response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: `no, ${String(headers['x-api-key'] ?? headers['authorization'] ?? headers['x-goog-api-key'])}` } })); };
    for (const stream of [false, true]) {
      const { status, route, attempts, text } = await ask(kind, stream);
      expect([status, route, attempts]).toEqual([400, `${kind}/model-of-${kind}; reason=only`, '1']);
      expect(text).not.toContain('sk-backend-secret');
    }
  });

  it('names the last of several', async () => {
    for (const kind of KINDS) house.server(kind).json(500, {});
    const { status, route, attempts } = await ask('in-order', true);
    expect([status, route, attempts]).toEqual([502, 'anthropic/model-of-anthropic; reason=next', '3']);
  });

  it('is answered by whoever is well behind those that refuse, whole and streamed, and says so', async () => {
    for (const kind of KINDS) house.server(kind).json(503, {});
    for (const stream of [false, true]) {
      if (stream) house.server('anthropic').stream(STREAM);
      else house.server('anthropic').json(200, MESSAGE);
      const { status, route, attempts, text } = await ask('in-order', stream);
      expect([status, route, attempts]).toEqual([200, 'anthropic/model-of-anthropic; reason=next', '3']);
      expect(text).not.toMatch(/"error":\s*\{|event: error/);
    }
  });

  it('says no way where none was tried', async () => {
    expect(await ask('nowhere', false)).toMatchObject({ status: 404, route: null, attempts: null });
  });
});
