import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PooledReads, readLine } from '../wire/index.ts';
import { joinSockets } from './join-sockets.ts';

const folder = mkdtempSync(join(tmpdir(), 'tandem-join-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two ends that are not ours, and between them the two sockets that are joined; the inner one has said a line before. */
async function joined(name: string): Promise<{ far: Socket; near: Socket; close(): void }> {
  const listen = async (path: string, take: (socket: Socket) => void) => {
    const server = createServer({ allowHalfOpen: true }, take);
    await new Promise<void>((resolve) => { server.listen(path, resolve); });
    return server;
  };
  const [far, near] = [Promise.withResolvers<Socket>(), Promise.withResolvers<Socket>()];
  const servers = [await listen(join(folder, `${name}-in`), (socket) => {
    socket.write('ok\nearly ');
    far.resolve(socket);
  }), await listen(join(folder, `${name}-out`), near.resolve)];
  const reads = new PooledReads();
  const inner = connect({ path: join(folder, `${name}-in`), onread: reads });
  expect(await readLine(reads.first, 10, AbortSignal.timeout(5_000))).toBe('ok');
  const outerReads = new PooledReads();
  joinSockets({ socket: connect({ path: join(folder, `${name}-out`), onread: outerReads }), reads: outerReads }, { socket: inner, reads });
  return { far: await far.promise, near: await near.promise, close: () => servers.forEach((server) => server.close()) };
}

const all = async (socket: Socket): Promise<Buffer> => Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>));
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

it('passes on whole what was said early and what comes in any pieces, to a reader that is slow, both ways, and the end', async () => {
  const { far, near, close } = await joined('whole');
  const bytes = randomBytes(5_000_000);
  near.write('hello');
  expect(String(await new Promise((resolve) => { far.once('data', resolve); }))).toBe('hello');
  for (let at = 0; at < bytes.length; at += 37_123) far.write(bytes.subarray(at, at + 37_123));
  far.end();
  const seen: Buffer[] = [];
  for await (const chunk of near as AsyncIterable<Buffer>) {
    seen.push(chunk);
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  const got = Buffer.concat(seen);
  expect(got.subarray(0, 6).toString()).toBe('early ');
  expect(hash(got.subarray(6))).toBe(hash(bytes));
  near.destroy();
  close();
});

it('ends the inner side with the outer one, and after it', async () => {
  const { far, near, close } = await joined('ends');
  near.end('bye');
  expect((await all(far)).toString()).toBe('bye');
  far.destroy();
  const cut = await joined('cut');
  cut.near.resume();
  const closed = new Promise((resolve) => { cut.near.once('close', resolve); });
  cut.near.end();
  cut.far.resume().end();
  await closed;
  for (const one of [close, cut.close]) one();
});
