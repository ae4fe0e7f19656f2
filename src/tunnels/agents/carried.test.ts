import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepConnected } from '../../../agent/src/connection/keep.ts';
import { enrol } from '../../../agent/src/enrol/enrol.ts';
import { realWait } from '../../../agent/src/outside.ts';
import { dialSession } from '../../../agent/src/sessions/dial-session.ts';
import { homeAt, readIdentity, type Home } from '../../../agent/src/state/home.ts';
import { SESSION_PROTOCOL, WireError, sendHello, type Message, type WireStream } from '../../../agent/src/wire/index.ts';
import { newId, silentLogger, systemClock, type Clock } from '../../base/index.ts';
import { openAgentsHouse, type AgentsHouse } from '../testing/agents-house.ts';
import { ARRIVAL_MS, Carried } from './carried.ts';

const DAY_MS = 86_400_000;

let house: AgentsHouse;
beforeAll(async () => {
  house = await openAgentsHouse();
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());

async function enrolled(name: string): Promise<Home> {
  const home = homeAt(join(house.folder, name));
  const { token } = await house.fleet.enrolments.create(house.admin, { pool: 'default', name });
  await enrol({ home: home.root, server: house.tunnels.address!, pin: house.tunnels.address!.pin, token, machine: null, platform: 'linux-x64', standIn: true });
  return home;
}

/** The agent's own connection, with a test's answer to what the server asks about sessions. */
async function connected(home: Home, carry: (params: Message) => Promise<Message>): Promise<{ nodeId: string; streams: string[]; stop(): Promise<void> }> {
  const stopping = new AbortController();
  const nodeId = readIdentity(home).node.id;
  const streams: string[] = [];
  const over = keepConnected({
    home, agentVersion: '0.0.0', boot: 'b', signal: stopping.signal, outside: { nowMs: () => Date.now(), bootMs: () => performance.now(), random: () => 0, wait: realWait, log: () => {} },
    duties: {
      urgent: () => false,
      answer: (name, params) => (name === 'session.carry' ? carry(params) : Promise.reject(new WireError('unknown_command', name))),
      async accept(name, _params, stream: WireStream) {
        streams.push(name);
        stream.end('over the agent');
      },
      begun: () => () => {},
    },
  });
  await house.until('connected', () => house.tunnels.link.isConnected(nodeId));
  return {
    nodeId, streams,
    async stop() {
      stopping.abort(new Error('over'));
      await over;
    },
  };
}

const tokenOf = (params: Message): string => String(params['token']);
const openSession = (nodeId: string) => house.tunnels.link.open(nodeId, 'ssh', { lease: newId() });
const refused = async (identity: Parameters<typeof dialSession>[0], token: string): Promise<boolean> => dialSession(identity, token).then((socket) => {
  socket.destroy();
  return false;
}, () => true);

describe('a connection that carries a session', () => {
  it('carries it once, for the node alone that was asked, with a certificate that is valid', async () => {
    const home = await enrolled('carries');
    const identity = readIdentity(home);
    const other = readIdentity(await enrolled('another'));
    const publicKey = createPublicKey(createPrivateKey(identity.key)).export({ type: 'spki', format: 'der' });
    const expired = { ...identity, certificate: (await house.tunnels.authorities.forNode(identity.node.id, publicKey, Date.now() - 3 * DAY_MS)).certificate };
    let token = '';
    let dial: (token: string) => Promise<TLSSocket> = (word) => dialSession(identity, word);
    const agent = await connected(home, async (params) => {
      token = tokenOf(params);
      try {
        const socket = await dial(token);
        socket.pipe(socket);
      } catch {
        throw new WireError('not_running', 'it was refused');
      }
      return {};
    });

    const session = await openSession(agent.nodeId);
    session.write('there and back');
    expect(String((await once(session, 'data'))[0])).toBe('there and back');
    // Shown again, while the session goes on.
    expect(await refused(identity, token)).toBe(true);
    expect([session.destroyed, house.tunnels.link.isConnected(agent.nodeId)]).toEqual([false, true]);
    session.destroy();

    // Whoever shows it first uses it up, and gets nothing for it.
    for (const thief of [other, expired]) {
      dial = async (word) => {
        expect(await refused(thief, word)).toBe(true);
        return dialSession(identity, word);
      };
      await expect(openSession(agent.nodeId)).rejects.toMatchObject({ code: 'node_refused', detail: 'not_running' });
    }
    expect(await refused(identity, 'x'.repeat(43))).toBe(true);
    expect(await refused(identity, 'x'.repeat(400))).toBe(true);
    expect(agent.streams).toEqual([]);
    await agent.stop();
  });

  it('is no agent: what it says beside its token ends it, and nobody is quarantined for it', async () => {
    const home = await enrolled('no-agent');
    const agent = await connected(home, async () => ({}));
    const { key, certificate } = readIdentity(home);
    for (const mutual of [{ key, cert: certificate }, {}]) {
      const socket = connect({ ...house.tunnels.address!, servername: 'agents.tandem', ALPNProtocols: [SESSION_PROTOCOL], rejectUnauthorized: false, ...mutual });
      // It may be closed with what it said unread.
      socket.on('error', () => {});
      const closed = new Promise((resolve) => { socket.once('close', resolve); });
      await once(socket, 'secureConnect');
      sendHello(socket, { versions: { least: 1, most: 2 }, agentVersion: '0.1.0', instance: 'other', attempt: 1, boot: 'b' });
      socket.write('\n');
      socket.resume();
      await closed;
    }
    expect((await house.until('as it was', ({ connected: there }) => there, agent.nodeId)).state).not.toBe('quarantined');
    await agent.stop();
  });

  it('goes on without the agent, and is cut when the node is removed', async () => {
    const home = await enrolled('removed');
    const agent = await connected(home, async (params) => {
      const socket = await dialSession(readIdentity(home), tokenOf(params));
      socket.pipe(socket);
      return {};
    });
    const session = await openSession(agent.nodeId);
    await agent.stop();
    await house.until('away', ({ connected: there }) => !there, agent.nodeId);
    session.write('still');
    expect(String((await once(session, 'data'))[0])).toBe('still');
    session.on('error', () => {});
    const closed = new Promise((resolve) => { session.once('close', resolve); });
    await house.fleet.nodes.remove(house.admin, agent.nodeId);
    await closed;
  });

  it('is done without where the node can make none: the session goes over the agent\'s connection', async () => {
    const agent = await connected(await enrolled('one-line'), async () => { throw new WireError('no_carrier', 'nothing gets through'); });
    const session = await openSession(agent.nodeId);
    expect(String((await once(session, 'data'))[0])).toBe('over the agent');
    expect(agent.streams).toEqual(['ssh']);
    session.destroy();
    await agent.stop();
  });

  it('comes within seconds, or not at all', async () => {
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const carried = new Carried(clock, silentLogger);
    const { key, certificate, roots } = house.tunnels.authorities.server(['127.0.0.1']);
    const listener = createServer({ key, cert: certificate, ca: [...roots], requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: [SESSION_PROTOCOL] }, (socket) => {
      socket.on('error', () => {});
      void carried.take(socket);
    });
    await new Promise<void>((resolve) => { listener.listen(0, '127.0.0.1', resolve); });
    const identity = { ...readIdentity(await enrolled('late')), server: { host: '127.0.0.1', port: (listener.address() as AddressInfo).port } };
    const publicKey = createPublicKey(createPrivateKey(identity.key)).export({ type: 'spki', format: 'der' });
    const late = carried.expect({ nodeId: 'n', publicKey });
    nowMs += ARRIVAL_MS;
    expect(await refused(identity, late.token)).toBe(true);
    const forgotten = carried.expect({ nodeId: 'n', publicKey });
    forgotten.forget();
    expect(await refused(identity, forgotten.token)).toBe(true);
    const inTime = carried.expect({ nodeId: 'n', publicKey });
    nowMs += ARRIVAL_MS - 1;
    expect(await refused(identity, inTime.token)).toBe(false);
    (await inTime.socket).destroy();
    listener.close();
  });
});
