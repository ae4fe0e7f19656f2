import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memberOf, openTestAccess, works, type TestAccess } from './testing.ts';

const plain = { role: 'developer', models: null, expiresAt: null } as const;
let test: TestAccess;
beforeAll(async () => {
  test = await openTestAccess();
});
afterAll(() => test.close());

describe('members', () => {
  it('always have an owner, also when two owners demote each other at once', async () => {
    const own = await openTestAccess();
    const { access, admin } = own;
    const [first] = (await access.members.list(admin)).items;
    await expect(access.members.update(admin, first!.id, { role: 'admin' })).rejects.toMatchObject({ code: 'last_owner', message: 'owner@localhost is the last owner of the organisation.' });
    await expect(access.members.remove(admin, first!.id)).rejects.toMatchObject({ code: 'last_owner' });
    const second = await memberOf(own, admin, 'two@example.com', 'owner');
    const outcomes = await Promise.allSettled([access.members.update(second, first!.id, { role: 'viewer' }), access.members.update(admin, second.actor.id!, { role: 'viewer' })]);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    expect((await access.members.list(own.admin)).items.filter((member) => member.role === 'owner')).toHaveLength(1);
    await own.close();
  });

  it('are not changed by those below them, and no role above one\'s own is given', async () => {
    const { access, admin } = test;
    const amy = await memberOf(test, admin, 'amy@example.com', 'admin');
    const oli = await memberOf(test, admin, 'oli@example.com', 'owner');
    const dev = await memberOf(test, admin, 'dev@example.com', 'developer');
    await expect(access.members.update(amy, oli.actor.id!, { role: 'viewer' })).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.members.remove(amy, oli.actor.id!)).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.members.update(amy, amy.actor.id!, { role: 'owner' })).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.invitations.create(amy, { email: 'x@example.com', role: 'owner' })).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.serviceAccounts.create(amy, { name: 'x', role: 'owner' })).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.members.update(dev, amy.actor.id!, { role: 'viewer' })).rejects.toMatchObject({ code: 'permission_denied' });
    expect(await access.members.update(amy, dev.actor.id!, { role: 'admin' })).toMatchObject({ role: 'admin' });
  });

  it('take their keys, sessions and links with them', async () => {
    const { access, admin } = test;
    const { token } = await access.invitations.create(admin, { email: 'leaver@example.com', role: 'developer' });
    const session = await access.invitations.accept({ token, name: 'Lea' });
    const { key, secret } = await access.keys.create(session.principal, { ...plain, name: 'leaver\'s' });
    const byKey = await access.sessions.byKey(secret);
    const link = await access.sessions.linkFor(session.principal);
    const keyLink = await access.sessions.linkFor(access.directory.verify(secret));
    await access.members.remove(admin, session.principal.actor.id!);
    expect(works(access, secret)).toBe(false);
    expect(await access.keys.show(admin, key.id)).toMatchObject({ state: 'revoked', owner: { label: 'leaver@example.com' } });
    for (const cookie of [session.token, byKey.token]) await expect(access.sessions.verify(cookie, null, false)).rejects.toMatchObject({ code: 'session_required' });
    for (const one of [link, keyLink]) await expect(access.sessions.exchange(one.token)).rejects.toMatchObject({ code: 'sign_in_expired' });
    expect((await access.members.list(admin)).items.map((member) => member.email)).not.toContain('leaver@example.com');
    // The address is free again.
    await memberOf(test, admin, 'leaver@example.com', 'viewer');
  });
});

describe('service accounts', () => {
  it('own keys up to their role and inside their project', async () => {
    const { access, admin, projectId } = test;
    const project = await access.projects.create(admin, { name: 'app' });
    const account = await access.serviceAccounts.create(admin, { name: 'ci', role: 'viewer', projectId: project.id });
    await expect(access.keys.create(admin, { ...plain, name: 'x', serviceAccountId: account.id })).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.keys.create(admin, { ...plain, name: 'x', role: 'viewer', projectId, serviceAccountId: account.id })).rejects.toMatchObject({ code: 'invalid_request', param: 'projectId' });
    const { key, secret } = await access.keys.create(admin, { ...plain, name: 'ci key', role: 'viewer', serviceAccountId: account.id });
    expect(key).toMatchObject({ projectId: project.id, owner: { kind: 'service-account', id: account.id, label: 'ci' } });
    const disabled = await access.serviceAccounts.disable(admin, account.id);
    expect(disabled.disabledAt).not.toBeNull();
    expect(works(access, secret)).toBe(false);
    await expect(access.keys.create(admin, { ...plain, name: 'x', role: 'viewer', serviceAccountId: account.id })).rejects.toMatchObject({ code: 'account_disabled' });
    const dev = await memberOf(test, admin, 'dev2@example.com', 'developer');
    await expect(access.keys.create(dev, { ...plain, name: 'x', serviceAccountId: account.id })).rejects.toMatchObject({ code: 'permission_denied' });
  });
});

describe('projects', () => {
  it('that read alike are refused, archived ones make room, and one always stays', async () => {
    const { access, admin, projectId } = test;
    const made = await access.projects.create(admin, { name: 'Production' });
    expect(made).toMatchObject({ slug: 'production', tier: 'standard', archivedAt: null });
    await expect(access.projects.create(admin, { name: 'prοductiоn' })).rejects.toMatchObject({ code: 'name_taken', status: 409 });
    await expect(access.projects.update(admin, projectId, { name: 'PRODUCTION' })).rejects.toMatchObject({ code: 'name_taken' });
    const archived = await access.projects.archive(admin, made.id);
    expect(archived.archivedAt).not.toBeNull();
    expect(await access.projects.archive(admin, made.id)).toEqual(archived);
    await expect(access.projects.update(admin, made.id, { name: 'x' })).rejects.toMatchObject({ code: 'project_archived' });
    await expect(access.keys.create(admin, { ...plain, name: 'x', projectId: made.id })).rejects.toMatchObject({ code: 'project_archived' });
    expect(await access.projects.create(admin, { name: 'production' })).toMatchObject({ slug: 'production-2' });
    expect(access.directory.projectName(made.id)).toBe('Production');
    const open = (await access.projects.list(admin)).items.filter((project) => project.archivedAt === null);
    const outcomes = await Promise.allSettled(open.map((project) => access.projects.archive(admin, project.id)));
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(1);
    expect((await access.projects.list(admin)).items.filter((project) => project.archivedAt === null)).toHaveLength(1);
  });

  it('of the organisation count what has no project of its own', async () => {
    const { access, admin } = test;
    const first = (await access.projects.list(admin)).items.find((project) => project.archivedAt === null);
    expect(access.directory.projectFor(admin)).toBe(first?.id);
    expect(access.whoami(admin)).toMatchObject({ project: null, role: 'owner', organisation: { name: 'Default', currency: 'USD', billing: 'postpaid' } });
    expect((await access.organisations.update(admin, { name: 'Acme' })).name).toBe('Acme');
    expect(access.whoami(admin).organisation.name).toBe('Acme');
  });
});
