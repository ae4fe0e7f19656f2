import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/** A public Ed25519 key as JSON (RFC 8037), named by its thumbprint (RFC 7638). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
}

/** What a signed text says, once a key has vouched for it. */
export interface ReadJws {
  readonly kid: string;
  readonly type: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** @param key public or private, of Ed25519. */
export function publicJwk(key: KeyObject): PublicJwk {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x: x!, kid: thumbprint(x!) };
}

/** A JWS in its compact form (RFC 7515), signed with Ed25519. @param type what it is, for its header, so that nobody takes it for something else. */
export function signJws(claims: Readonly<Record<string, unknown>>, type: string, privateKey: KeyObject): string {
  const content = `${encode({ alg: 'EdDSA', typ: type, kid: publicJwk(privateKey).kid })}.${encode(claims)}`;
  return `${content}.${sign(null, Buffer.from(content), privateKey).toString('base64url')}`;
}

/** What it says if one of the keys signed it; undefined: none of them did, or it is no such text. Only Ed25519 counts, whatever its header says. */
export function verifyJws(text: string, type: string, keys: readonly PublicJwk[]): ReadJws | undefined {
  const [head, body, signature, ...more] = text.trim().split('.');
  if (head === undefined || body === undefined || signature === undefined || more.length > 0) return undefined;
  const header = decode(head);
  const claims = decode(body);
  if (header?.['alg'] !== 'EdDSA' || header['typ'] !== type || claims === undefined) return undefined;
  const key = keys.find(({ kid, x }) => kid === header['kid'] && kid === thumbprint(x));
  if (key === undefined) return undefined;
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.x }, format: 'jwk' });
    return verify(null, Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url')) ? { kid: key.kid, type, claims } : undefined;
  } catch {
    return undefined;
  }
}

function thumbprint(x: string): string {
  return createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
