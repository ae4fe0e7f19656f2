import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new signing secret, in the written form that receivers' libraries take: `whsec_` and base64. */
export function newSecret(random: (bytes: number) => Buffer = randomBytes): string {
  return PREFIX + random(SECRET_BYTES).toString('base64');
}

/**
 * The headers of a signed message, as the Standard Webhooks specification 1.0 has them: HMAC-SHA256 over
 * `id.timestamp.body` under the secret's bytes, in base64 after `v1,`. The timestamp is in seconds: a receiver refuses
 * one that is minutes old, so a message that somebody caught cannot be played again later.
 * @param secrets Each signs: two while one is replaced by the other.
 */
export function signedHeaders(secrets: readonly string[], id: string, atMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const signatures = secrets.map((secret) => `v1,${createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
