import { createHmac, createPublicKey } from 'node:crypto';
import { SignJWT, generateKeyPair, type JWK, type JWTPayload } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import type { NewSession } from './sessions.ts';
import { memberOf, openTestAccess, type TestAccess } from './testing.ts';
import { TestOidcProvider, rawToken, type HonestToken, type TestPerson } from './testing/oidc-provider.ts';

const redirectUri = 'http://127.0.0.1:4600/api/login/oidc/callback';
const clock = new ManualClock();
let provider: TestOidcProvider;
let test: TestAccess;
beforeAll(async () => {
  provider = await TestOidcProvider.start();
  const { issuer, clientId, clientSecret } = provider;
  test = await openTestAccess({ clock, file: { oidc: { issuer, clientId, clientSecret, name: 'Test provider', autoJoin: { domain: 'joiners.example', role: 'developer' } } } });
});
afterEach(() => {
  provider.forge = undefined;
  provider.claimsByUserinfo = false;
});
afterAll(async () => {
  await test.close();
  await provider.stop();
});

const verified = (sub: string, email: string): TestPerson => ({ sub, email, email_verified: true, name: `Person ${sub}` });

async function signIn(person: TestPerson, on: TestAccess = test): Promise<NewSession> {
  const { url, binding } = await on.access.oidc.begin(redirectUri);
  return on.access.oidc.finish({ redirectUri, query: provider.authorize(url, person), binding });
}

