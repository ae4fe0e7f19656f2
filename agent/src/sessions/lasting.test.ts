import { randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PooledReads, RESUME_GREETING, Resumable, againLine, readLine } from '../wire/index.ts';
import type { PooledSocket } from './join-sockets.ts';
import { LastingSessions, resumeOf } from './lasting.ts';

/* Real sockets; what stands for sshd says back what it hears, and what stands for the server is a connection without TLS. */
const ME = { again: false, person: 'user 1' };
const AGAIN = { ...ME, again: true };
let echo: Server;
let door: Server;
let bootMs = 0;
let sessions: LastingSessions;
const open: Socket[] = [];

beforeEach(async () => {
  bootMs = 1_000;
  sessions = new LastingSessions(() => bootMs);
  echo = createServer({ allowHalfOpen: true }, (socket) => void socket.on('error', () => {}).pipe(socket));
  door = createServer();
  for (const server of [echo, door]) await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
  echo.close();
  door.close();
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
function pooled(server: Server): PooledSocket {
  const reads = new PooledReads();
  const socket = connect({ port: portOf(server), host: '127.0.0.1', onread: reads });
  socket.once('close', () => reads.first.destroy());
  open.push(socket);
  return { socket, reads };
}

/** A line from the machine to who stands for the client; the machine takes it as told. */
async function line(order: typeof ME, recorded = false): Promise<Socket> {
  const arrived = new Promise<Socket>((resolve) => { door.once('connection', resolve); });
  const outer = pooled(door) as PooledSocket & { readonly socket: TLSSocket };
  void sessions.take(outer, order, recorded, order.again ? undefined : pooled(echo));
  const client = (await arrived).on('error', () => {});
  open.push(client);
  expect(await said(client)).toBe(RESUME_GREETING);
  return client;
}
const said = (client: Socket): Promise<string> => readLine(client, 255, AbortSignal.timeout(5_000));
const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => { socket.resume().once('close', resolve); });
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => { setImmediate(resolve); });
};

/** A client with a session of its own that has said and heard something. */
async function begun(secret: string, recorded = false): Promise<{ readonly client: Socket; readonly end: Resumable; heard(): string }> {
  const client = await line(ME, recorded);
  client.write(`new ${secret}\n`);
  expect(await said(client)).toBe('ok 0');
  let heard = '';
  const end = new Resumable(new Writable({ write: (chunk: Buffer, _encoding, done) => { heard += chunk.toString(); done(); } }));
  end.attach(client, 0);
  end.input.write('before ');
  await until(() => heard === 'before ');
  return { client, end, heard: () => heard };
}
const newSecret = (): string => randomBytes(32).toString('base64url');
async function answerTo(words: string, order: typeof ME = AGAIN, recorded = false): Promise<string> {
  const client = await line(order, recorded);
  client.write(`${words}\n`);
  return said(client);
}

it('goes on over another line for who had it, with what was said meanwhile', async () => {
  const secret = newSecret();
  const { client, end, heard } = await begun(secret);
  client.destroy();
  end.input.write('meanwhile ');
  const next = await line(AGAIN);
  next.write(`${againLine(secret, 1, end.read)}\n`);
  const [word, read] = (await said(next)).split(' ');
  expect([word, Number(read)]).toEqual(['ok', 'before '.length]);
  end.attach(next, Number(read));
  end.input.end('after');
  await until(() => heard() === 'before meanwhile after');
  // Both have ended: nothing is kept for it.
  await until(() => sessions.size === 0);
});

it('is nobody else\'s: not another person\'s, not without the secret, not by a proof that was shown before, not unrecorded where it is to be recorded', async () => {
  const secret = newSecret();
  const { client, end } = await begun(secret);
  const proof = againLine(secret, 1, end.read);
  client.destroy();
  const gone = 'no the machine does not have the session any more';
  expect(await answerTo(proof, { again: true, person: 'user 2' })).toBe(gone);
  // Somebody who has seen its id, but not the secret.
  expect(await answerTo(proof.replace(/\S+$/, randomBytes(32).toString('base64url')))).toBe(gone);
  expect(await answerTo(againLine(newSecret(), 1, end.read))).toBe(gone);
  expect(await answerTo(proof.replace(/ 1 /, ' 2 '))).toBe(gone);
  expect(await answerTo(proof, AGAIN, true)).toBe(gone);
  // Asked of the server as a new session, it is none of before.
  expect(await answerTo(proof, ME)).toBe(gone);
  expect(await answerTo(proof)).toMatch(/^ok /);
  expect(await answerTo(proof)).toBe(gone);
  for (const words of ['', 'again', 'new x', `new ${secret}`, 'again ../../x 1 1 y', `again ${'a'.repeat(300)}`]) expect(await answerTo(words).catch(() => 'no')).toMatch(/^no/);
});

it('ends after some minutes in which nobody came back, with what it ran in, and when its client ends it or what it runs in ends', async () => {
  const [away, left] = [await begun(newSecret()), await begun(newSecret())];
  expect(sessions.size).toBe(2);
  left.end.input.end();
  await closed(left.client);
  expect(sessions.size).toBe(1);
  away.client.destroy();
  await until(() => away.client.destroyed);
  await new Promise((resolve) => { setTimeout(resolve, 50); });
  bootMs += 299_000;
  sessions.look();
  expect(sessions.size).toBe(1);
  bootMs += 2_000;
  sessions.look();
  expect(sessions.size).toBe(0);
  const cut = await begun(newSecret());
  const over = closed(cut.client);
  for (const socket of open) if (socket.remotePort === portOf(echo)) socket.destroy();
  await over;
  expect(sessions.size).toBe(0);
});

it('reads what the server orders, and nothing else', () => {
  expect(resumeOf({})).toBeUndefined();
  expect(resumeOf({ resume: { again: true, person: 'user 1' } })).toEqual({ again: true, person: 'user 1' });
  for (const resume of [null, 1, 'x', {}, { person: 'x'.repeat(101) }]) expect(() => resumeOf({ resume })).toThrow();
});

it('carries much both ways, whole, however often the line is lost', async () => {
  const secret = newSecret();
  const bytes = randomBytes(20_000_000);
  const said0 = await line(ME);
  said0.write(`new ${secret}\n`);
  expect(await said(said0)).toBe('ok 0');
  const got: Buffer[] = [];
  let length = 0;
  const output = new Writable({ write: (chunk: Buffer, _encoding, done) => { got.push(Buffer.from(chunk)); length += chunk.length; done(); } });
  const over = new Promise((resolve) => { output.once('finish', resolve); });
  const end = new Resumable(output);
  let now = said0;
  end.attach(now, 0);
  Readable.from((function* pieces() { for (let at = 0; at < bytes.length; at += 40_000) yield bytes.subarray(at, at + 40_000); })()).pipe(end.input, { end: false });
  for (let turn = 1; turn <= 6; turn += 1) {
    await until(() => length > turn * 2_500_000);
    now.destroy();
    now = await line(AGAIN);
    now.write(`${againLine(secret, turn, end.read)}\n`);
    const [word, read] = (await said(now)).split(' ');
    expect(word).toBe('ok');
    end.attach(now, Number(read));
  }
  await until(() => length === bytes.length);
  end.input.end();
  await over;
  expect(Buffer.concat(got).equals(bytes)).toBe(true);
  await until(() => sessions.size === 0);
});
