import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { rootsOf } from '../enrol/enrol.ts';
import type { Outside } from '../outside.ts';
import { Certificates } from '../state/certificates.ts';
import { readIdentity, writeIdentity, type Home } from '../state/home.ts';
import type { OfferedRelease } from '../update/update.ts';
import { PROTOCOL, Session, WireError, readHello, sendHello, textOf, wholeOf, type SessionHandlers } from '../wire/index.ts';
import { backOffMs } from './back-off.ts';
import { dialTrusted, type Address, type Credentials } from './dial.ts';
import { renewInTime } from './renew.ts';
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
  /** What its clock says, in UTC milliseconds. */
  readonly nowMs: number;
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

/**
 * What the server says to an agent that must not come again, and how long it waits before it asks all the same, since a person may have set it right there; all
 * else is worth another attempt at once. Whoever lets a machine out of quarantine looks at it then.
 */
const FINAL_WAIT_MS: Readonly<Record<string, number>> = { unknown_node: 300_000, quarantined: 5_000 };
/** More than the server waits for another process that had the connection. */
const HELLO_MS = 10_000;
/** What the server says to a certificate that is not valid by its clock. */
const NO_IDENTITY = 'no_identity';

/** Keeps one connection to the server until the signal aborts: no port is opened, and whatever ends it, it is made again. */
export async function keepConnected(options: KeepOptions): Promise<void> {
  const { home, outside, signal } = options;
  const certificates = new Certificates(home);
  const instance = randomBytes(16).toString('hex');
  let failures = 0;
  let beside: TLSSocket | undefined;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    let refused = false;
    try {
      beside = await connectOnce({ ...options, certificates }, beside, instance, attempt, () => {
        failures = 0;
      });
      if (beside !== undefined) continue;
    } catch (error) {
      beside = undefined;
      refused = error instanceof WireError;
      if (error instanceof WireError && error.code === NO_IDENTITY) certificates.refused();
      const reason = error instanceof Error ? error.message : String(error);
      outside.log(`not connected: ${reason}`);
      const finalMs = error instanceof WireError ? FINAL_WAIT_MS[error.code] : undefined;
      if (finalMs !== undefined) await outside.wait(finalMs, signal);
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
async function connectOnce(options: KeepOptions & WithCertificates, dialled: TLSSocket | undefined, instance: string, attempt: number, onWelcome: () => void): Promise<TLSSocket | undefined> {
  const { home, certificates, agentVersion, boot, outside, duties, signal } = options;
  const identity = identityOf(home, certificates);
  const socket = dialled ?? await dialTrusted(identity.server, identity);
  try {
    sendHello(socket, { versions: PROTOCOL, agentVersion, instance, attempt, boot });
    const { hello, rest } = await readHello(socket, AbortSignal.timeout(HELLO_MS));
    certificates.taken();
    keepRoots(home, rootsOf(hello));
    const welcome: Welcome = { heartbeatMs: wholeOf(hello, 'heartbeatMs', 100, 60_000), nowMs: wholeOf(hello, 'nowMs'), release: { hash: textOf(hello, 'release', 64), signature: typeof hello['releaseSignature'] === 'string' ? hello['releaseSignature'] : null } };
    onWelcome();
    outside.log(`connected to ${identity.server.host}:${identity.server.port} as ${identity.node.name}`);
    return await run(socket, rest, welcome, { home, certificates, outside, duties, signal });
  } finally {
    socket.destroy();
  }
}

async function run(socket: TLSSocket, rest: Buffer, welcome: Welcome, { home, certificates, outside, duties, signal }: Pick<KeepOptions, 'home' | 'outside' | 'duties' | 'signal'> & WithCertificates): Promise<TLSSocket | undefined> {
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
  void renewInTime(session, { certificates, outside, serverNowMs: welcome.nowMs, answered: (answer) => keepRoots(home, rootsOf(answer)), signal: ended.signal });
  const dial = (): Promise<TLSSocket> => {
    const identity = identityOf(home, certificates);
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

interface WithCertificates {
  readonly certificates: Certificates;
}

function identityOf(home: Home, certificates: Certificates): Credentials & { readonly server: Address; readonly node: { readonly name: string } } {
  return { ...readIdentity(home), certificate: certificates.shown };
}

function keepRoots(home: Home, roots: readonly string[]): void {
  const { key: _key, certificate: _certificate, ...identity } = readIdentity(home);
  if (JSON.stringify(identity.roots) !== JSON.stringify(roots)) writeIdentity(home, { ...identity, roots });
}

