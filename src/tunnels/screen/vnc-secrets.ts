import { createCipheriv, createDiffieHellman, createHash } from 'node:crypto';
import type { RandomBytes } from '../../base/index.ts';

/**
 * Security type 2 (RFC 6143, 7.2.2): the challenge under DES, whose key is the password's first eight bytes with the bits of each in the
 * other order. Three equal keys make DES of triple DES, which OpenSSL still has.
 */
export function answerChallenge(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password, 'latin1').copy(key, 0, 0, 8);
  for (let at = 0; at < 8; at += 1) key[at] = reversed(key[at]!);
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

function reversed(byte: number): number {
  let bits = 0;
  for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) bits |= 0x80 >> bit;
  return bits;
}

/** What a server of type 30 sends: the group, and its half of the key. */
export interface AppleOffer {
  readonly generator: number;
  readonly prime: Buffer;
  readonly publicKey: Buffer;
}

const FIELD = 64;

/**
 * Security type 30 (Apple's, as noVNC and macOS speak it): a key by Diffie-Hellman, its MD5 as the key of AES-128-ECB, under which a
 * name and a password go, 64 bytes each with random bytes behind their end. The server's identity is not proven by it, so it is spoken
 * only inside the tunnel.
 * @returns what is sent: the two under the key, then the client's half.
 */
export function answerApple(offer: AppleOffer, username: string, password: string, random: RandomBytes): Buffer {
  const size = offer.prime.length;
  const half = createDiffieHellman(offer.prime, Buffer.of(offer.generator >> 8, offer.generator & 0xff));
  const publicKey = half.generateKeys();
  const credentials = Buffer.alloc(2 * FIELD);
  random(credentials);
  writeField(credentials, 0, username);
  writeField(credentials, FIELD, password);
  const cipher = createCipheriv('aes-128-ecb', createHash('md5').update(padded(half.computeSecret(offer.publicKey), size)).digest(), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(credentials), cipher.final(), padded(publicKey, size)]);
}

function writeField(target: Buffer, at: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length >= FIELD) throw new RangeError('a name and a password of a screen are shorter than 64 bytes');
  bytes.copy(target, at);
  target[at + bytes.length] = 0;
}

/** Numbers of a group are sent at its full width. */
export function padded(number: Buffer, size: number): Buffer {
  return number.length >= size ? number.subarray(number.length - size) : Buffer.concat([Buffer.alloc(size - number.length), number]);
}