/** The error's code and reason. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(() => 'signed in', (error: Error & { code?: string }) => `${error.code}: ${error.message}`);
}

describe('sign-in by an identity provider', () => {
  it('binds a member by the verified address once, and by issuer and subject from then on', async () => {
    const { access, admin } = test;
    const ann = await memberOf(test, admin, 'ann@example.com', 'admin');
    const first = await signIn(verified('ann-1', 'Ann@Example.com'));
    expect(first.principal).toMatchObject({ actor: { kind: 'member', id: ann.actor.id, label: 'ann@example.com' }, role: 'admin', keyId: null });
    expect(await access.sessions.verify(first.token, '1', true)).toMatchObject({ role: 'admin' });
    expect((await access.members.list(admin)).items.find((member) => member.id === ann.actor.id)).toMatchObject({ signInBy: ['link', 'oidc'] });
    // Another address, not even verified: it is still the same person.
    expect((await signIn({ sub: 'ann-1', email: 'other@example.com' })).principal.actor.id).toBe(ann.actor.id);
    // The same address, another person.
    expect(await refusal(signIn(verified('ann-2', 'ann@example.com')))).toBe('oidc_refused: The sign-in was refused: the address belongs to a member with another identity.');
  });

  it('accepts an invitation of the address', async () => {
    const { access, admin } = test;
    await access.invitations.create(admin, { email: 'invited@example.com', role: 'viewer' });
    const session = await signIn(verified('inv-1', 'invited@example.com'));
    expect(session.principal).toMatchObject({ role: 'viewer', actor: { label: 'invited@example.com' } });
    expect((await access.invitations.list(admin)).items.find((one) => one.email === 'invited@example.com')).toMatchObject({ state: 'accepted' });
  });

  it('takes the address from the user information when the ID token has none', async () => {
    provider.claimsByUserinfo = true;
    await test.access.invitations.create(test.admin, { email: 'info@example.com', role: 'viewer' });
    expect((await signIn(verified('info-1', 'info@example.com'))).principal.actor.label).toBe('info@example.com');
  });

  it('lets nobody else in, and writes that down', async () => {
    expect(await refusal(signIn(verified('s-1', 'stranger@example.com')))).toBe('oidc_refused: The sign-in was refused: the address is neither a member\'s nor invited.');
    for (const person of [{ sub: 's-2', email: 'ann@example.com' }, { sub: 's-2', email: 'ann@example.com', email_verified: false }, { sub: 's-2' }, verified('s-2', 'owner@localhost')]) {
      expect(await refusal(signIn(person))).toBe('oidc_refused: The sign-in was refused: the provider has not verified the e-mail address.');
    }
    await test.access.refusalsWritten();
    const { items } = await test.access.audit.list(test.admin, { limit: 5, action: 'sign-in.refuse' });
    expect(items.at(-1)).toMatchObject({ actor: { kind: 'system' }, change: { by: 'oidc', email: 'stranger@example.com' } });
  });

  it('makes members of a domain only where the operator wants it, and not of those who were removed', async () => {
    const { access, admin } = test;
    const joined = await signIn(verified('j-1', 'new@joiners.example'));
    expect(joined.principal).toMatchObject({ role: 'developer', actor: { label: 'new@joiners.example' } });
    for (const alike of ['new@joiners.example.evil.example', 'new@sub.joiners.example', 'new@joıners.example', '"x@joiners.example"@evil.example']) {
      expect(await refusal(signIn(verified('j-2', alike)))).toMatch(/^oidc_refused/);
    }
    await access.members.remove(admin, joined.principal.actor.id!);
    expect(await refusal(signIn(verified('j-1', 'new@joiners.example')))).toBe('oidc_refused: The sign-in was refused: the member was removed.');
    expect(await refusal(signIn(verified('j-1', 'renamed@joiners.example')))).toMatch(/the member was removed/);
    await access.invitations.create(admin, { email: 'new@joiners.example', role: 'viewer' });
    expect((await signIn(verified('j-1', 'new@joiners.example'))).principal.role).toBe('viewer');
  });

  it('takes no control or direction characters from the provider', async () => {
    const { access, admin } = test;
    await signIn({ ...verified('odd-1', 'odd@joiners.example'), name: `A\u0000\u202e\ud800${'b'.repeat(200)}` });
    const odd = (await access.members.list(admin)).items.find((member) => member.email === 'odd@joiners.example');
    expect(odd?.name).toBe(`A  \ufffd${'b'.repeat(96)}`);
    expect(await refusal(signIn(verified('odd-2', 'a\u202eb@joiners.example')))).toMatch(/has not verified/);
    expect(await refusal(signIn(verified('odd-3', `${'a'.repeat(300)}@joiners.example`)))).toMatch(/has not verified/);
  });

  it('keeps to the allowed domains, members or not', async () => {
    const { issuer, clientId, clientSecret } = provider;
    const own = await openTestAccess({ file: { oidc: { issuer, clientId, clientSecret, allowedDomains: ['inside.example'] } } });
    await memberOf(own, own.admin, 'out@outside.example', 'viewer');
    await memberOf(own, own.admin, 'in@inside.example', 'viewer');
    expect(await refusal(signIn(verified('o-1', 'out@outside.example'), own))).toBe('oidc_refused: The sign-in was refused: addresses of this domain may not sign in here.');
    expect((await signIn(verified('i-1', 'in@inside.example'), own)).principal.role).toBe('viewer');
    expect(await refusal(signIn({ sub: 'i-1' }, own))).toMatch(/addresses of this domain/);
    expect(own.access.oidc.name).toBe('Single sign-on');
    await own.close();
  });

  it('says so when it is not set up, or the provider cannot be reached or says no', async () => {
    const without = await openTestAccess();
    expect(without.access.oidc.name).toBeNull();
    expect(await refusal(without.access.oidc.begin(redirectUri))).toMatch(/^oidc_not_configured/);
    await without.close();
    const gone = await TestOidcProvider.start();
    const { issuer } = gone;
    await gone.stop();
    const cut = await openTestAccess({ file: { oidc: { issuer, clientId: 'x' } } });
    expect(await refusal(cut.access.oidc.begin(redirectUri))).toMatch(/^oidc_unreachable/);
    await cut.close();
    const { url, binding } = await test.access.oidc.begin(redirectUri);
    const state = new URL(url).searchParams.get('state')!;
    expect(await refusal(test.access.oidc.finish({ redirectUri, binding, query: new URLSearchParams({ error: 'access_denied', state }).toString() }))).toBe('oidc_refused: The sign-in was refused: the provider answered access_denied.');
  });
});

describe('an attack on the way back', () => {
  const person = verified('ann-1', 'ann@example.com');

  it('with a state that was used, is another browser\'s, is made up or too old is refused', async () => {
    const { oidc } = test.access;
    const begun = await oidc.begin(redirectUri);
    const query = provider.authorize(begun.url, person);
    await oidc.finish({ redirectUri, query, binding: begun.binding });
    expect(await refusal(oidc.finish({ redirectUri, query, binding: begun.binding }))).toMatch(/it was finished before/);
    // A fresh code under the used state is no better.
    expect(await refusal(oidc.finish({ redirectUri, query: provider.authorize(begun.url, person), binding: begun.binding }))).toMatch(/it was finished before/);

    const victim = await oidc.begin(redirectUri);
    const attacker = await oidc.begin(redirectUri);
    const attackersQuery = provider.authorize(attacker.url, person);
    for (const binding of [victim.binding, null, '']) expect(await refusal(oidc.finish({ redirectUri, query: attackersQuery, binding }))).toMatch(/not begun in this browser/);
    for (const state of ['', 'x', 'zzz.zzz', '9'.repeat(400)]) {
      expect(await refusal(oidc.finish({ redirectUri, query: new URLSearchParams({ code: 'x', state }).toString(), binding: victim.binding }))).toMatch(/not begun in this browser/);
    }
    const slow = await oidc.begin(redirectUri);
    const late = provider.authorize(slow.url, person);
    clock.advance(600_001);
    expect(await refusal(oidc.finish({ redirectUri, query: late, binding: slow.binding }))).toMatch(/longer than ten minutes/);
  });

  it('20 times at once with one state signs in once', async () => {
    const { oidc } = test.access;
    const { url, binding } = await oidc.begin(redirectUri);
    const query = provider.authorize(url, person);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => refusal(oidc.finish({ redirectUri, query, binding }))));
    expect(outcomes.filter((outcome) => outcome === 'signed in')).toHaveLength(1);
  });

  it('with a code that another client\'s browser was given is refused: its PKCE verifier is another', async () => {
    const { oidc } = test.access;
    const theirs = await oidc.begin(redirectUri);
    const stolen = new URLSearchParams(provider.authorize(theirs.url, person)).get('code')!;
    const mine = await oidc.begin(redirectUri);
    const state = new URL(mine.url).searchParams.get('state')!;
    expect(await refusal(oidc.finish({ redirectUri, query: new URLSearchParams({ code: stolen, state }).toString(), binding: mine.binding }))).toMatch(/^oidc_refused/);
  });

  const inPem = (jwk: JWK): string => createPublicKey({ key: jwk as Record<string, unknown>, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
  const without = (payload: JWTPayload, claim: string): JWTPayload => Object.fromEntries(Object.entries(payload).filter(([name]) => name !== claim));
  const forgeries: [string, (token: HonestToken) => Promise<string> | string][] = [
    ['no signature (alg none)', ({ payload }) => rawToken({ alg: 'none' }, payload, () => '')],
    ['alg None in other letters', ({ payload }) => rawToken({ alg: 'nOnE' }, payload, () => '')],
    ['the public key used as an HMAC secret (RS256 → HS256)', ({ payload, publicJwk }) => rawToken({ alg: 'HS256', kid: 'test-1' }, payload, (input) => createHmac('sha256', inPem(publicJwk)).update(input).digest('base64url'))],
    ['the client secret used as an HMAC secret', ({ payload }) => rawToken({ alg: 'HS256' }, payload, (input) => createHmac('sha256', provider.clientSecret).update(input).digest('base64url'))],
    ['another key under the same name', async ({ payload }) => new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign((await generateKeyPair('RS256')).privateKey)],
    ['a key that it brings along', async ({ payload }) => {
      const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
      const jwk = await crypto.subtle.exportKey('jwk', publicKey);
      return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', jwk: { kty: jwk.kty!, n: jwk.n!, e: jwk.e! } }).sign(privateKey);
    }],
    ['a key name that is a path', ({ payload, privateKey }) => new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: '../../../../dev/null' }).sign(privateKey)],
    ['a changed payload under the old signature', ({ payload, honest }) => {
      const [header, , signature] = honest.split('.');
      return `${header}.${Buffer.from(JSON.stringify({ ...payload, sub: 'someone-else' })).toString('base64url')}.${signature}`;
    }],
    ['another audience', ({ payload, privateKey }) => new SignJWT({ ...payload, aud: 'another-client' }).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(privateKey)],
    ['an audience among others, for another party', ({ payload, privateKey }) => new SignJWT({ ...payload, aud: ['another-client', 'tandem-test'], azp: 'another-client' }).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(privateKey)],
    ['another issuer', ({ payload, privateKey }) => new SignJWT({ ...payload, iss: 'https://evil.example' }).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(privateKey)],
    ['another nonce', ({ payload, privateKey }) => new SignJWT({ ...payload, nonce: 'of another sign-in' }).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(privateKey)],
    ['no nonce', ({ payload, privateKey }) => new SignJWT(without(payload, 'nonce')).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(privateKey)],
    ['an expiry in the past', ({ payload, privateKey }) => new SignJWT({ ...payload, iat: 1_000, exp: 2_000 }).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(privateKey)],
    ['no subject', ({ payload, privateKey }) => new SignJWT(without(payload, 'sub')).setProtectedHeader({ alg: 'RS256', kid: 'test-1' }).sign(privateKey)],
    ['no token at all', () => ''],
  ];
  it.each(forgeries)('with an ID token that has %s is refused', async (_, forge) => {
    provider.forge = forge;
    expect(await refusal(signIn(person))).toBe('oidc_refused: The sign-in was refused: the provider\'s answer did not pass the checks.');
  });

  it('is refused too when the provider\'s own document allows weak signatures', async () => {
    const weak = await TestOidcProvider.start();
    weak.metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'] };
    const { issuer, clientId, clientSecret } = weak;
    const own = await openTestAccess({ file: { oidc: { issuer, clientId, clientSecret } } });
    await memberOf(own, own.admin, 'ann@example.com', 'owner');
    const attempt = async (): Promise<string> => {
      const { url, binding } = await own.access.oidc.begin(redirectUri);
      return refusal(own.access.oidc.finish({ redirectUri, query: weak.authorize(url, person), binding }));
    };
    for (const [, forge] of forgeries.slice(0, 4)) {
      weak.forge = forge;
      expect(await attempt()).toMatch(/^oidc_refused/);
    }
    weak.forge = undefined;
    expect(await attempt()).toBe('signed in');
    await own.close();
    await weak.stop();
  });
});
