import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cuttingPair } from '../testing/cutting-pair.ts';
import { KIND, frameHead } from './frame.ts';
import { encodeMessage, type Message } from './message.ts';
import { Session, type SessionHandlers } from './session.ts';
import { WireError } from './wire-error.ts';
import { WINDOW_BYTES, type WireStream } from './wire-stream.ts';

interface Side {
  readonly session: Session;
  readonly closed: Promise<Error | undefined>;
  readonly events: [string, Message][];
}

function side(socket: Duplex, which: 'server' | 'agent', handlers: Partial<SessionHandlers> = {}): Side {
  const closed = Promise.withResolvers<Error | undefined>();
  const events: [string, Message][] = [];
  const session = new Session({ socket, side: which, handlers: {
    answer: async (name, params) => ({ name, params }),
    accept: async () => { throw new WireError('refused', 'no streams here'); },
    event: (name, fields) => void events.push([name, fields]),
    closed: (error) => closed.resolve(error),
    ...handlers,
  } });
  return { session, closed: closed.promise, events };
}

const readAll = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};
const echo = async (_name: string, _params: Message, stream: WireStream): Promise<void> => void stream.pipe(stream);
const frameOf = (kind: Parameters<typeof frameHead>[0], stream: number, payload: Buffer = Buffer.alloc(0)): Buffer => Buffer.concat([frameHead(kind, stream, payload.length), payload]);

