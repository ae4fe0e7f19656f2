import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestOidcProvider } from '../../../access/testing/oidc-provider.ts';
import { openHttpHouse, type HttpHouse } from '../../testing/house.ts';

let provider: TestOidcProvider;
let house: HttpHouse;
beforeAll(async () => {
  provider = await TestOidcProvider.start();
  const { issuer, clientId, clientSecret } = provider;
  house = await openHttpHouse({ file: { oidc: { issuer, clientId, clientSecret, name: 'Test provider' } } });
  await house.ask('POST', '/api/invitations', { email: 'ada@example.com', role: 'viewer' });
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await provider.stop();
});

const ada = { sub: 'ada-1', email: 'ada@example.com', email_verified: true, name: 'Ada' };
const cookiesOf = (headers: Headers) => headers.getSetCookie().map((one) => one.split(';')[0]!);

describe('sign-in by OIDC in the browser', () => {
  it('is offered, goes to the provider, and comes back with a session', async () => {
    expect((await house.ask('GET', '/api/login', undefined, {})).body).toEqual({ link: true, key: true, oidc: { name: 'Test provider', url: '/api/login/oidc' } });
    const begun = await house.ask('GET', '/api/login/oidc', undefined, {});
    expect(begun.status).toBe(302);
    expect(begun.headers.get('set-cookie')).toMatch(/^tandem_oidc=[\w-]+; Path=\/api\/login\/oidc\/callback; HttpOnly; SameSite=Lax; Max-Age=600$/);

    const query = provider.authorize(begun.headers.get('location')!, ada);
    const back = await house.ask('GET', `/api/login/oidc/callback?${query}`, undefined, { cookie: cookiesOf(begun.headers).join('; ') });
    // A page, not a redirect: the strict cookie would not be sent along one that began at the provider.
    expect([back.status, back.body]).toEqual([200, expect.stringContaining('url=/"')]);
    expect(back.headers.get('content-security-policy')).toContain("default-src 'none'");
    const session = cookiesOf(back.headers).find((one) => one.startsWith('tandem_session='))!;
    expect((await house.ask('GET', '/api/whoami', undefined, { cookie: session })).body).toMatchObject({ role: 'viewer', actor: { label: 'ada@example.com' } });
  });

  it('is refused in a browser that did not begin it, with a page that says so', async () => {
    const begun = await house.ask('GET', '/api/login/oidc', undefined, {});
    const query = provider.authorize(begun.headers.get('location')!, ada);
    const back = await house.ask('GET', `/api/login/oidc/callback?${query}`, undefined, {});
    expect(back.body).toContain('url=/login?error=oidc_refused"');
    expect(cookiesOf(back.headers)).toEqual([]);
  });
});
