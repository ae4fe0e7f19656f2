import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { TandemError } from '../../base/index.ts';
import type { ModelCall, ReplySink } from '../faces.ts';
import { TEST_KEY, TEST_SESSION, echoModels, startShell, type TestShell } from '../testing/shell.ts';

/** The connection alone, over a real socket; what answers is a FAKE. */
const open: WebSocket[] = [];
afterEach(() => { for (const socket of open.splice(0)) socket.terminate(); });

const event = (type: string, fields: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const shellOf = (turn: (call: ModelCall, sink: ReplySink) => Promise<void>) => startShell({ models: { ...echoModels, responses: { ...echoModels.responses, turn } } });

function connect(shell: TestShell, headers: Record<string, string> = { authorization: `Bearer ${TEST_KEY}` }, path = '/v1/responses'): WebSocket {
  const socket = new WebSocket(`${shell.url.replace('http', 'ws')}${path}`, { headers });
  open.push(socket);
  return socket;
}
const opened = (socket: WebSocket) => new Promise<void>((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
const next = (socket: WebSocket) => new Promise<Record<string, unknown>>((resolve) => { socket.once('message', (data) => resolve(JSON.parse(String(data)) as Record<string, unknown>)); });
const closed = (socket: WebSocket) => new Promise<number>((resolve) => { socket.on('close', resolve); });
const ask = (socket: WebSocket, more: object = {}) => socket.send(JSON.stringify({ type: 'response.create', model: 'm', input: 'x', ...more }));

describe('a connection for responses', () => {
  it('sends each event as a message, without what only server-sent events have', async () => {
    await using shell = await shellOf(async ({ body }, sink) => {
      sink.head(200, {});
      sink.write(`: a wait\n\n${event('response.created', { echo: body })}${event('response.output_text.delta', { delta: 'data: [DONE]' })}`);
      sink.end(`${event('response.failed')}${event('error', { code: 'late' })}data: [DONE]\n\n`);
    });
    const socket = connect(shell);
    await opened(socket);
    const messages: unknown[] = [];
    const three = new Promise<void>((resolve) => { socket.on('message', (data) => { if (messages.push(JSON.parse(String(data))) === 3) resolve(); }); });
    ask(socket);
    await three;
    expect(messages).toEqual([{ type: 'response.created', echo: { model: 'm', input: 'x' } }, { type: 'response.output_text.delta', delta: 'data: [DONE]' }, { type: 'response.failed' }]);
  });

  it.each<[string, Record<string, string>, number]>([
    ['no key', {}, 401], ['a wrong key', { authorization: 'Bearer nope' }, 401], ['a session that no script of ours vouches for', { cookie: `tandem_session=${TEST_SESSION}` }, 403],
  ])('is not opened with %s', async (_what, headers, status) => {
    await using shell = await startShell();
    const socket = connect(shell, headers);
    const answer = new Promise<number | undefined>((resolve) => { socket.on('unexpected-response', (_request, response) => resolve(response.statusCode)).on('error', () => {}); });
    expect(await answer).toBe(status);
  });

  it('is at one path only, and other upgrades stay ordinary requests', async () => {
    await using shell = await startShell();
    const status = (path: string, method: string, upgrade: string) => new Promise<number | undefined>((resolve, reject) => {
      httpRequest(`${shell.url}${path}`, { method, headers: { connection: 'Upgrade', upgrade, authorization: `Bearer ${TEST_KEY}`, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject).end();
    });
    expect(await status('/v1/models', 'GET', 'h2c')).toBe(200);
    expect(await status('/v1/models', 'GET', 'websocket')).toBe(200);
  });

  it('answers one request at a time, and tells errors in the form of OpenAI', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => { release = resolve; });
    await using shell = await shellOf(async ({ body }) => {
      if ((body as { wait?: boolean }).wait) await gate;
      throw new TandemError('model_not_found', { params: { model: 'm', near: '' }, param: 'model' });
    });
    const socket = connect(shell);
    await opened(socket);
    ask(socket, { wait: true });
    ask(socket);
    expect(await next(socket)).toMatchObject({ type: 'error', status: 400, error: { code: 'invalid_request' } });
    release();
    expect(await next(socket)).toMatchObject({ type: 'error', status: 404, error: { code: 'model_not_found', type: 'not_found_error', param: 'model' } });
    for (const [message, code] of [['{nope', 'invalid_json'], ['null', 'invalid_request'], ['{"type":"response.steer"}', 'invalid_request'], ['{"type":"response.create","__proto__":{}}', 'invalid_json']]) {
      socket.send(message!);
      expect(await next(socket)).toMatchObject({ type: 'error', error: { code } });
    }
    const end = closed(socket);
    socket.send(Buffer.from('binary'));
    expect(await end).toBe(1003);
  });

  it('is closed for a message that is larger than a body may be', async () => {
    await using shell = await startShell({ maxBodyBytes: 1_000 });
    const socket = connect(shell);
    await opened(socket);
    const end = closed(socket);
    socket.send('x'.repeat(2_000));
    expect(await end).toBe(1009);
  });

  it('tells the model that its client has left', async () => {
    let left: (reason: unknown) => void = () => {};
    const seen = new Promise((resolve) => { left = resolve; });
    let begun: () => void = () => {};
    const running = new Promise<void>((resolve) => { begun = resolve; });
    await using shell = await shellOf(({ signal }) => new Promise((resolve) => {
      begun();
      signal.addEventListener('abort', () => { left(signal.reason); resolve(); });
    }));
    const socket = connect(shell);
    await opened(socket);
    ask(socket);
    await running;
    socket.terminate();
    expect(await seen).toBeInstanceOf(Error);
  });

  it('ends its turn before the server stops, and no other begins', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => { release = resolve; });
    let begun: () => void = () => {};
    const running = new Promise<void>((resolve) => { begun = resolve; });
    const shell = await shellOf(async (_call, sink) => {
      begun();
      await gate;
      sink.end(event('response.completed'));
    });
    const [busy, idle] = [connect(shell), connect(shell)];
    await Promise.all([opened(busy), opened(idle)]);
    ask(busy);
    await running;
    const ends = [closed(busy), closed(idle)];
    const last = next(busy);
    const stopped = shell.server.close(5_000);
    expect(await ends[1]).toBe(1001);
    release();
    expect(await last).toEqual({ type: 'response.completed' });
    expect([await ends[0], await stopped]).toEqual([1001, { broken: 0 }]);
  });
});
