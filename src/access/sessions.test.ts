import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../base/index.ts';
import { memberOf, openTestAccess, type TestAccess } from './testing.ts';

const HOUR_MS = 3_600_000;
const plain = { role: 'developer', models: null, expiresAt: null } as const;
const clock = new ManualClock();
let test: TestAccess;
beforeAll(async () => {
  test = await openTestAccess({ clock });
});
afterAll(() => test.close());

/** How many of 20 tries at once come through. */
async function winners(attempt: () => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, attempt));
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'sign_in_expired', status: 401 });
  return outcomes.filter((outcome) => outcome.status === 'fulfilled').length;
}

describe('a session', () => {
  it('opened by key has the key\'s rights and ends with the key', async () => {
    const { access, admin } = test;
    const { key, secret } = await access.keys.create(admin, { ...plain, name: 'console', expiresAt: new Date(clock.nowMs() + 24 * HOUR_MS).toISOString() });
    const session = await access.sessions.byKey(secret);
    expect(session.maxAgeSeconds).toBe(24 * 3_600);
    const principal = await access.sessions.verify(session.token, null, false);
    expect(principal).toMatchObject({ keyId: key.id, role: 'developer', sessionId: session.principal.sessionId, projectId: key.projectId });
    await access.sessions.recheck(principal);
    await access.keys.revoke(admin, key.id);
    await expect(access.sessions.verify(session.token, null, false)).rejects.toMatchObject({ code: 'session_required' });
    await expect(access.sessions.recheck(principal)).rejects.toMatchObject({ code: 'session_required' });
    await expect(access.sessions.byKey(secret)).rejects.toMatchObject({ code: 'invalid_api_key' });
    await expect(access.sessions.byKey('tdm_never')).rejects.toMatchObject({ code: 'invalid_api_key' });
    await access.refusalsWritten();
    const refused = (await access.audit.list(admin, { limit: 10, action: 'sign-in.refuse' })).items;
    expect(refused).toMatchObject([{ actor: { kind: 'system' }, resourceKind: 'key', resourceId: key.id, change: { by: 'key', name: 'console' } }]);
  });

  it('changes something only with the console\'s header', async () => {
    const { access, adminKey } = test;
    const { token } = await access.sessions.byKey(adminKey);
    await expect(access.sessions.verify(token, null, true)).rejects.toMatchObject({ code: 'csrf_failed', status: 403 });
    expect(await access.sessions.verify(token, '1', true)).toMatchObject({ role: 'owner' });
    for (const wrong of ['', `${token}x`, 'x'.repeat(100_000)]) await expect(access.sessions.verify(wrong, '1', true)).rejects.toMatchObject({ code: 'session_required' });
  });

  it('ends after 12 hours without use, after 7 days in any case, and when told to', async () => {
    const { access, admin } = test;
    const { token } = await access.invitations.create(admin, { email: 'idle@example.com', role: 'viewer' });
    const idle = await access.invitations.accept({ token, name: 'Idle' });
    clock.advance(12 * HOUR_MS - 1);
    expect((await access.sessions.verify(idle.token, null, false)).expiresAtMs).toBe(clock.nowMs() + 12 * HOUR_MS);
    // That was a use: it begins anew.
    for (let n = 0; n < 14; n += 1) {
      expect(await access.sessions.verify(idle.token, null, false)).toMatchObject({ role: 'viewer' });
      clock.advance(n === 13 ? HOUR_MS : 11 * HOUR_MS);
    }
    // 156 hours on, less a millisecond: used again, and at 167 too, but ended at 168.
    expect(await access.sessions.verify(idle.token, null, false)).toBeDefined();
    clock.advance(11 * HOUR_MS);
    expect((await access.sessions.verify(idle.token, null, false)).expiresAtMs).toBe(clock.nowMs() + HOUR_MS + 1);
    clock.advance(HOUR_MS);
    expect(await access.sessions.verify(idle.token, null, false)).toBeDefined();
    clock.advance(1);
    await expect(access.sessions.verify(idle.token, null, false)).rejects.toMatchObject({ code: 'session_required' });

    const unused = await access.sessions.byKey(test.adminKey);
    clock.advance(12 * HOUR_MS);
    await expect(access.sessions.verify(unused.token, null, false)).rejects.toMatchObject({ code: 'session_required' });

    const ended = await access.sessions.byKey(test.adminKey);
    await access.sessions.end(ended.principal);
    await access.sessions.end(ended.principal);
    await expect(access.sessions.verify(ended.token, null, false)).rejects.toMatchObject({ code: 'session_required' });
    const ends = (await access.audit.list(admin, { limit: 100, action: 'session.end' })).items;
    expect(ends.map((event) => event.resourceId)).toEqual([ended.principal.sessionId]);
  });

  it('tells other processes that it ended', async () => {
    const { access, adminKey } = test;
    const { access: other } = await test.second(clock);
    const session = await access.sessions.byKey(adminKey);
    const seen = await other.sessions.verify(session.token, null, false);
    const changed = new Promise<void>((resolve) => {
      const forget = other.directory.onChange(() => {
        forget();
        resolve();
      });
    });
    await access.sessions.end(session.principal);
    await changed;
    await expect(other.sessions.recheck(seen)).rejects.toMatchObject({ code: 'session_required' });
  });
});

