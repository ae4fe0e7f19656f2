import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, bool, implicit, integer, octets, oid, sequence, set, tagged, time, utf8 } from './der.ts';

/** What a certificate is for. A node's cannot play the server, and none but the authority's can issue others. A server process has one of `peer` towards another. */
export type CertificateUse = 'authority' | 'server' | 'node' | 'peer';

export interface CertificateContent {
  readonly use: CertificateUse;
  /** The common name of whom it is for. */
  readonly subject: string;
  /** Its key as SPKI in DER. */
  readonly publicKey: Buffer;
  /** Host names and addresses; only of servers. */
  readonly names: readonly string[];
  readonly from: Date;
  readonly until: Date;
  /** 16 random bytes. */
  readonly serial: Buffer;
  readonly issuer: { readonly subject: string; readonly privateKey: KeyObject };
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const USES: Readonly<Record<CertificateUse, { readonly keyUsage: Buffer; readonly extended: string | null }>> = {
  authority: { keyUsage: bits(Buffer.of(0b0000_0110), 1), extended: null },
  server: { keyUsage: bits(Buffer.of(0b1000_0000), 7), extended: '1.3.6.1.5.5.7.3.1' },
  node: { keyUsage: bits(Buffer.of(0b1000_0000), 7), extended: '1.3.6.1.5.5.7.3.2' },
  peer: { keyUsage: bits(Buffer.of(0b1000_0000), 7), extended: '1.3.6.1.5.5.7.3.2' },
};

/** Signs an X.509 v3 certificate (RFC 5280) with an ECDSA key on P-256. Returns its DER. */
export function issueCertificate(content: CertificateContent): Buffer {
  const { use, subject, publicKey, names, from, until, serial, issuer } = content;
  const { keyUsage, extended } = USES[use];
  const issuerKey = createPublicKey(issuer.privateKey).export({ type: 'spki', format: 'der' });
  const extensions = [
    extension('2.5.29.19', true, use === 'authority' ? sequence(bool(true), integer(Buffer.of(0))) : sequence()),
    extension('2.5.29.15', true, keyUsage),
    ...(extended === null ? [] : [extension('2.5.29.37', false, sequence(oid(extended)))]),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...names.map(generalName)))]),
    extension('2.5.29.14', false, octets(keyId(publicKey))),
    extension('2.5.29.35', false, sequence(implicit(0, keyId(issuerKey)))),
  ];
  const body = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(serial),
    ECDSA_SHA256,
    name(issuer.subject),
    sequence(time(from), time(until)),
    name(subject),
    publicKey,
    tagged(3, sequence(...extensions)),
  );
  return sequence(body, ECDSA_SHA256, bits(sign('sha256', body, issuer.privateKey)));
}

/** What pins a key: the SHA-256 of its SPKI. */
export function keyHash(publicKey: Buffer): Buffer {
  return createHash('sha256').update(publicKey).digest();
}

export function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [bool(true)] : []), octets(value));
}

function name(common: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(common))));
}

function generalName(text: string): Buffer {
  const family = isIP(text);
  if (family === 0) return implicit(2, Buffer.from(text));
  return implicit(7, family === 4 ? Buffer.from(text.split('.').map(Number)) : ipv6Bytes(text));
}

function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Method 1 of RFC 7093: the first 160 bits of the hash of the key. */
function keyId(publicKey: Buffer): Buffer {
  return keyHash(publicKey).subarray(0, 20);
}
