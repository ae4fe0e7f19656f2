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
 */
export function signedHeaders(secret: string, id: string, atMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
