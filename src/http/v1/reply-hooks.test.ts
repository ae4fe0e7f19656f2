import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';
import type { Asked } from '../testing/asking.ts';

interface Question { readonly stage: string; readonly streamed: boolean; readonly reply: unknown; readonly dialect: string }

let house: WholeHouse;
let ask: (method: string, path: string, body?: unknown) => Promise<Asked>;
let server: Server;
let asked: Question[];
let answer: (question: Question, response: ServerResponse) => unknown;
let id: string;

const chat = (more: object = {}) => ask('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [{ role: 'user', content: 'hello' }], ...more });
const codeOf = ({ body }: Asked) => (body as { error: { code: string } }).error.code;
const change = (body: object) => ask('PATCH', `/api/hooks/${id}`, body);
const annotationsOf = ({ headers }: Asked) => headers.get('x-tandem-annotations');

beforeAll(async () => {
  house = await openWholeHouse({ file: { egress: { allow: ['127.0.0.0/8'] } } });
  ask = house.as(house.operator.adminKey);
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => { text += part.toString(); });
    request.on('end', () => {
      const question = JSON.parse(text) as Question;
      asked.push(question);
      const said = answer(question, response);
      if (said !== undefined) response.writeHead(200).end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  ({ hook: { id } } = (await ask('POST', '/api/hooks', { name: 'reader', url, stage: 'reply' })).body as { hook: { id: string } });
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  answer = () => ({ action: 'allow' });
});

describe('a hook on replies', () => {
  it('sees the whole reply, as JSON or as the events of a stream, and lets it go as it is', async () => {
    answer = () => ({ action: 'allow', annotations: { seen: 'yes' } });
    const whole = await chat();
    const streamed = await chat({ stream: true });
    expect(asked).toMatchObject([{ stage: 'reply', streamed: false, dialect: 'chat', reply: whole.body }, { stage: 'reply', streamed: true, reply: streamed.body }]);
    expect(String(streamed.body)).toMatch(/data: \[DONE\]\n\n$/);
    expect([annotationsOf(whole), annotationsOf(streamed)]).toEqual(['{"seen":"yes"}', '{"seen":"yes"}']);
  });

  it('blocks it after the charge: whole, streamed and in each dialect, and a blocked response is not kept', async () => {
    answer = () => ({ action: 'block', reason: 'not this' });
    const replies = [
      await chat(), await chat({ stream: true }), await ask('POST', '/v1/messages', { model: 'tandem/local', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] }),
      await ask('POST', '/v1/responses', { model: 'tandem/local', input: 'hello' }), await ask('POST', '/v1/responses', { model: 'tandem/local', input: 'hello', stream: true }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    expect(codeOf(replies[0]!)).toBe('hook_blocked');
    const call = replies[0]!.headers.get('x-request-id');
    await vi.waitFor(async () => expect((await ask('GET', `/api/usage/${call}`)).body).toMatchObject({ id: call, outcome: 'completed' }), { timeout: 10_000, interval: 100 });
    const kept = (asked[3]!.reply as { id: string }).id;
    expect((await ask('GET', `/v1/responses/${kept}`)).status).toBe(404);
  });

  it('puts another in its place, in the form of the first', async () => {
    answer = ({ reply, streamed }) => ({ action: 'replace', reply: streamed ? 'data: {"choices":[]}\n\ndata: [DONE]\n\n' : { ...(reply as object), choices: [] } });
    expect((await chat()).body).toMatchObject({ object: 'chat.completion', choices: [] });
    expect((await chat({ stream: true })).body).toBe('data: {"choices":[]}\n\ndata: [DONE]\n\n');
  });

  it('that wants a change which cannot be made keeps the reply here, whatever its choice', async () => {
    await change({ onFailure: 'open' });
    answer = () => ({ action: 'replace', reply: 'no events' });
    for (const reply of [await chat(), await chat({ stream: true }), await ask('POST', '/v1/responses', { model: 'tandem/local', input: 'hello' })]) expect([reply.status, codeOf(reply)]).toEqual([503, 'hook_failed']);
  });

  it('that is late goes by its choice', async () => {
    answer = () => undefined;
    await change({ onFailure: 'open', deadlineMs: 50 });
    const open = await chat({ stream: true });
    expect([open.status, annotationsOf(open)]).toEqual([200, '{"hook":"failed"}']);
    await change({ onFailure: 'closed' });
    expect(codeOf(await chat({ stream: true }))).toBe('hook_failed');
    await change({ deadlineMs: 5_000 });
  });

  it('for both is asked twice, and both are heard', async () => {
    await change({ stage: 'both' });
    answer = ({ stage }) => ({ action: 'allow', annotations: { [stage]: 'seen' } });
    expect(JSON.parse(annotationsOf(await chat())!)).toEqual({ request: 'seen', reply: 'seen' });
    expect(asked.map(({ stage }) => stage)).toEqual(['request', 'reply']);
  });
});
