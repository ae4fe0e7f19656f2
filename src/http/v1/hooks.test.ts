import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';
import type { Asked } from '../testing/asking.ts';

interface Question { readonly headers: IncomingHttpHeaders; readonly text: string; readonly body: { model: string; messages: { content: string }[] } }

let house: WholeHouse;
let ask: (method: string, path: string, body?: unknown) => Promise<Asked>;
let server: Server;
let url: string;
let asked: Question[];
let answer: (response: ServerResponse, question: Question) => void;
let secret: string;
let id: string;

const json = (value: unknown) => (response: ServerResponse) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const replacing = (change: (body: Question['body']) => object) => (response: ServerResponse, { body }: Question) => json({ action: 'replace', body: change(body) })(response);
const chat = (more: object = {}) => ask('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [{ role: 'user', content: 'my number is 555' }], ...more });
const errorOf = ({ body }: Asked) => (body as { error: { code: string; message: string } }).error;
const change = (body: object) => ask('PATCH', `/api/hooks/${id}`, body);
const annotationsOf = ({ headers }: Asked) => headers.get('x-tandem-annotations');

beforeAll(async () => {
  house = await openWholeHouse({ file: { egress: { allow: ['127.0.0.0/8'] } } });
  ask = house.as(house.operator.adminKey);
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => { text += part.toString(); });
    request.on('end', () => {
      const question = { headers: request.headers, text, body: (JSON.parse(text) as { body: Question['body'] }).body };
      asked.push(question);
      answer(response, question);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/check?team=7`;
  const made = (await ask('POST', '/api/hooks', { name: 'guard', url, deadlineMs: 10_000 })).body as { hook: { id: string }; secret: string };
  ({ secret, hook: { id } } = made);
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  answer = json({ action: 'allow' });
});

describe('a hook', () => {
  it('is asked before a call, signed, with what the caller sent', async () => {
    const reply = await chat();
    expect([reply.status, annotationsOf(reply)]).toEqual([200, null]);
    const [{ headers, text }] = asked as [Question];
    expect(JSON.parse(text)).toEqual({
      id: reply.headers.get('x-request-id'), stage: 'request', project: house.operator.projectId, model: 'tandem/local', dialect: 'chat',
      body: { model: 'tandem/local', messages: [{ role: 'user', content: 'my number is 555' }] },
    });
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(signed).digest('base64')}`);
    expect(JSON.stringify((await ask('GET', '/api/hooks')).body)).not.toContain(secret.slice(6));
  });

  it('blocks with its reason, in each dialect and for streams, and nothing is charged', async () => {
    answer = json({ action: 'block', reason: 'no numbers here.' });
    const reply = await chat({ stream: true });
    expect([reply.status, errorOf(reply)]).toMatchObject([403, { code: 'hook_blocked', message: expect.stringContaining('The hook guard blocked this call: no numbers here.') as string }]);
    const others = [
      await ask('POST', '/v1/messages', { model: 'tandem/local', max_tokens: 5, messages: [{ role: 'user', content: '555' }] }),
      await ask('POST', '/v1/responses', { model: 'tandem/local', input: '555' }),
      await ask('POST', '/v1/responses', { model: 'tandem/local', input: '555', background: true }),
      await ask('POST', '/v1/responses/compact', { model: 'tandem/local', input: '555' }),
    ];
    expect(others.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect((await ask('GET', `/api/usage/${reply.headers.get('x-request-id')}`)).status).toBe(404);
    // The trace of it has the code, and not the hook's words.
    const traced = await vi.waitFor(async () => {
      const { status, body } = await ask('GET', `/api/requests/${reply.headers.get('x-request-id')}`);
      expect(status).toBe(200);
      return JSON.stringify(body);
    }, { timeout: 10_000, interval: 100 });
    expect(traced).toContain('hook_blocked');
    expect(traced).not.toContain('no numbers here');
  });

  it('puts another body in the place of the caller\'s, and annotates the reply', async () => {
    answer = (response, { body }) => json({ action: 'replace', body: { ...body, messages: [{ role: 'user', content: 'my number is [gone]' }] }, annotations: { redacted: '1' } })(response);
    const reply = await chat({ stream: true });
    expect([reply.status, annotationsOf(reply)]).toEqual([200, '{"redacted":"1"}']);
    expect(String(reply.body)).toMatch(/data: \[DONE\]\n\n$/);
    expect(String(reply.body)).not.toContain('555');
    // What goes on is what the hook gave: the one after it sees that.
    const after = (await ask('POST', '/api/hooks', { name: 'after', url })).body as { hook: { id: string } };
    await chat();
    expect(asked.slice(1).map(({ body }) => body.messages[0]!.content)).toEqual(['my number is 555', 'my number is [gone]']);
    await ask('DELETE', `/api/hooks/${after.hook.id}`);
  });

  it.each([
    ['is no request', replacing((body) => ({ ...body, messages: 'nothing' }))],
    ['would be answered in another form', replacing((body) => ({ ...body, stream: true }))],
    ['is no object', replacing(() => [])],
    ['is no answer', json({ action: 'perhaps' })],
    ['does not fit into a header', json({ action: 'allow', annotations: { a: 'naïve' } })],
    ['leads elsewhere', (response: ServerResponse) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end()],
    ['breaks off', (response: ServerResponse) => void response.destroy()],
  ] as const)('fails when what it says %s: closed, the call ends; open, it goes on as it was', async (_what, failing) => {
    answer = failing;
    await change({ onFailure: 'closed' });
    const closed = await chat();
    expect([closed.status, errorOf(closed).code]).toEqual([503, 'hook_failed']);
    await change({ onFailure: 'open' });
    const open = await chat();
    expect([open.status, annotationsOf(open)]).toEqual([200, '{"hook":"failed"}']);
  });

  it('has a deadline', async () => {
    answer = () => {};
    await change({ onFailure: 'closed', deadlineMs: 50 });
    const closed = await chat();
    expect([closed.status, errorOf(closed).message]).toEqual([503, expect.stringContaining('The hook guard has to agree to this call and failed: it did not answer within 50 ms.')]);
    await change({ onFailure: 'open' });
    expect((await chat()).status).toBe(200);
    await change({ onFailure: 'closed', deadlineMs: 5_000 });
  });

  it('is tried about a call that nobody made, counts its questions, and keeps its newest failures without anything of the calls', async () => {
    await change({ enabled: false });
    const { hook } = (await ask('POST', '/api/hooks', { name: 'counted', url, deadlineMs: 10_000 })).body as { hook: { id: string } };
    answer = json({ action: 'block', reason: 'a try' });
    expect((await ask('POST', `/api/hooks/${hook.id}/test`, {})).body).toEqual({ tries: [{ stage: 'request', action: 'block', problem: null, ms: expect.any(Number) as number }] });
    expect(JSON.parse(asked[0]!.text)).toMatchObject({ stage: 'request', test: true, model: 'tandem/test' });
    answer = (response) => void response.writeHead(500).end('my number is 555');
    expect(await ask('POST', `/api/hooks/${hook.id}/test`, {})).toMatchObject({ body: { tries: [{ action: null, problem: 'it answered 500' }] } });
    const failed = await chat();
    answer = json({ action: 'allow' });
    expect((await chat()).status).toBe(200);
    await vi.waitFor(async () => {
      const { items } = (await ask('GET', '/api/hooks')).body as { items: { id: string }[] };
      expect(items.find((one) => one.id === hook.id)).toMatchObject({ asked: '2', failed: '1', lastProblem: 'it answered 500' });
    }, { timeout: 10_000, interval: 100 });
    const { items } = (await ask('GET', `/api/hooks/${hook.id}/failures`)).body as { items: object[] };
    expect(items).toMatchObject([{ callId: failed.headers.get('x-request-id'), stage: 'request', problem: 'it answered 500' }]);
    expect(JSON.stringify(items)).not.toContain('555');
    await ask('DELETE', `/api/hooks/${hook.id}`);
    await change({ enabled: true });
  });

  it('has its labels on the page of the call, and not its sentences', async () => {
    answer = json({ action: 'allow', annotations: { class: 'public', said: 'my number is 555' } });
    const reply = await chat();
    expect(annotationsOf(reply)).toContain('555');
    await vi.waitFor(async () => {
      expect(await ask('GET', `/api/requests/${reply.headers.get('x-request-id')}`)).toMatchObject({ status: 200, body: { annotations: { class: 'public', said: null } } });
    }, { timeout: 10_000, interval: 100 });
  });

  it('of one project is not asked for another\'s calls, nor one that is off, nor one that is gone', async () => {
    const project = (await ask('POST', '/api/projects', { name: 'other' })).body as { id: string };
    await change({ enabled: false });
    expect((await chat()).status).toBe(200);
    const own = (await ask('POST', '/api/hooks', { name: 'theirs', url, projectId: project.id, deadlineMs: 10_000 })).body as { hook: { id: string } };
    expect((await chat()).status).toBe(200);
    expect(asked).toEqual([]);
    const key = (await ask('POST', '/api/keys', { name: 'k', projectId: project.id })).body as { secret: string };
    answer = json({ action: 'block', reason: 'no' });
    const call = () => house.as(key.secret)('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [{ role: 'user', content: 'hello' }] });
    expect((await call()).status).toBe(403);
    expect((await ask('DELETE', `/api/hooks/${own.hook.id}`)).status).toBe(204);
    expect((await call()).status).toBe(200);
  });

  it('is not taken at an address that is closed', async () => {
    const refused = await ask('POST', '/api/hooks', { name: 'inner', url: 'http://169.254.169.254/latest' });
    expect([refused.status, errorOf(refused).code]).toEqual([400, 'url_not_allowed']);
    expect((await ask('POST', '/api/hooks', { name: 'slow', url, deadlineMs: 10_001 })).status).toBe(400);
  });
});
