import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { publicJwk, signJws, verifyJws } from './jws.ts';

const key = generateKeyPairSync('ed25519').privateKey;
const other = generateKeyPairSync('ed25519').privateKey;
const signed = signJws({ said: 'something' }, 'a+jwt', key);

it('names keys as RFC 8037 does (its appendix A)', () => {
  const example = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }, format: 'jwk' });
  expect(publicJwk(example).kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});

it('is believed with its key, and with no other, nor as something else', () => {
  expect(verifyJws(signed, 'a+jwt', [publicJwk(other), publicJwk(key)])).toEqual({ kid: publicJwk(key).kid, type: 'a+jwt', claims: { said: 'something' } });
  expect([verifyJws(signed, 'b+jwt', [publicJwk(key)]), verifyJws(signed, 'a+jwt', [publicJwk(other)]), verifyJws(signed, 'a+jwt', [])]).toEqual([undefined, undefined, undefined]);
  // Another key under the name of the right one.
  expect(verifyJws(signed, 'a+jwt', [{ ...publicJwk(other), kid: publicJwk(key).kid }])).toBeUndefined();
});

it('is refused where its header asks for another way of signing, or for none', () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [, body, signature] = signed.split('.');
  for (const alg of ['none', 'HS256', 'ES256']) {
    const content = `${part({ alg, typ: 'a+jwt', kid: publicJwk(key).kid })}.${body}`;
    expect(verifyJws(`${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`, 'a+jwt', [publicJwk(key)])).toBeUndefined();
  }
  for (const text of ['', 'a.b', `${signed}.x`, `.${body}.${signature}`, 'é.é.é']) expect(verifyJws(text, 'a+jwt', [publicJwk(key)])).toBeUndefined();
});

it('no changed letter passes', () => {
  fc.assert(fc.property(fc.nat(signed.length - 1), fc.constantFrom(...'ABCDEFabcdef0123-_'), (at, letter) => {
    const changed = signed.slice(0, at) + letter + signed.slice(at + 1);
    const read = verifyJws(changed, 'a+jwt', [publicJwk(key)]);
    // The last letter of a part has bits that carry nothing.
    if (read !== undefined) expect(read.claims).toEqual({ said: 'something' });
    if (changed !== signed && read !== undefined) expect(at).toBe(signed.length - 1);
  }), { numRuns: 200 });
});
