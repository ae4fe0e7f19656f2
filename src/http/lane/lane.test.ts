import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { TandemError } from '../../base/index.ts';
import type { ModelApi } from '../faces.ts';
import { TEST_KEY, echoModels, startShell, type TestShell } from '../testing/shell.ts';

const post = (body: string, fields: readonly string[] = [], path = '/v1/chat/completions', key = TEST_KEY) =>
  [`POST ${path} HTTP/1.1`, 'host: x', `authorization: Bearer ${key}`, 'content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...fields, '', body].join('\r\n');

/** A client that writes bytes as they are, and gathers what comes. */
class Wire {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (chunk: string) => { this.text += chunk; }).on('close', () => { this.closed = true; });
  }

  static to(shell: TestShell): Wire {
    return new Wire(connect(shell.port, '127.0.0.1'));
  }

  /** Waits until so many replies have begun and the last has the text. */
  async got(replies: number, text: string): Promise<void> {
    await vi.waitFor(() => expect([this.text.split('HTTP/1.1 ').length - 1, this.text]).toEqual([replies, expect.stringContaining(text)]), { timeout: 5_000 });
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Which calls came, and by which way: Node's own requests have more than the lane's. */
function watching(): { models: ModelApi; seen: unknown[] } {
  const seen: unknown[] = [];
  return { seen, models: { ...echoModels, call: async (dialect, call, sink) => {
    seen.push(call.body);
    await echoModels.call(dialect, call, sink);
  } } };
}

describe('the lane', () => {
  it('answers one call after the other on a connection', async () => {
    const { models, seen } = watching();
    await using shell = await startShell({ models });
    const wire = Wire.to(shell);
    wire.socket.write(post('{"a":1}'));
    await wire.got(1, '"echo":{"a":1}}');
    wire.socket.write(post('{"a":"\u00e9\u20ac"}'));
    await wire.got(2, Buffer.from('"echo":{"a":"\u00e9\u20ac"}}').toString('latin1'));
    expect(seen).toHaveLength(2);
    expect(wire.text).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:[\w-]+: [^\r\n]+\r\n)+\r\n/);
    expect(wire.text).toMatch(/\r\ndate: \w{3}, [^\r\n]+ GMT\r\n/);
    expect(wire.text).toMatch(/\r\ncontent-length: \d+\r\n/);
    wire.end();
  });

  it('gives the same answers wherever requests are cut, and whatever follows them', async () => {
    await using shell = await startShell();
    const asked = [
      post('{"first":1}'), post('{"second":2}', ['expect: 100-continue']), `GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TEST_KEY}\r\n\r\n`,
      post('{"third":3}', ['transfer-encoding: chunked']).replace(/content-length[^\r]+\r\n/, '').replace('{"third":3}', 'b\r\n{"third":3}\r\n0\r\n\r\n'), post('{"fourth":4}'),
    ];
    const answers = ['"echo":{"first":1}}', '"echo":{"second":2}}', '"object":"list"', '"echo":{"third":3}}', '"echo":{"fourth":4}}'];
    await fc.assert(fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1 }), fc.array(fc.nat(800), { maxLength: 3 }), async (order, cuts) => {
      const wire = Wire.to(shell);
      wire.socket.setNoDelay(true);
      const bytes = Buffer.from(order.map((at) => asked[at]!).join(''));
      const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
      for (const [at, place] of places.slice(0, -1).entries()) {
        await new Promise((resolve) => wire.socket.write(bytes.subarray(place, places[at + 1]), resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const last = answers[order.at(-1)!]!;
      await vi.waitFor(() => expect(wire.text).toContain(last), { timeout: 5_000 });
      const found = order.map((at) => wire.text.indexOf(answers[at]!));
      expect(found).toEqual([...found].sort((a, b) => a - b));
      expect(found).not.toContain(-1);
      wire.end();
    }), { numRuns: 40 });
  });

  it('answers what came while a call was running after it', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => { release = resolve; });
    await using shell = await startShell({ models: { ...echoModels, call: async (dialect, call, sink) => {
      if ((call.body as { wait?: boolean }).wait) await gate;
      await echoModels.call(dialect, call, sink);
    } } });
    const wire = Wire.to(shell);
    wire.socket.write(post('{"wait":true}'));
    await new Promise((resolve) => setImmediate(resolve));
    wire.socket.write(post('{"next":1}') + post('{"then":2}'));
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await wire.got(3, '"echo":{"then":2}}');
    expect(wire.text.indexOf('"wait"')).toBeLessThan(wire.text.indexOf('"next"'));
    wire.end();
  });

  it.each([['whole', {}], ['streamed', { stream: true }]])('answers a %s call before it refuses what follows it in the same packet, in the lane and behind it', async (_how, more) => {
    await using shell = await startShell({ models: { ...echoModels, call: async (dialect, call, sink) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!(call.body as { stream?: boolean }).stream) return echoModels.call(dialect, call, sink);
      sink.head(200, { 'content-type': 'text/event-stream' });
      for (const piece of ['data: 1\n\n', 'data: 2\n\n']) {
        sink.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      sink.end(`data: ${JSON.stringify({ echo: call.body })}\n\n`);
    } } });
    const garbage = '\u0000\u0001 this is no request\r\n\r\n';
    // The second field is not the lane's: Node's server reads that connection from the start.
    for (const fields of [[], ['cookie: a=b']]) {
      for (const calls of [1, 3]) {
        const wire = Wire.to(shell);
        wire.socket.write(Array.from({ length: calls }, (_, at) => post(JSON.stringify({ at, ...more }), fields)).join('') + garbage);
        await vi.waitFor(() => expect(wire.closed).toBe(true), { timeout: 5_000 });
        expect(wire.text.match(/HTTP\/1\.1 \d+/g)).toEqual([...Array.from({ length: calls }, () => 'HTTP/1.1 200'), 'HTTP/1.1 400']);
        for (let at = 0; at < calls; at += 1) expect(wire.text).toContain(`"echo":{"at":${at}`);
        expect(wire.text).toContain('"code":"malformed_request"');
      }
    }
  });

  it('sends pieces of a stream as they come, and tells its writer when the client has left', async () => {
    let left = false;
    await using shell = await startShell({ models: { ...echoModels, call: (_dialect, call, sink) => new Promise((resolve) => {
      sink.head(200, { 'content-type': 'text/event-stream' });
      sink.write('data: 1\n\n');
      sink.write('data: \u20ac\n\n');
      call.signal.addEventListener('abort', () => {
        left = true;
        sink.write('data: lost\n\n');
        sink.end();
        resolve();
      });
    }) } });
    const wire = Wire.to(shell);
    wire.socket.write(post('{}'));
    await wire.got(1, 'data: 1\n\n');
    expect(wire.text).toContain(`transfer-encoding: chunked\r\n`);
    expect(wire.text).toContain(Buffer.from('\r\n\r\n14\r\ndata: 1\n\ndata: \u20ac\n\n\r\n').toString('latin1'));
    wire.socket.end();
    await vi.waitFor(() => expect([left, wire.closed]).toEqual([true, true]));
  });

  it('holds a writer back whose client does not read', async () => {
    let waited = false;
    const piece = `data: ${'x'.repeat(65_536)}\n\n`;
    await using shell = await startShell({ models: { ...echoModels, call: async (_dialect, _call, sink) => {
      sink.head(200, { 'content-type': 'text/event-stream' });
      for (let sent = 0; sent < 400; sent += 1) {
        if (!sink.write(piece)) {
          waited = true;
          await sink.drained();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      sink.end('data: [DONE]\n\n');
    } } });
    const wire = Wire.to(shell);
    wire.socket.pause();
    wire.socket.write(post('{}'));
    await vi.waitFor(() => expect(waited).toBe(true), { timeout: 5_000 });
    wire.socket.resume();
    await vi.waitFor(() => expect(wire.text.endsWith('data: [DONE]\n\n\r\n0\r\n\r\n')).toBe(true), { timeout: 40_000, interval: 200 });
    expect(wire.text.length).toBeGreaterThan(400 * 65_536);
    wire.end();
  });

  it('refuses in the words of the dialect, reads no body for a stranger, and cuts a reply that failed half-way', async () => {
    await using shell = await startShell({ models: { ...echoModels, call: async (_dialect, { body }, sink) => {
      if ((body as { late?: boolean }).late !== true) throw new TandemError('model_not_found', { params: { model: 'none' } });
      sink.head(200, { 'content-type': 'text/event-stream' });
      sink.write('data: 1\n\n');
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('half-way');
    } } });
    const wire = Wire.to(shell);
    wire.socket.write(post('{}'));
    await wire.got(1, '"code":"model_not_found"');
    wire.socket.write(post('{"a":'));
    await wire.got(2, '"code":"invalid_json"');
    wire.socket.write(post('{"late":true}'));
    await vi.waitFor(() => expect(wire.closed).toBe(true));
    expect(wire.text.endsWith('data: 1\n\n\r\n')).toBe(true);

    const stranger = Wire.to(shell);
    stranger.socket.write(post('{}', [], '/v1/chat/completions', 'wrong').replace('content-length: 2', 'content-length: 900000'));
    await stranger.got(1, '"code":"invalid_api_key"');
    stranger.end();
  });

  it('closes connections that are idle or whose request does not arrive', async () => {
    await using shell = await startShell({ limits: { checkMs: 20, headersMs: 100, requestMs: 150, keepAliveMs: 100 } });
    const [silent, slow, idle] = [Wire.to(shell), Wire.to(shell), Wire.to(shell)];
    slow.socket.write(post('{"a":1}').slice(0, -3));
    idle.socket.write(post('{}'));
    await vi.waitFor(() => expect([silent.closed, slow.closed, idle.closed]).toEqual([true, true, true]), { timeout: 5_000 });
    expect([silent.text, slow.text.slice(0, 13), idle.text.slice(0, 13)]).toEqual(['', 'HTTP/1.1 408 ', 'HTTP/1.1 200 ']);
  });

  it('closes idle connections when the server stops, and lets what runs end', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => { release = resolve; });
    const shell = await startShell({ models: { ...echoModels, call: async (dialect, call, sink) => {
      if ((call.body as { wait?: boolean }).wait) await gate;
      await echoModels.call(dialect, call, sink);
    } } });
    const [idle, running] = [Wire.to(shell), Wire.to(shell)];
    idle.socket.write(post('{}'));
    running.socket.write(post('{"wait":true}'));
    await idle.got(1, 'echo');
    const closed = shell.server.close(5_000);
    await vi.waitFor(() => expect(idle.closed).toBe(true));
    release();
    expect(await closed).toEqual({ broken: 0 });
    await vi.waitFor(() => expect(running.closed).toBe(true));
    expect(running.text).toContain('"echo":{"wait":true}}');
    expect(running.text).toContain('\r\nconnection: close\r\n');
  });

  it('serves TLS alike', async () => {
    const fixture = (name: string) => join(import.meta.dirname, '../listen/fixtures', name);
    await using shell = await startShell({ tls: { cert: fixture('new.cert.pem'), key: fixture('new.key.pem') } });
    const socket = connectTls({ port: shell.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const wire = new Wire(socket);
    socket.write(post('{"a":1}'));
    await wire.got(1, '"echo":{"a":1}}');
    socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`);
    await wire.got(2, '\r\n\r\n');
    wire.end();
  });
});
