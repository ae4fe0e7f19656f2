import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialPinned, dialTrusted } from '../../../agent/src/connection/dial.ts';
import { enrol } from '../../../agent/src/enrol/enrol.ts';
import { homeAt, readIdentity } from '../../../agent/src/state/home.ts';
import { readHello, sendHello } from '../../../agent/src/wire/index.ts';
import { newId, openSecretBox } from '../../base/index.ts';
import { issueCertificate, pem } from '../ca/certificate.ts';
import { openAgentsHouse, type AgentsHouse } from '../testing/agents-house.ts';

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const hello = { versions: { least: 1, most: 1 }, agentVersion: '0.1.0', instance: 'a', attempt: 1, boot: 'b' };
const late = () => AbortSignal.timeout(10_000);

let house: AgentsHouse;
let home: string;
beforeAll(async () => {
  house = await openAgentsHouse();
  home = join(house.folder, 'node');
  const { token } = await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'gpu-1' });
  await enrol({ home, server: house.tunnels.address!, pin: house.tunnels.address!.pin, token, machine: null, platform: 'linux-x64', standIn: true });
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());

async function dial(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ ...house.tunnels.address!, servername: 'agents.tandem', ALPNProtocols: ['tandem-agent'], rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

async function refusal(options: ConnectionOptions): Promise<string> {
  const socket = await dial(options);
  try {
    sendHello(socket, hello);
    await readHello(socket, late());
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    socket.destroy();
  }
}

/** A certificate as the CA would make it, by whoever has that key. */
function forged(subject: string, key: KeyObject, publicKey: Buffer, until = new Date(Date.now() + 3_600_000)): string {
  return pem(issueCertificate({ use: 'node', subject, publicKey, names: [], from: new Date(Date.now() - 7_200_000), until, serial: randomBytes(16), issuer: { subject: new X509Certificate(house.tunnels.authorities.roots()[0]!).subject.replace(/^CN=/, ''), privateKey: key } }));
}

/** The root's own key, as whoever has the database and the secret file has it: for certificates that only time makes bad. */
async function rootKey(): Promise<KeyObject> {
  const row = await house.database.unscoped('a test').selectFrom('authorities').select(['id', 'private_key']).where('purpose', '=', 'agent-ca').executeTakeFirstOrThrow();
  return createPrivateKey({ key: openSecretBox(join(house.folder, 'secret')).open(row.private_key, `authorities.private_key ${row.id}`), format: 'der', type: 'pkcs8' });
}

describe('who is not the node that it says it is', () => {
  it('is refused: without a certificate, with one of another CA, with one of a node that is not, over an older TLS', async () => {
    const identity = readIdentity(homeAt(home));
    const own = newKey();
    expect(await refusal({})).toBe('no_identity');
    expect(await refusal({ key: pkcs8(own.privateKey), cert: forged(identity.node.id, newKey().privateKey, spki(own.publicKey)) })).toBe('no_identity');
    const stranger = await house.tunnels.authorities.forNode(newId(), spki(own.publicKey));
    expect(await refusal({ key: pkcs8(own.privateKey), cert: stranger.certificate })).toBe('unknown_node');
    // A key of one's own in a certificate with another's name is not that other.
    expect(await refusal({ key: pkcs8(own.privateKey), cert: (await house.tunnels.authorities.forNode(identity.node.id, spki(own.publicKey))).certificate })).toBe('unknown_node');
    await expect(dial({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/alert|version/);
    expect(await refusal({ key: identity.key, cert: identity.certificate })).toBe('taken');
  });

  it('is refused with a certificate whose time is over, and cut when it runs out', async () => {
    const { node, key } = readIdentity(homeAt(home));
    const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const root = await rootKey();
    expect(await refusal({ key, cert: forged(node.id, root, publicKey, new Date(Date.now() - 1_000)) })).toBe('no_identity');
    const short = await dial({ key, cert: forged(node.id, root, publicKey, new Date(Date.now() + 4_000)) });
    sendHello(short, { ...hello, instance: 'b' });
    expect((await readHello(short, late())).hello).toMatchObject({ protocol: 1 });
    let said = '';
    short.on('data', (chunk: Buffer) => { said += chunk.toString(); }).resume();
    await once(short, 'close');
    expect(said).toContain('its certificate has expired');
    await house.until('disconnected', ({ connected }) => !connected);
  });

  it('is nobody with a copy of the key: a connection of the same start that was slower than a later one is refused, and no more', async () => {
    const { key, certificate: cert } = readIdentity(homeAt(home));
    const later = await dial({ key, cert });
    sendHello(later, { ...hello, instance: 'c', attempt: 7 });
    await readHello(later, late());
    const slower = await dial({ key, cert });
    sendHello(slower, { ...hello, instance: 'c', attempt: 6 });
    await expect(readHello(slower, late())).rejects.toMatchObject({ code: 'replaced' });
    await house.until('connected', ({ connected, quarantine }) => connected && quarantine === null);
    later.destroy();
    await house.until('disconnected', ({ connected }) => !connected);
  });

  it('cannot play the server: neither with a node\'s certificate nor without the pinned key', async () => {
    const identity = readIdentity(homeAt(home));
    const impostor = createServer({ key: identity.key, cert: identity.certificate, minVersion: 'TLSv1.3', ALPNProtocols: ['tandem-agent'] }, (socket) => socket.on('error', () => {}));
    impostor.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => { impostor.listen(0, '127.0.0.1', resolve); });
    try {
      const address = { host: '127.0.0.1', port: (impostor.address() as AddressInfo).port };
      await expect(dialTrusted(address, identity)).rejects.toThrow(/purpose|altnames|Hostname/);
      await expect(dialPinned(address, house.tunnels.address!.pin)).rejects.toThrow('does not have the key of the enrolment line');
    } finally {
      impostor.close();
    }
  });

  it('is ended by words that are no protocol, and the listener goes on', async () => {
    for (const bytes of [randomBytes(64), Buffer.alloc(200_000, 0xff), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      const socket = await dial({});
      socket.resume().write(bytes);
      await once(socket, 'close');
    }
    for (const enrolment of [{}, { token: 'x' }, { token: `tdm_node_${'a'.repeat(43)}`, publicKey: 'AAAA', hostname: 'h', machine: null, platform: 'linux-x64' }, { token: 'x'.repeat(300), publicKey: '', hostname: '', machine: null, platform: 'plan9' }]) {
      const socket = await dial({});
      sendHello(socket, { enrol: enrolment });
      await expect(readHello(socket, late())).rejects.toMatchObject({ name: 'WireError' });
    }
    expect((await house.fleet.nodes.list(house.admin)).items).toHaveLength(1);
  });
});
