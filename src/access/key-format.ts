import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { RandomBytes } from '../base/index.ts';

/**
 * An API key is `tdm_`, 32 base62 characters of randomness (190 bits) and 6 base62 characters of
 * the CRC32 of all that stands before them, so that a typing error or a secret scanner can be
 * answered without a database. Only the SHA-256 of the whole text is ever stored.
 */
const BRAND = 'tdm_';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const LENGTH = BRAND.length + RANDOM_LENGTH + CHECKSUM_LENGTH;
const BODY_LENGTH = LENGTH - CHECKSUM_LENGTH;
const SHAPE = /^tdm_[0-9A-Za-z]{38}$/;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Shown for as long as the key lives: 8 of its 32 random characters, 142 bits stay unknown. */
const PREFIX_LENGTH = BRAND.length + 8;
/** Longer texts cannot be keys; they are cut before hashing, so that what we do does not grow with them. */
const HASHED_LENGTH = 256;

export interface FreshKey {
  /** The whole key: shown once, never stored, never logged. */
  readonly secret: string;
  readonly prefix: string;
  readonly hash: Buffer;
}

export function makeKey(random: RandomBytes): FreshKey {
  const body = BRAND + randomBase62(random, RANDOM_LENGTH);
  const secret = body + checksum(body);
  return { secret, prefix: secret.slice(0, PREFIX_LENGTH), hash: Buffer.from(keyHash(secret), 'base64') };
}

/** True when the text has a key's form and its checksum fits. Says nothing about whether it was ever given out. */
export function isKeyShaped(text: string): boolean {
  return SHAPE.test(text) && checksum(text.slice(0, BODY_LENGTH)) === text.slice(BODY_LENGTH);
}

/** SHA-256 of what was presented, in base64: the directory's index. */
export function keyHash(presented: string): string {
  return hash('sha256', presented.length > HASHED_LENGTH ? presented.slice(0, HASHED_LENGTH) : presented, 'base64');
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    text = ALPHABET[rest % 62]! + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function randomBase62(random: RandomBytes, length: number): string {
  let text = '';
  const bytes = new Uint8Array(length * 2);
  while (text.length < length) {
    random(bytes);
    for (const byte of bytes) {
      // 248 = 4 × 62: higher bytes are dropped, or the first characters would come up more often.
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
    }
  }
  return text;
}
