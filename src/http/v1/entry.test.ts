import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { TandemError, type Logger } from '../../base/index.ts';
import { TEST_KEY, TEST_SESSION, echoModels, startShell } from '../testing/shell.ts';

const authorised = { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json' };
const chat = (url: string, body: unknown, headers: Record<string, string> = authorised) =>
  fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('the model API', () => {
  it('hands the parsed body on and answers with the id of the call', async () => {
    await using shell = await startShell();
    const reply = await chat(shell.url, { model: 'plain', messages: [] });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-length')).not.toBeNull();
    expect(await reply.json()).toEqual({ id: reply.headers.get('x-request-id'), object: 'chat.completion', echo: { model: 'plain', messages: [] } });
  });

  it('takes a key as x-api-key too, and any case of the word Bearer', async () => {
    await using shell = await startShell();
    expect((await chat(shell.url, {}, { 'x-api-key': TEST_KEY, 'content-type': 'application/json' })).status).toBe(200);
    expect((await chat(shell.url, {}, { authorization: `bearer ${TEST_KEY}`, 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it('answers every kind of wrong key with the same 401', async () => {
    await using shell = await startShell();
    const bodies = await Promise.all([
      {}, { authorization: 'Bearer nope' }, { authorization: 'Basic dXNlcjpwdw==' }, { authorization: 'Bearer ' }, { 'x-api-key': '' }, { 'x-api-key': 'nope' },
    ].map(async (headers) => {
      const reply = await chat(shell.url, {}, { 'content-type': 'application/json', ...headers } as Record<string, string>);
      return `${reply.status} ${await reply.text()}`;
    }));
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toMatch(/^401 .*invalid_api_key/);
  });

  it('lets a session call only with the header that scripts of the console send', async () => {
    await using shell = await startShell();
    const cookie = { cookie: `tandem_session=${TEST_SESSION}`, 'content-type': 'application/json' };
    expect((await chat(shell.url, {}, cookie)).status).toBe(403);
    expect((await chat(shell.url, {}, { ...cookie, 'x-tandem-csrf': '1', origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await chat(shell.url, {}, { ...cookie, 'x-tandem-csrf': '1', 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await chat(shell.url, {}, { ...cookie, 'x-tandem-csrf': '1', origin: shell.url })).status).toBe(200);
  });

  it('lists models and finds one whose id holds a slash, raw or encoded', async () => {
    await using shell = await startShell();
    const get = async (path: string) => (await fetch(shell.url + path, { headers: authorised })).json();
    expect(await get('/v1/models')).toEqual({ object: 'list', data: [{ id: 'tandem/local' }, { id: 'plain' }] });
    expect(await get('/v1/models/tandem/local')).toEqual({ id: 'tandem/local' });
    expect(await get('/v1/models/tandem%2Flocal')).toEqual({ id: 'tandem/local' });
    expect(await get('/v1/models/..%2f..%2fetc')).toMatchObject({ error: { type: 'not_found_error' } });
  });

  it.each(['/v1/responses', '/v1/messages', '/v1/embeddings', '/v1/audio/speech', '/v1/anything/else', '/v1'])('says what to use instead of %s', async (path) => {
    await using shell = await startShell();
    const reply = await fetch(shell.url + path, { method: 'POST', headers: authorised, body: '{}' });
    expect(reply.status).toBe(501);
    const code = path === '/v1/messages' ? {} : { code: 'not_implemented' };
    expect(await reply.json()).toMatchObject({ error: { ...code, type: 'invalid_request_error', message: expect.stringContaining('Use ') } });
  });

  it.each([
    ['/v1/v1/chat/completions', 'the base URL has /v1 once too often'], ['/v1/chat/completions/', 'the path ends with a slash'],
    ['/chat/completions', 'the base URL lacks /v1'], ['/messages', 'the base URL lacks /v1'],
  ])('says of %s that %s', async (path, why) => {
    await using shell = await startShell();
    const reply = await fetch(shell.url + path, { method: 'POST', headers: { ...authorised, 'content-type': 'application/json' }, body: '{}' });
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ error: { code: 'base_url_wrong', message: expect.stringContaining(why) } });
  });

  it('names the method that is missing', async () => {
    await using shell = await startShell();
    const reply = await fetch(`${shell.url}/v1/chat/completions`);
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('renders what models throws in the envelope of OpenAI', async () => {
    await using shell = await startShell({ models: { ...echoModels, call: async () => { throw new TandemError('invalid_request', { params: { reason: 'messages is empty.' }, param: 'messages', retryAfterSeconds: 3 }); } } });
    const reply = await chat(shell.url, {});
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([400, '3']);
    expect(await reply.json()).toEqual({ error: { message: expect.stringMatching(/^messages is empty\. /), type: 'invalid_request_error', param: 'messages', code: 'invalid_request' } });
  });

  it('renders it in the envelope of Anthropic where Messages are spoken', async () => {
    const refusing = (error: TandemError) => startShell({ models: { ...echoModels, speaks: () => true, call: async () => { throw error; } } });
    const cases: [TandemError, number, string][] = [
      [new TandemError('invalid_request', { params: { reason: 'max_tokens is missing.' } }), 400, 'invalid_request_error'], [new TandemError('backend_busy', { params: { backend: 'gpu' } }), 529, 'overloaded_error'],
      [new TandemError('budget_exceeded', { params: { period: 'total', scope: 'key', name: 'ci', left: '0', currency: 'USD', amount: '1', cap: '' } }), 402, 'billing_error'],
      [new TandemError('backend_timeout', { params: { backend: 'gpu', step: 'begin its answer', seconds: 5 } }), 504, 'timeout_error'], [new TandemError('backend_unreachable', { params: { backend: 'gpu', reason: 'x' } }), 503, 'overloaded_error'],
      [new TandemError('backend_failed', { params: { backend: 'gpu', reason: 'x' } }), 502, 'api_error'], [new TandemError('model_not_found', { params: { model: 'x', near: '' } }), 404, 'not_found_error'],
    ];
    for (const [error, status, type] of cases) {
      await using shell = await refusing(error);
      const reply = await fetch(`${shell.url}/v1/messages`, { method: 'POST', headers: authorised, body: '{}' });
      expect(reply.status).toBe(status);
      expect(await reply.json()).toMatchObject({ type: 'error', error: { type, message: expect.stringContaining(error.message) }, request_id: reply.headers.get('x-request-id') });
    }
    await using shell = await startShell({ models: { ...echoModels, speaks: () => true } });
    const anonymous = await fetch(`${shell.url}/v1/messages`, { method: 'POST', body: '{}' });
    expect(await anonymous.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
  });

  it('tells nothing of an unexpected error but the id of the request', async () => {
    await using shell = await startShell({ models: { ...echoModels, call: async () => { throw new Error('password=hunter2 at /srv/app.ts'); } } });
    const reply = await chat(shell.url, {});
    const text = await reply.text();
    expect(reply.status).toBe(500);
    expect(text).toContain(reply.headers.get('x-request-id')!);
    expect(text).not.toMatch(/hunter2|app\.ts|stack/);
  });

  it('logs neither key nor prompt, whatever happens', async () => {
    const lines: string[] = [];
    const note = (...line: unknown[]) => { lines.push(JSON.stringify(line, (_name, value: unknown) => (value instanceof Error ? `${value.message} ${value.stack} ${String(value.cause)}` : value))); };
    const log: Logger = { debug: note, info: note, warn: note, error: note, fatal: note, child: () => log };
    await using shell = await startShell({ log, models: { ...echoModels, call: async () => { throw new Error('boom'); } } });
    const prompt = 'a most private prompt';
    const bodies: unknown[] = [{ messages: [prompt] }, `{"${prompt}`, `{"__proto__":"${prompt}"}`];
    for (const body of bodies) {
      await chat(shell.url, body);
      await chat(shell.url, body, { authorization: 'Bearer tdm_secret', 'content-type': 'application/json' });
      await chat(shell.url, body, { authorization: `Bearer ${TEST_KEY}`, 'content-type': `text/plain` });
    }
    expect(lines.length).toBeGreaterThanOrEqual(9);
    expect(lines.join('\n')).toContain('boom');
    for (const secret of [prompt, TEST_KEY, 'tdm_secret']) expect(lines.join('\n')).not.toContain(secret);
  });

  it('cuts the connection when models fails after the head, so that the reply is not taken for whole', async () => {
    await using shell = await startShell({ models: { ...echoModels, call: async (_dialect, _call, sink) => { sink.head(200, { 'content-type': 'text/event-stream' }); sink.write('data: 1\n\n'); throw new Error('late'); } } });
    await expect(chat(shell.url, {}).then((reply) => reply.text())).rejects.toThrow();
  });

  it('sends the head of a stream before its first frame', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => { release = resolve; });
    await using shell = await startShell({ models: { ...echoModels, call: async (_dialect, _call, sink) => { sink.head(200, { 'content-type': 'text/event-stream' }); await gate; sink.end('data: [DONE]\n\n'); } } });
    const reply = await chat(shell.url, {});
    expect(reply.headers.get('content-type')).toBe('text/event-stream');
    release();
    expect(await reply.text()).toBe('data: [DONE]\n\n');
  });

  it('tells models that the client has left', async () => {
    let left: (reason: unknown) => void = () => {};
    const seen = new Promise((resolve) => { left = resolve; });
    await using shell = await startShell({ models: { ...echoModels, call: (_dialect, call, sink) => new Promise((resolve) => {
      sink.head(200, { 'content-type': 'text/event-stream' });
      sink.write('data: 1\n\n');
      call.signal.addEventListener('abort', () => { left(call.signal.reason); sink.write('data: 2\n\n'); sink.end(); resolve(); });
    }) } });
    const abort = new AbortController();
    const reply = await fetch(`${shell.url}/v1/chat/completions`, { method: 'POST', headers: authorised, body: '{}', signal: abort.signal });
    await reply.body!.getReader().read();
    abort.abort();
    expect(await seen).toBeInstanceOf(Error);
  });

  it('holds a writer back while its client does not read', async () => {
    let full: () => void = () => {};
    const whenFull = new Promise<void>((resolve) => { full = resolve; });
    let written = 0;
    await using shell = await startShell({ models: { ...echoModels, call: async (_dialect, _call, sink) => {
      sink.head(200, { 'content-type': 'text/event-stream' });
      const frame = `data: ${'x'.repeat(65_536)}\n\n`;
      for (let frames = 0; frames < 400; frames += 1) {
        written += 1;
        if (!sink.write(frame)) { full(); await sink.drained(); }
      }
      sink.end();
    } } });
    const socket = connect(shell.port, '127.0.0.1');
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TEST_KEY}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`);
    socket.pause();
    await whenFull;
    expect(written).toBeLessThan(400);
    socket.resume();
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => { bytes += chunk.length; if (bytes > 400 * 65_536) socket.end(); });
    await once(socket, 'close');
    expect(written).toBe(400);
  });
});