describe('a session', () => {
  it('carries many streams at once, each whole and in order, over any cuts', async () => {
    const sent = fc.array(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 8 }), { minLength: 1, maxLength: 6 });
    await fc.assert(fc.asyncProperty(sent, fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 8 }), async (streams, cuts) => {
      const [here, there] = cuttingPair(cuts, 1_024);
      const server = side(here, 'server');
      const agent = side(there, 'agent', { accept: echo });
      const back = await Promise.all(streams.map(async (chunks) => {
        const stream = server.session.open('echo', {});
        for (const chunk of chunks) stream.write(chunk);
        stream.end();
        return readAll(stream);
      }));
      expect(back.map((bytes) => bytes.toString('hex'))).toEqual(streams.map((chunks) => Buffer.concat(chunks).toString('hex')));
      server.session.close('done');
      expect([await server.closed, (await agent.closed)?.message]).toEqual([undefined, 'the other side ended the connection']);
      expect([server.session.openStreams, agent.session.openStreams]).toEqual([0, 0]);
    }), { numRuns: 25 });
  });

  it('asks and tells both ways, and says why a question failed', async () => {
    const [here, there] = cuttingPair([7]);
    const server = side(here, 'server');
    const agent = side(there, 'agent', { answer: async (name) => { throw name === 'known' ? new WireError('no_gpu', 'there is none') : new Error('a secret path'); } });
    expect(await agent.session.ask('who', { a: 1 })).toEqual({ name: 'who', params: { a: 1 } });
    await expect(server.session.ask('known', {})).rejects.toMatchObject({ code: 'no_gpu', message: 'there is none' });
    await expect(server.session.ask('other', {})).rejects.toMatchObject({ code: 'failed', message: 'it failed' });
    agent.session.tell('heartbeat', { n: 1 });
    await server.session.ping();
    expect(server.events).toEqual([['heartbeat', { n: 1 }]]);
    await expect(server.session.open('x', {}).on('error', () => {}).toArray()).rejects.toMatchObject({ code: 'reset' });
    const leaving = new AbortController();
    leaving.abort();
    await expect(server.session.ask('late', {}, leaving.signal)).rejects.toMatchObject({ code: 'timeout' });
  });

  it('lets a stream that nobody reads hold a window, and no other stream up', async () => {
    const [here, there] = cuttingPair();
    const server = side(here, 'server');
    const held: WireStream[] = [];
    side(there, 'agent', { accept: async (name, _params, stream) => void (name === 'slow' ? held.push(stream) : stream.pipe(stream)) });
    const slow = server.session.open('slow', {});
    let taken = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const fill = (): void => void slow.write(chunk, (error) => {
      if (error) return;
      taken += chunk.length;
      fill();
    });
    fill();
    const quick = server.session.open('quick', {});
    const all = Buffer.alloc(3 * WINDOW_BYTES, 'x');
    quick.end(all);
    expect((await readAll(quick)).equals(all)).toBe(true);
    expect(taken).toBeLessThanOrEqual(WINDOW_BYTES);
    // Read again, it goes on from where it stood.
    held[0]!.resume();
    while (taken < 4 * WINDOW_BYTES) await server.session.ping();
    slow.destroy();
    await server.session.ping();
    expect(server.session.openStreams).toBe(0);
  });

  it('ends the streams of a connection that is lost, and the questions', async () => {
    const [here, there] = cuttingPair();
    const server = side(here, 'server');
    side(there, 'agent', { accept: echo, answer: () => new Promise(() => {}) });
    const stream = server.session.open('echo', {});
    const ended = new Promise((resolve) => { stream.on('error', resolve); });
    const asked = server.session.ask('forever', {});
    there.destroy();
    await expect(asked).rejects.toMatchObject({ code: 'closed' });
    expect(await ended).toMatchObject({ code: 'reset' });
    expect(() => server.session.open('echo', {})).toThrow('closed');
    await expect(server.session.ask('late', {})).rejects.toMatchObject({ code: 'closed' });
  });

  it.each([
    ['data on a stream that was never opened', [frameOf(KIND.data, 2, Buffer.from('x'))], 'protocol'],
    ['a stream with one of our numbers', [frameOf(KIND.open, 1, encodeMessage({ name: 'echo', params: {} }))], 'protocol'],
    ['a stream opened twice', [frameOf(KIND.open, 2, encodeMessage({ name: 'hold', params: {} })), frameOf(KIND.open, 2, encodeMessage({ name: 'hold', params: {} }))], 'protocol'],
    ['more data than was allowed', [frameOf(KIND.open, 2, encodeMessage({ name: 'hold', params: {} })), ...Array.from({ length: 17 }, () => frameOf(KIND.data, 2, Buffer.alloc(64 * 1024)))], 'over_credit'],
    ['a window of frames without a byte', [frameOf(KIND.open, 2, encodeMessage({ name: 'hold', params: {} })), ...Array.from({ length: 4_097 }, () => frameOf(KIND.data, 2))], 'over_credit'],
    ['credit without end', [frameOf(KIND.open, 2, encodeMessage({ name: 'hold', params: {} })), frameOf(KIND.credit, 2, Buffer.from([0xff, 0xff, 0xff, 0xff]))], 'over_credit'],
    ['data after the end', [frameOf(KIND.open, 2, encodeMessage({ name: 'hold', params: {} })), frameOf(KIND.end, 2), frameOf(KIND.data, 2, Buffer.from('x'))], 'bad_order'],
    ['a second hello', [frameOf(KIND.hello, 0, encodeMessage({}))], 'protocol'],
    ['a message that is no object', [frameOf(KIND.event, 0, Buffer.from('[]'))], 'bad_message'],
    ['a message that is no JSON', [frameOf(KIND.request, 1, Buffer.from('{'))], 'bad_message'],
    ['an event without a name', [frameOf(KIND.event, 0, encodeMessage({ fields: {} }))], 'bad_message'],
    ['more questions at a time than are taken', Array.from({ length: 129 }, (_, index) => frameOf(KIND.request, index + 1, encodeMessage({ name: 'forever', params: {} }))), 'protocol'],
  ])('is ended by %s', async (_what, frames, code) => {
    const [here, there] = cuttingPair();
    const server = side(here, 'server', { accept: async () => {}, answer: () => new Promise(() => {}) });
    there.on('error', () => {}).resume();
    for (const frame of frames) there.write(frame);
    expect(await server.closed).toMatchObject({ name: 'WireError', code });
  });

  it('refuses streams beyond its limit one by one', async () => {
    const [here, there] = cuttingPair();
    const server = new Session({ socket: here, side: 'server', limits: { streams: 2 }, handlers: { answer: async () => ({}), accept: async () => {}, event: () => {}, closed: () => {} } });
    const agent = side(there, 'agent');
    const streams = [1, 2, 3].map(() => agent.session.open('hold', {}).on('error', () => {}));
    await agent.session.ping();
    expect([server.openStreams, streams.map(({ destroyed }) => destroyed)]).toEqual([2, [false, false, true]]);
  });

  it('is ended by somebody who asks and does not read', async () => {
    const [here, there] = cuttingPair();
    const server = side(here, 'server');
    there.on('error', () => {});
    const big = encodeMessage({ name: 'echo', params: { text: 'x'.repeat(400_000) } });
    for (let number = 1; number < 60; number += 1) there.write(frameOf(KIND.request, number, big));
    expect(await server.closed).toMatchObject({ code: 'unread' });
  });
});
