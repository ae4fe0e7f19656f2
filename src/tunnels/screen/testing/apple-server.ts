import { createDecipheriv, createDiffieHellman, createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { ByteReader } from '../byte-reader.ts';
import { padded } from '../vnc-secrets.ts';

/**
 * A stand-in for the log-in of macOS' screen sharing (type 30), not macOS: the server's side as noVNC's client implies it
 * (@novnc/novnc 1.7.0, core/rfb.js), with the version and the types that macOS 26 was seen to offer.
 * @returns whom the client said to be.
 */
export async function takeAppleLogIn(client: Duplex, prime: Buffer, signal: AbortSignal): Promise<{ username: string; password: string }> {
  const reader = new ByteReader(client, 'the client', signal);
  try {
    client.write('RFB 003.889\n');
    await reader.read(12);
    client.write(Buffer.of(4, 30, 33, 36, 2));
    if ((await reader.readByte()) !== 30) throw new Error('another type was chosen');
    const half = createDiffieHellman(prime, 2);
    const primeBytes = prime.length;
    const head = Buffer.alloc(4);
    head.writeUInt16BE(2);
    head.writeUInt16BE(primeBytes, 2);
    client.write(Buffer.concat([head, prime, padded(half.generateKeys(), primeBytes)]));
    const sealed = Buffer.from(await reader.read(128));
    const key = createHash('md5').update(padded(half.computeSecret(await reader.read(primeBytes)), primeBytes)).digest();
    const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    const opened = Buffer.concat([decipher.update(sealed), decipher.final()]);
    const text = (at: number) => opened.subarray(at, opened.indexOf(0, at)).toString('utf8');
    return { username: text(0), password: text(64) };
  } finally {
    reader.release();
  }
}
