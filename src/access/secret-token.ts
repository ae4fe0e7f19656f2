import { createHash } from 'node:crypto';
import type { RandomBytes } from '../base/index.ts';

/** A one-time or session token: 32 random bytes in base64url; the database holds only their SHA-256. */
export interface FreshToken {
  readonly token: string;
  readonly hash: Buffer;
}

export function makeToken(random: RandomBytes): FreshToken {
  const bytes = Buffer.alloc(32);
  random(bytes);
  const token = bytes.toString('base64url');
  return { token, hash: tokenHash(token) };
}

/** The hash to look a presented token up by; any text gets one, so that wrong forms take the same way. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token.slice(0, 256)).digest();
}
