import { execFileSync } from 'node:child_process';
import { X509Certificate, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { issueCertificate, keyHash, pem, type CertificateContent } from './certificate.ts';

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const authority = newKey();
const from = new Date('2026-01-01T00:00:00Z');
const until = new Date('2026-01-02T00:00:00Z');
const issue = (content: Partial<CertificateContent>): Buffer =>
  issueCertificate({ use: 'node', subject: 'node', publicKey: spki(newKey().publicKey), names: [], from, until, serial: randomBytes(16), issuer: { subject: 'root', privateKey: authority.privateKey }, ...content });
const root = issue({ use: 'authority', subject: 'root', publicKey: spki(authority.publicKey), until: new Date('2056-01-01T00:00:00Z') });

describe('certificates', () => {
  it('say what they are for, whose they are and until when, as OpenSSL reads them', () => {
    const key = newKey();
    const server = new X509Certificate(issue({ use: 'server', subject: 'agents', publicKey: spki(key.publicKey), names: ['agents.tandem', '192.0.2.7', '2001:db8::7'] }));
    expect(server.subject).toBe('CN=agents');
    expect(server.issuer).toBe('CN=root');
    expect(server.subjectAltName).toBe('DNS:agents.tandem, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7');
    expect([server.validFromDate, server.validToDate, server.ca]).toEqual([from, until, false]);
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(server.checkPrivateKey(key.privateKey)).toBe(true);
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(keyHash(spki(server.publicKey))).toEqual(keyHash(spki(key.publicKey)));
    const parsedRoot = new X509Certificate(root);
    expect([parsedRoot.ca, parsedRoot.validToDate, server.checkIssued(parsedRoot)]).toEqual([true, new Date('2056-01-01T00:00:00Z'), true]);
  });

  it('of any name, serial and time are valid DER', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme' }), fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), (subject, serial, at) => {
      const end = new Date(Math.floor(at.getTime() / 1000) * 1000);
      const made = new X509Certificate(issue({ subject, serial: Buffer.from(serial), until: end }));
      expect(BigInt(`0x${made.serialNumber}`)).toBe(BigInt(`0x${Buffer.from(serial).toString('hex')}`));
      expect(made.validToDate).toEqual(end);
      expect(made.verify(authority.publicKey)).toBe(true);
    }), { numRuns: 50 });
  });

  it('pass openssl verify for their use and for no other', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-ca-'));
    try {
      writeFileSync(join(folder, 'root.pem'), pem(root));
      for (const use of ['server', 'node'] as const) {
        writeFileSync(join(folder, 'leaf.pem'), pem(issue({ use, names: use === 'server' ? ['agents.tandem'] : [] })));
        const check = (purpose: string): string => execFileSync('openssl', ['verify', '-x509_strict', '-attime', String(from.getTime() / 1000 + 60), '-purpose', purpose, '-CAfile', join(folder, 'root.pem'), join(folder, 'leaf.pem')], { stdio: 'pipe' }).toString();
        expect(check(use === 'server' ? 'sslserver' : 'sslclient')).toContain('OK');
        expect(() => check(use === 'server' ? 'sslclient' : 'sslserver')).toThrow(/unsupported certificate purpose|unsuitable certificate purpose/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
