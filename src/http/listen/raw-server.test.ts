import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { TEST_KEY, echoModels, startShell, type TestShell } from '../testing/shell.ts';

/** Sends raw bytes and reads until the server closes. */
async function raw(shell: TestShell, bytes: string | Buffer): Promise<string> {
  const socket = connect(shell.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  return readAll(socket);
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => { text += chunk; });
  await once(socket, 'close');
  return text;
}

const post = (length: number | string, body = '') =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TEST_KEY}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;

const quick = { checkMs: 25, headersMs: 200, requestMs: 300, keepAliveMs: 5_000 };

describe('what the connection refuses', () => {
  it.each([
    ['a NUL in a header', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b\0c\r\n\r\n'],
    ['a lone CR in a header', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b\rc\r\n\r\n'],
    ['a control character in a header\'s name', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx\u0001a: b\r\n\r\n'],
    ['two lengths', 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['something that is not HTTP', 'hello\r\n\r\n'],
  ])('answers %s with 400 in our own words', async (_name, bytes) => {
    await using shell = await startShell();
    const text = await raw(shell, bytes);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toMatch(/x-request-id: [0-9a-f-]{36}/);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))).toMatchObject({ error: { code: 'malformed_request', next: expect.any(String) } });
  });

  it('answers headers that are too large with 431', async () => {
    await using shell = await startShell();
    expect(await raw(shell, `GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ${'b'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 [\s\S]*headers_too_large/);
  });

  it('closes slow clients by a deadline while others are served', async () => {
    await using shell = await startShell({ limits: quick });
    const slow = ['', 'GET /healthz HTT', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b', post(100, '{"a":')].map((start) => {
      const socket = connect(shell.port, '127.0.0.1');
      socket.on('error', () => {});
      if (start !== '') socket.write(start);
      return readAll(socket);
    });
    let others = 0;
    const served = (async () => {
      for (; others < 50; others += 1) expect((await fetch(`${shell.url}/healthz`)).status).toBe(200);
    })();
    const ends = await Promise.all(slow);
    await served;
    expect(ends[2]).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/);
    expect(ends[3]).toMatch(/^HTTP\/1\.1 408 /);
    expect(others).toBe(50);
  });

  it('refuses a body that says it is too large before reading it, and one that says nothing while reading it', async () => {
    await using shell = await startShell({ maxBodyBytes: 65_536 });
    expect(await raw(shell, post(104_857_600, 'x'.repeat(1_000)))).toMatch(/^HTTP\/1\.1 413 [\s\S]*payload_too_large/);
    const socket = connect(shell.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TEST_KEY}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let sent = 0; sent < 4; sent += 1) socket.write(chunk);
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('does not invite a body that is too large', async () => {
    await using shell = await startShell({ maxBodyBytes: 65_536 });
    const text = await raw(shell, post(104_857_600).replace('\r\n\r\n', '\r\nexpect: 100-continue\r\n\r\n'));
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('keeps memory bounded under 100,000-deep and 100 MB bodies', async () => {
    await using shell = await startShell();
    const send = (body: string) => fetch(`${shell.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json' }, body });
    const before = process.memoryUsage.rss();
    for (const open of ['[', '{"a":']) {
      const reply = await send(open.repeat(100_000));
      expect([reply.status, ((await reply.json()) as { error: { code: string } }).error.code]).toEqual([400, 'invalid_json']);
    }
    const pieces = Array.from({ length: 16 }, () => raw(shell, post(104_857_600, 'x'.repeat(500_000))));
    for (const text of await Promise.all(pieces)) expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1_048_576);
  });
});

describe('closing', () => {
  it('lets a reply in flight end, refuses new calls, and leaves no connection', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => { release = resolve; });
    const shell = await startShell({ models: { ...echoModels, call: async (_dialect, _call, sink) => { sink.head(200, { 'content-type': 'text/event-stream' }); sink.write('data: 1\n\n'); await gate; sink.end('data: [DONE]\n\n'); } } });
    const reply = await fetch(`${shell.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json' }, body: '{}' });
    const closed = shell.server.close(5_000);
    await expect(fetch(`${shell.url}/healthz`)).rejects.toThrow();
    release();
    expect(await reply.text()).toBe('data: 1\n\ndata: [DONE]\n\n');
    expect(await closed).toEqual({ broken: 0 });
  });

  it('breaks what does not end by the deadline, and says how many', async () => {
    const shell = await startShell({ models: { ...echoModels, call: (_dialect, call, sink) => new Promise((resolve) => {
      sink.head(200, { 'content-type': 'text/event-stream' });
      sink.write('data: 1\n\n');
      call.signal.addEventListener('abort', () => resolve());
    }) } });
    const reply = await fetch(`${shell.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json' }, body: '{}' });
    const text = reply.text();
    text.catch(() => {});
    expect(await shell.server.close(20)).toEqual({ broken: 1 });
    await expect(text).rejects.toThrow();
  });

  it('names a free port when its own is taken', async () => {
    await using shell = await startShell();
    await expect(startShell({ port: shell.port })).rejects.toMatchObject({ code: 'port_taken', next: expect.stringMatching(/TANDEM_PORT=\d+/) });
  });
});
