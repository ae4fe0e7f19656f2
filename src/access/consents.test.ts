import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSENT_TEXT } from './consent-text.ts';
import { openTestAccess, type TestAccess } from './testing.ts';

let test: TestAccess;
const removed: string[] = [];
beforeAll(async () => {
  test = await openTestAccess();
  test.access.consents.useContributions({ removeOf: async (_tx, _organisation, project) => removed.push(project) });
});
afterAll(() => test.close());

const projectWithKey = async (name: string) => {
  const project = await test.access.projects.create(test.admin, { name });
  const { secret } = await test.access.keys.create(test.admin, { name, projectId: project.id, role: 'developer', models: null, expiresAt: null });
  return { id: project.id, principal: () => test.access.directory.verify(secret) };
};

describe('consent', () => {
  it('is the way to the contributor tier and, withdrawn, out of it at once', async () => {
    const { consents } = test.access;
    const { id, principal } = await projectWithKey('one');
    expect(await consents.show(test.admin, id)).toMatchObject({ state: 'none', textVersion: null, current: CONSENT_TEXT });
    expect(principal().tier).toBe('standard');
    expect(await consents.give(test.admin, id, CONSENT_TEXT.version)).toMatchObject({ state: 'given', textVersion: CONSENT_TEXT.version, givenBy: test.admin.actor.label, withdrawnAt: null });
    expect(principal().tier).toBe('contributor');
    expect(await test.database.transaction((tx) => consents.holds(tx, test.organisationId, id))).toBe(true);
    expect(await consents.withdraw(test.admin, id)).toMatchObject({ state: 'withdrawn', withdrawnBy: test.admin.actor.label });
    expect(principal().tier).toBe('standard');
    expect(await test.database.transaction((tx) => consents.holds(tx, test.organisationId, id))).toBe(false);
    expect(removed).toEqual([id]);
  });

  it('is written down with who and which text, each change once', async () => {
    const { consents, audit } = test.access;
    const { id } = await projectWithKey('two');
    for (const _ of [1, 2]) await consents.give(test.admin, id, CONSENT_TEXT.version);
    for (const _ of [1, 2]) await consents.withdraw(test.admin, id);
    const { items } = await audit.list(test.admin, { limit: 100 });
    expect(items.filter(({ resourceId, action }) => resourceId === id && action.startsWith('consent')).map(({ action, change, actor }) => [action, change['textVersion'], actor.label])).toEqual([
      ['consent.withdraw', CONSENT_TEXT.version, test.admin.actor.label], ['consent.give', CONSENT_TEXT.version, test.admin.actor.label],
    ]);
    expect(await audit.verify(test.admin)).toMatchObject({ ok: true });
  });

  it('needs today\'s text, an admin, and a project of one\'s own', async () => {
    const { consents } = test.access;
    const { id, principal } = await projectWithKey('three');
    await expect(consents.give(test.admin, id, '2020-01-1')).rejects.toMatchObject({ code: 'consent_text_changed' });
    await expect(consents.give(principal(), id, CONSENT_TEXT.version)).rejects.toMatchObject({ status: 403 });
    expect(await consents.show(principal(), id)).toMatchObject({ state: 'none' });
    await expect(consents.show(principal(), test.projectId)).rejects.toMatchObject({ code: 'resource_not_found' });
    const other = await test.access.createTenant({ name: 'Other', currency: 'USD', billing: 'postpaid', ownerEmail: 'o@other.example' });
    const stranger = test.access.directory.verify(other.adminKey);
    for (const attempt of [() => consents.show(stranger, id), () => consents.give(stranger, id, CONSENT_TEXT.version), () => consents.withdraw(stranger, id)]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'resource_not_found' });
    }
  });
});
