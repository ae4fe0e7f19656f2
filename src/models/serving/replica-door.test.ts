import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { systemClock } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { RemoteBackend } from '../remote/remote-backend.ts';
import { ReplicaDoor } from './replica-door.ts';

/** A stand-in for a tunnel's stream to an engine's port: the test says what comes and how it ends. */
class Line extends Duplex {
  asked = '';

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.asked += chunk.toString('latin1');
    done();
  }
}

const out = { method: 'POST', path: '/x', headers: [], body: Buffer.from('{}'), inputBound: 0, outputBound: 0, textBytes: 2 } as const;
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

it.each([
  ['is cut', (line: Line) => line.destroy()],
  ['fails', (line: Line) => line.destroy(new Error('the node is not connected'))],
  ['ends', (line: Line) => line.push(null)],
])('a reply of a replica whose line %s in the middle has failed, with what had come, and the next call takes another line (lines are stand-ins)', async (_how, end) => {
  const lines: Line[] = [];
  const door = new ReplicaDoor({ ask: async () => ({}), open: async () => {
    const line = new Line();
    lines.push(line);
    return line;
  } });
  const place = { nodeId: 'n', leaseId: 'l' };
  const backend = new RemoteBackend({ id: 'r', name: 'r', url: 'http://r.replica/v1', key: null, policy: readEgressPolicy(undefined), connectTimeoutMs: 1_000, clock: systemClock, dial: (to, done) => { door.connect(place, to, done); } });
  let heard = '';
  const call = (onData: () => void) => new Promise<string>((resolve) => {
    heard = '';
    backend.send(out, {
      onRequestStart: () => {}, onResponseStart: () => {}, onResponseData: (_: unknown, chunk: Buffer) => {
        heard += chunk.toString();
        onData();
      }, onResponseEnd: () => resolve('whole'), onResponseError: (_: unknown, error: Error) => resolve(error.name),
    });
  });
  const lineThat = async (at: number): Promise<Line> => {
    await expect.poll(() => lines[at]?.asked.includes('{}')).toBe(true);
    return lines[at]!;
  };
  try {
    const first = call(() => end(lines[0]!));
    (await lineThat(0)).push(`${HEAD}3\r\nabc\r\n`);
    expect(await first).not.toBe('whole');
    expect(heard).toBe('abc');
    const second = call(() => {});
    (await lineThat(1)).push(`${HEAD}3\r\ndef\r\n0\r\n\r\n`);
    expect([await second, heard]).toEqual(['whole', 'def']);
  } finally {
    await backend.close();
  }
});
