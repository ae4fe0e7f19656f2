import { createPublicKey } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { PROTOCOL, Session, VERSIONS_BACK, WireError, agree, readHello, refuseHello, sendHello, textOf, wholeOf, type Message, type Versions } from '../../../agent/src/wire/index.ts';
import { isTandemError, type Clock, type Logger } from '../../base/index.ts';
import type { Enrolments, KnownNode, Presence } from '../../fleet/index.ts';
import type { Authorities } from '../ca/authorities.ts';
import { keyHash } from '../ca/certificate.ts';
import type { Connections } from './connections.ts';
import type { AgentRelease } from './release.ts';

export interface HandshakeOptions {
  readonly authorities: Authorities;
  readonly connections: Connections;
  /** Which server process this is. */
  readonly process: string;
  readonly presence: Presence;
  readonly enrolments: Enrolments;
  readonly clock: Clock;
  readonly log: Logger;
  readonly serverVersion: string;
  /** The agent's release that this server has; an agent with another one fetches it. */
  readonly release: () => Pick<AgentRelease, 'hash' | 'signature'>;
}

const HELLO_MS = 10_000;
const HEARTBEAT_MS = 5_000;
const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-arm64'];
const SERVES: Versions = { least: Math.max(PROTOCOL.least, PROTOCOL.most - VERSIONS_BACK), most: PROTOCOL.most };

/** Takes one TLS connection of an agent: its enrolment, or its work. Never throws; a refusal is told to the agent. */
export async function shakeHands(socket: TLSSocket, options: HandshakeOptions): Promise<void> {
  const { clock, log } = options;
  const from = socket.remoteAddress ?? 'unknown';
  const late = new AbortController();
  const done = new AbortController();
  void clock.sleep(HELLO_MS, done.signal).then(() => late.abort(new Error('late')), () => {});
  try {
    const { hello, rest } = await readHello(socket, late.signal);
    done.abort(new Error('done'));
    if (isMessage(hello['enrol'])) await enrol(socket, hello['enrol'], from, options);
    else await connect(socket, hello, rest, from, options);
  } catch (error) {
    done.abort(new Error('done'));
    // What is not the agent's fault is told without its reason.
    const [code, reason] = error instanceof WireError ? [error.code, error.message] : isTandemError(error) ? [error.code, `${error.message} ${error.next}`] : ['failed', 'the server could not take the connection'];
    if (!(error instanceof WireError)) log.info({ from, code, reason: error instanceof Error ? error.message : 'unknown' }, 'an agent was refused');
    if (!socket.destroyed) refuseHello(socket, code, reason);
  }
}

async function enrol(socket: TLSSocket, claim: Message, from: string, { enrolments, authorities }: HandshakeOptions): Promise<void> {
  const platform = textOf(claim, 'platform', 32);
  if (!PLATFORMS.includes(platform)) throw new WireError('bad_platform', `there is no agent for ${platform}`);
  const publicKey = identityKey(textOf(claim, 'publicKey', 1_000));
  const machine = claim['machine'] === null ? null : textOf(claim, 'machine', 128);
  const row = await enrolments.use({
    token: textOf(claim, 'token', 256), identity: keyHash(publicKey), hostname: textOf(claim, 'hostname', 256), machine, platform, standIn: claim['standIn'] === true, from,
  });
  const { certificate } = await authorities.forNode(row.id, publicKey);
  sendHello(socket, { node: { id: row.id, name: row.name }, certificate, roots: authorities.roots() });
  socket.end();
}

async function connect(socket: TLSSocket, hello: Message, rest: Buffer, from: string, options: HandshakeOptions): Promise<void> {
  const { presence, connections, clock } = options;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || !socket.authorized) throw new WireError('no_identity', `the certificate is not valid (${String(socket.authorizationError ?? 'there is none')})`);
  const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const node = await presence.identify(keyHash(publicKey));
  if (node === undefined || certificate.subject !== `CN=${node.id}`) throw new WireError('unknown_node', 'the node was removed: add the machine again');
  if (node.quarantined) throw new WireError('quarantined', 'the node is quarantined: tandem node show says why; release it, or remove it and add the machine again');
  const versions = hello['versions'];
  const agreement = agree(SERVES, isMessage(versions) ? { least: wholeOf(versions, 'least', 1, 1_000), most: wholeOf(versions, 'most', 1, 1_000) } : { least: 0, most: 0 });
  if ('update' in agreement && agreement.update === 'server') throw new WireError('server_old', 'the agent is newer than this server');
  const facts = {
    instance: textOf(hello, 'instance', 64), attempt: wholeOf(hello, 'attempt'), boot: textOf(hello, 'boot', 80), agentVersion: textOf(hello, 'agentVersion', 60),
  };
  const protocol = 'protocol' in agreement ? agreement.protocol : 0;
  const certificateExpiresAt = certificate.validToDate;
  await connections.admit(node, facts, async () => {
    if (socket.destroyed) return;
    const connectedAtMs = clock.nowMs();
    await presence.connected(node.id, { process: options.process, atMs: connectedAtMs, agentVersion: facts.agentVersion, protocol, boot: facts.boot, certificateExpiresAt, from });
    if (socket.destroyed) return void (await presence.disconnected(node.id, options.process, connectedAtMs, 'closed before it began'));
    sendHello(socket, { protocol, node: { id: node.id, name: node.name }, heartbeatMs: HEARTBEAT_MS, roots: options.authorities.roots(), serverVersion: options.serverVersion, release: options.release().hash, releaseSignature: options.release().signature, nowMs: clock.nowMs() });
    const session: Session = new Session({ socket, side: 'server', handlers: {
      answer: (name, params) => answer(name, params, { node, session, publicKey }, options),
      accept: async () => { throw new WireError('refused', 'the server takes no streams'); },
      event: (name, fields) => connections.heard(node.id, session, name, fields),
      closed: (error) => connections.left(session, node.id, error),
    } });
    connections.add({ node, session, instance: facts.instance, attempt: facts.attempt, protocol, outdated: protocol === 0, connectedAtMs, publicKey }, certificateExpiresAt.getTime());
    if (rest.length > 0) session.receive(rest);
    socket.resume();
  });
}

async function answer(name: string, _params: Message, { node, session, publicKey }: { node: KnownNode; session: Session; publicKey: Buffer }, { authorities, presence, connections }: HandshakeOptions): Promise<Message> {
  if (name !== 'renew') throw new WireError('unknown_command', 'the server does not know this question');
  const { certificate, expiresAt } = await authorities.forNode(node.id, publicKey);
  connections.renewed(node.id, session, expiresAt.getTime());
  await presence.renewed(node.id, expiresAt);
  return { certificate, roots: authorities.roots() };
}

/** A key on P-256, read and written again by OpenSSL. @throws WireError. */
function identityKey(base64: string): Buffer {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key.export({ type: 'spki', format: 'der' });
  } catch {
    // Told below.
  }
  throw new WireError('bad_key', 'the key is not one on P-256');
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
