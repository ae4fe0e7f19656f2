import type { Duplex } from 'node:stream';
import type { RandomBytes } from '../../base/index.ts';
import { ByteReader, ScreenFault } from './byte-reader.ts';
import { answerApple, answerChallenge } from './vnc-secrets.ts';

/** What opens a lease's screen. It never leaves the control plane. */
export interface ScreenSecret {
  /** Of the machine's user; type 30 asks for it, type 2 does not. */
  readonly username: string | null;
  readonly password: string;
}

/** RFC 6143, 7.1.2. */
const SECURITY = { invalid: 0, none: 1, vnc: 2, apple: 30 } as const;
const VERSION = Buffer.from('RFB 003.008\n');
/** 3.3 lets the server choose, 3.7 has another list: none of the servers that leases run is as old. */
const KNOWN_VERSION = /^RFB 003\.(?:008|889)\n$/;
const MOST_PRIME_BYTES = 1_024;

/**
 * Logs in at a screen's server in the browser's place. Type 30 is taken where the server offers it and there is a name, else type 2;
 * a server that asks for nothing is refused, since anybody on that machine could look at it.
 * @throws ScreenFault with what went wrong; never with the secret.
 */
export async function logIn(server: Duplex, secret: ScreenSecret, random: RandomBytes, signal: AbortSignal): Promise<void> {
  const reader = new ByteReader(server, 'the screen\'s server', signal);
  try {
    const version = (await reader.read(VERSION.length)).toString('latin1');
    if (!KNOWN_VERSION.test(version)) throw new ScreenFault('the screen\'s server speaks another version of RFB');
    server.write(VERSION);
    const count = await reader.readByte();
    if (count === SECURITY.invalid) throw new ScreenFault(`the screen's server refuses: ${printable(await reader.readText())}`);
    const types = [...(await reader.read(count))];
    if (types.includes(SECURITY.apple) && secret.username !== null) await apple(reader, server, { username: secret.username, password: secret.password }, random);
    else if (types.includes(SECURITY.vnc)) await vnc(reader, server, secret.password);
    else throw new ScreenFault(`the screen's server asks in a way that is not spoken here (types ${types.join(', ')})`);
    if ((await reader.read(4)).readUInt32BE() !== 0) throw new ScreenFault(`the screen's server refused the log-in: ${printable(await reader.readText())}`);
  } finally {
    reader.release();
  }
}

async function vnc(reader: ByteReader, server: Duplex, password: string): Promise<void> {
  server.write(Buffer.of(SECURITY.vnc));
  server.write(answerChallenge(await reader.read(16), password));
}

async function apple(reader: ByteReader, server: Duplex, { username, password }: { username: string; password: string }, random: RandomBytes): Promise<void> {
  server.write(Buffer.of(SECURITY.apple));
  const generator = (await reader.read(2)).readUInt16BE();
  const size = (await reader.read(2)).readUInt16BE();
  if (size < 16 || size > MOST_PRIME_BYTES) throw new ScreenFault('the screen\'s server offers a key of an odd size');
  const prime = Buffer.from(await reader.read(size));
  const publicKey = Buffer.from(await reader.read(size));
  server.write(answerApple({ generator, prime, publicKey }, username, password, random));
}

/** Lets a browser in, which has shown a ticket already: no password is asked for, so none reaches it. @throws ScreenFault */
export async function letIn(browser: Duplex, signal: AbortSignal): Promise<void> {
  const reader = new ByteReader(browser, 'the browser', signal);
  try {
    browser.write(VERSION);
    if ((await reader.read(VERSION.length)).toString('latin1') !== VERSION.toString('latin1')) throw new ScreenFault('the browser speaks another version of RFB');
    browser.write(Buffer.of(1, SECURITY.none));
    if ((await reader.readByte()) !== SECURITY.none) throw new ScreenFault('the browser asks for another way to log in');
    browser.write(Buffer.alloc(4));
  } finally {
    reader.release();
  }
}

/** What a machine says is hostile until it is looked at. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
