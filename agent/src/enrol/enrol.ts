import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dialPinned, type Address } from '../connection/dial.ts';
import { PROTOCOL, WireError, readHello, sendHello, textOf, type Message } from '../wire/index.ts';
import { homeAt, writeIdentity, writeWhole } from '../state/home.ts';

export interface Enrolment {
  readonly home: string;
  readonly server: Address;
  /** SHA-256 of the server key's SPKI, in base64. */
  readonly pin: string;
  readonly token: string;
  readonly machine: string | null;
  readonly platform: string;
  /** This machine plays a Mac and is none. */
  readonly standIn: boolean;
}

const ANSWER_MS = 15_000;

/** Makes a key of its own, has it certified by the token, and keeps who it is now. Returns the node's name. @throws WireError with the server's reason. */
export async function enrol({ home: root, server, pin, token, machine, platform, standIn }: Enrolment): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const socket = await dialPinned(server, pin);
  try {
    sendHello(socket, { versions: PROTOCOL, enrol: { token, publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'), hostname: hostname().slice(0, 255), machine, platform, standIn } });
    const { hello } = await readHello(socket, AbortSignal.timeout(ANSWER_MS));
    const node = hello['node'] as Message | undefined;
    if (typeof node !== 'object' || node === null) throw new WireError('bad_message', 'the server did not say which node this is');
    const home = homeAt(root);
    mkdirSync(root, { recursive: true, mode: 0o755 });
    writeWhole(home.key, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    writeWhole(home.certificate, textOf(hello, 'certificate', 10_000));
    writeIdentity(home, { node: { id: textOf(node, 'id', 64), name: textOf(node, 'name', 64) }, server, roots: rootsOf(hello), standIn });
    return textOf(node, 'name', 64);
  } finally {
    socket.destroy();
  }
}

/** The server's roots, of which there are one or two. @throws WireError. */
export function rootsOf(message: Message): string[] {
  const { roots } = message;
  if (!Array.isArray(roots) || roots.length === 0 || roots.length > 4 || !roots.every((root) => typeof root === 'string' && root.length < 10_000)) throw new WireError('bad_message', 'roots are not certificates');
  return roots as string[];
}
