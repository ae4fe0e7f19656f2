import { X509Certificate, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { rootsOf } from '../enrol/enrol.ts';
import type { Outside } from '../outside.ts';
import { readIdentity, writeIdentity, writeWhole, type Home } from '../state/home.ts';
import type { OfferedRelease } from '../update/update.ts';
import { PROTOCOL, Session, WireError, readHello, sendHello, textOf, wholeOf, type SessionHandlers } from '../wire/index.ts';
import { backOffMs } from './back-off.ts';
import { dialTrusted } from './dial.ts';
import { watchLine } from './watch-line.ts';

/** What the agent does for its server. */
export type Duties = Pick<SessionHandlers, 'answer' | 'accept'> & {
  /** Whether a word of the server may not wait: it may end what somebody runs here. */
  urgent(): boolean;
  /** A session has begun. The returned function is called when it is over. */
  begun(session: Session, welcome: Welcome): () => void;
};

/** What the server said at the start of a session. */
export interface Welcome {
  readonly heartbeatMs: number;
  /** The agent's release that the server has. */
  readonly release: OfferedRelease;
}

export interface KeepOptions {
  readonly home: Home;
  readonly agentVersion: string;
  readonly boot: string;
  readonly outside: Outside;
  readonly duties: Duties;
  readonly signal: AbortSignal;
}

/** What the server says to an agent that must not come again; all else is worth another attempt. */
const FINAL = new Set(['unknown_node', 'quarantined']);
/** More than the server waits for another process that had the connection. */
const HELLO_MS = 10_000;
const FINAL_WAIT_MS = 300_000;

/** Keeps one connection to the server until the signal aborts: no port is opened, and whatever ends it, it is made again. */
export async function keepConnected(options: KeepOptions): Promise<void> {
  const { outside, signal } = options;
  const instance = randomBytes(16).toString('hex');
  let failures = 0;
  let beside: TLSSocket | undefined;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    let refused = false;
    try {
      beside = await connectOnce(options, beside, instance, attempt, () => {
        failures = 0;
      });
      if (beside !== undefined) continue;
    } catch (error) {
      beside = undefined;
      refused = error instanceof WireError;
      const reason = error instanceof Error ? error.message : String(error);
      outside.log(`not connected: ${reason}`);
      // Asked again now and then, in case a person has set it right there.
      if (error instanceof WireError && FINAL.has(error.code)) await outside.wait(FINAL_WAIT_MS, signal);
    }
    failures += 1;
    await outside.wait(backOffMs(failures, outside.random(), { urgent: options.duties.urgent(), refused }), signal);
  }
  beside?.destroy();
}

/**
 * One connection from its beginning to its end. Resolves when it was closed in order, with the one that takes its place where it had gone quiet;
 * rejects with why it ended otherwise.
 */
async function connectOnce(options: KeepOptions, dialled: TLSSocket | undefined, instance: string, attempt: number, onWelcome: () => void): Promise<TLSSocket | undefined> {
  const { home, agentVersion, boot, outside, duties, signal } = options;
  const identity = readIdentity(home);
  const socket = dialled ?? await dialTrusted(identity.server, identity);
  try {
    sendHello(socket, { versions: PROTOCOL, agentVersion, instance, attempt, boot });
    const { hello, rest } = await readHello(socket, AbortSignal.timeout(HELLO_MS));
    keepRoots(home, rootsOf(hello));
    const welcome: Welcome = { heartbeatMs: wholeOf(hello, 'heartbeatMs', 100, 60_000), release: { hash: textOf(hello, 'release', 64), signature: typeof hello['releaseSignature'] === 'string' ? hello['releaseSignature'] : null } };
    onWelcome();
    outside.log(`connected to ${identity.server.host}:${identity.server.port} as ${identity.node.name}`);
    return await run(socket, rest, welcome, { home, outside, duties, signal });
  } finally {
    socket.destroy();
  }
}

async function run(socket: TLSSocket, rest: Buffer, welcome: Welcome, { home, outside, duties, signal }: Pick<KeepOptions, 'home' | 'outside' | 'duties' | 'signal'>): Promise<TLSSocket | undefined> {
  const over = Promise.withResolvers<void>();
  // The session may end before somebody waits for it; what comes first is told.
  over.promise.catch(() => {});
  const ended = new AbortController();
  const session = new Session({ socket, side: 'agent', handlers: {
    answer: (name, params) => duties.answer(name, params),
    accept: (name, params, stream) => duties.accept(name, params, stream),
    event: () => {},
    closed: (error) => (error === undefined ? over.resolve() : over.reject(error)),
  } });
  const stop = (): void => session.close('stopping', 'the agent is stopping');
  signal.addEventListener('abort', stop, { once: true });
  // It may have been told to stop while it connected.
  if (signal.aborted) stop();
  const after = duties.begun(session, welcome);
  if (rest.length > 0) session.receive(rest);
  socket.resume();
  void renewInTime(session, home, outside, ended.signal);
  const dial = (): Promise<TLSSocket> => {
    const identity = readIdentity(home);
    return dialTrusted(identity.server, identity);
  };
  const beside = watchLine(session, { dial, outside, urgent: () => duties.urgent(), signal: ended.signal });
  try {
    const next = await Promise.race([over.promise, beside]);
    if (next !== undefined) {
      outside.log('nothing is heard of the server over this connection; another one got through');
      session.close('replaced', 'another connection got through');
    }
    return next ?? undefined;
  } finally {
    ended.abort(new Error('over'));
    signal.removeEventListener('abort', stop);
    after();
  }
}

/** Asks for the next certificate at half of the time of this one. */
async function renewInTime(session: Session, home: Home, outside: Outside, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { validFromDate, validToDate } = new X509Certificate(readIdentity(home).certificate);
    const halfMs = (validFromDate.getTime() + validToDate.getTime()) / 2;
    const waitMs = Math.max(60_000, halfMs - outside.nowMs());
    if (outside.nowMs() < halfMs) {
      await outside.wait(Math.min(waitMs, 3_600_000), signal);
      continue;
    }
    try {
      const answer = await session.ask('renew', {});
      writeWhole(home.certificate, textOf(answer, 'certificate', 10_000));
      keepRoots(home, rootsOf(answer));
      outside.log('the certificate was renewed');
    } catch (error) {
      if (signal.aborted) return;
      outside.log(`the certificate could not be renewed: ${error instanceof Error ? error.message : String(error)}`);
      await outside.wait(60_000, signal);
    }
  }
}

function keepRoots(home: Home, roots: readonly string[]): void {
  const { key: _key, certificate: _certificate, ...identity } = readIdentity(home);
  if (JSON.stringify(identity.roots) !== JSON.stringify(roots)) writeIdentity(home, { ...identity, roots });
}