describe('a one-time link', () => {
  it('is used once, whoever races for it, and gives its maker\'s own rights', async () => {
    const { access, admin } = test;
    const dev = access.directory.verify((await access.keys.create(admin, { ...plain, name: 'dev' })).secret);
    const link = await access.sessions.linkFor(dev);
    expect(link.expiresAt).toBe(new Date(clock.nowMs() + 600_000).toISOString());
    expect(await winners(() => access.sessions.exchange(link.token))).toBe(1);
    const member = await memberOf(test, admin, 'linked@example.com', 'admin');
    const again = await access.sessions.exchange((await access.sessions.linkFor(member)).token);
    expect(again.principal).toMatchObject({ role: 'admin', keyId: null, actor: { kind: 'member', label: 'linked@example.com' } });
    const byDev = await access.sessions.exchange((await access.sessions.linkFor(dev)).token);
    expect(byDev.principal).toMatchObject({ role: 'developer', keyId: dev.keyId });
  });

  it('lives ten minutes', async () => {
    const { access, admin } = test;
    const link = await access.sessions.linkFor(admin);
    clock.advance(600_000);
    expect(await winners(() => access.sessions.exchange(link.token))).toBe(0);
    expect(await winners(() => access.sessions.exchange('made up'))).toBe(0);
  });
});

describe('an invitation', () => {
  it('is accepted once, whoever races for it, within seven days', async () => {
    const { access, admin } = test;
    const { token, invitation } = await access.invitations.create(admin, { email: ' New@Example.com ', role: 'developer' });
    expect(invitation).toMatchObject({ email: 'new@example.com', role: 'developer', state: 'open', invitedBy: 'admin (owner@localhost)' });
    expect(await winners(() => access.invitations.accept({ token, name: 'New' }))).toBe(1);
    expect((await access.invitations.list(admin)).items.find((one) => one.id === invitation.id)).toMatchObject({ state: 'accepted' });
    expect((await access.members.list(admin)).items.filter((member) => member.email === 'new@example.com')).toMatchObject([{ name: 'New', role: 'developer', signInBy: ['link'] }]);
    await expect(access.invitations.create(admin, { email: 'new@example.com', role: 'viewer' })).rejects.toMatchObject({ code: 'member_exists' });
    const late = await access.invitations.create(admin, { email: 'late@example.com', role: 'viewer' });
    clock.advance(7 * 24 * HOUR_MS);
    expect(await winners(() => access.invitations.accept({ token: late.token, name: 'Late' }))).toBe(0);
    expect((await access.invitations.list(admin)).items.find((one) => one.id === late.invitation.id)).toMatchObject({ state: 'expired' });
  });

  it('is withdrawn by hand, and by a newer one for the same address', async () => {
    const { access, admin } = test;
    const first = await access.invitations.create(admin, { email: 'twice@example.com', role: 'viewer' });
    const second = await access.invitations.create(admin, { email: 'twice@example.com', role: 'developer' });
    expect(await winners(() => access.invitations.accept({ token: first.token, name: 'x' }))).toBe(0);
    await access.invitations.revoke(admin, second.invitation.id);
    expect(await winners(() => access.invitations.accept({ token: second.token, name: 'x' }))).toBe(0);
    await memberOf(test, admin, 'twice@example.com', 'viewer');
  });
});
