import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock, newId } from '../base/index.ts';
import type { Principal } from './principal.ts';
import { memberOf, openTestAccess, works, type TestAccess } from './testing.ts';

const DAY_MS = 86_400_000;
const clock = new ManualClock();
let test: TestAccess;
beforeAll(async () => {
  test = await openTestAccess({ clock });
});
afterAll(() => test.close());

const plain = { role: 'developer', models: null, expiresAt: null } as const;
const inMs = (ms: number) => new Date(clock.nowMs() + ms).toISOString();
const signedIn = (secret: string): Principal => test.access.directory.verify(secret);

describe('a key', () => {
  it('works at once with what it was given, and stops at once when revoked', async () => {
    const { access, admin, projectId, organisationId } = test;
    const { key, secret } = await access.keys.create(admin, { ...plain, name: 'app', models: ['tandem/local'] });
    expect(key).toMatchObject({ name: 'app', projectId, projectName: 'default', state: 'active', role: 'developer', owner: { kind: 'member', label: 'owner@localhost' } });
    expect(signedIn(secret)).toMatchObject({
      organisationId, projectId, keyId: key.id, role: 'developer', allowedModels: ['tandem/local'], currency: 'USD', tier: 'standard', sessionId: null, expiresAtMs: null,
      actor: { kind: 'key', id: key.id, label: 'app (owner@localhost)' },
    });
    expect(await access.keys.revoke(admin, key.id)).toMatchObject({ state: 'revoked' });
    expect(works(access, secret)).toBe(false);
    expect(await access.keys.revoke(admin, key.id)).toMatchObject({ state: 'revoked' });
    await expect(access.keys.update(admin, key.id, { name: 'again' })).rejects.toMatchObject({ code: 'key_ended' });
    expect(access.directory.keyName(key.id)).toBe('app');
  });

  it('gets one and the same refusal whatever is wrong with it', async () => {
    const { access, admin } = test;
    const revoked = await access.keys.create(admin, { ...plain, name: 'revoked' });
    await access.keys.revoke(admin, revoked.key.id);
    const expired = await access.keys.create(admin, { ...plain, name: 'expired', expiresAt: inMs(1_000) });
    expect(works(access, expired.secret)).toBe(true);
    clock.advance(1_000);
    const refusals = [revoked.secret, expired.secret, `${expired.secret.slice(0, -1)}~`, 'tdm_', '', 'x'.repeat(100_000)].map((secret) => {
      try {
        return signedIn(secret);
      } catch (error) {
        return JSON.stringify(error);
      }
    });
    expect(new Set(refusals).size).toBe(1);
    expect(refusals[0]).toContain('"code":"invalid_api_key"');
    expect(await access.keys.show(admin, expired.key.id)).toMatchObject({ state: 'expired' });
  });

  it('is rotated with an overlap, and its successor has the same rights', async () => {
    const { access, admin } = test;
    const old = await access.keys.create(admin, { ...plain, name: 'rotated', models: ['tandem/local'], expiresAt: inMs(30 * DAY_MS) });
    const fresh = await access.keys.rotate(admin, old.key.id, { overlapSeconds: 3_600 });
    expect(fresh.key).toMatchObject({ name: 'rotated', models: ['tandem/local'], projectId: old.key.projectId, expiresAt: old.key.expiresAt, state: 'active' });
    expect(await access.keys.show(admin, old.key.id)).toMatchObject({ state: 'rotating', replacedBy: fresh.key.id, expiresAt: inMs(3_600_000) });
    expect([old.secret, fresh.secret].map((secret) => works(access, secret))).toEqual([true, true]);
    await expect(access.keys.rotate(admin, old.key.id, { overlapSeconds: 0 })).rejects.toMatchObject({ code: 'key_ended' });
    await expect(access.keys.update(admin, old.key.id, { expiresAt: null })).rejects.toMatchObject({ code: 'key_ended' });
    clock.advance(3_600_000);
    expect([old.secret, fresh.secret].map((secret) => works(access, secret))).toEqual([false, true]);
  });

  it('changes name, models and expiry in place', async () => {
    const { access, admin } = test;
    const { key, secret } = await access.keys.create(admin, { ...plain, name: 'before' });
    const updated = await access.keys.update(admin, key.id, { name: 'after', models: ['a', 'b'], expiresAt: inMs(DAY_MS) });
    expect(updated).toMatchObject({ name: 'after', models: ['a', 'b'], expiresAt: inMs(DAY_MS) });
    expect(signedIn(secret)).toMatchObject({ allowedModels: ['a', 'b'], expiresAtMs: clock.nowMs() + DAY_MS });
    await expect(access.keys.update(admin, key.id, { expiresAt: inMs(-1) })).rejects.toMatchObject({ code: 'invalid_request', param: 'expiresAt' });
    expect((await access.keys.update(admin, key.id, { models: null, expiresAt: null })).models).toBeNull();
  });
});

describe('making and changing keys', () => {
  it('gives nothing that the maker has not', async () => {
    const { access, admin, projectId } = test;
    const limited = signedIn((await access.keys.create(admin, { ...plain, name: 'limited', role: 'admin', models: ['a'] })).secret);
    await expect(access.keys.create(limited, { ...plain, name: 'x', role: 'owner' })).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.keys.create(limited, { ...plain, name: 'x', models: ['b'] })).rejects.toMatchObject({ code: 'invalid_request', param: 'models' });
    const child = await access.keys.create(limited, { ...plain, name: 'x' });
    expect(child.key).toMatchObject({ models: ['a'], projectId });
    expect((await access.keys.create(limited, { ...plain, name: 'x', projectId: null })).key.projectId).toBe(projectId);
    expect((await access.keys.update(limited, child.key.id, { models: null })).models).toEqual(['a']);
    const free = await access.keys.create(admin, { ...plain, name: 'free' });
    await expect(access.keys.rotate(limited, free.key.id, { overlapSeconds: 0 })).rejects.toMatchObject({ code: 'invalid_request', param: 'models' });
  });

  it('is for developers among their own keys', async () => {
    const { access, admin } = test;
    const ann = await memberOf(test, admin, 'ann@keys.example', 'developer');
    const bob = await memberOf(test, admin, 'bob@keys.example', 'developer');
    const vic = await memberOf(test, admin, 'vic@keys.example', 'viewer');
    const { key, secret } = await access.keys.create(ann, { ...plain, name: 'ann\'s' });
    await expect(access.keys.revoke(bob, key.id)).rejects.toMatchObject({ code: 'not_your_key', message: 'This key belongs to ann@keys.example; the role developer changes its own keys only.' });
    await expect(access.keys.create(bob, { ...plain, name: 'x', role: 'admin' })).rejects.toMatchObject({ code: 'role_above_own' });
    await expect(access.keys.create(vic, { ...plain, name: 'x', role: 'viewer' })).rejects.toMatchObject({ code: 'permission_denied' });
    expect(await access.keys.show(vic, key.id)).toMatchObject({ name: 'ann\'s' });
    // A member's key may do what the member may now, not what it could when the key was made.
    await access.members.update(admin, ann.actor.id!, { role: 'viewer' });
    expect(signedIn(secret).role).toBe('viewer');
    await access.members.update(admin, ann.actor.id!, { role: 'developer' });
    await access.keys.revoke(ann, key.id);
    expect(works(access, secret)).toBe(false);
  });

  it('of an owner is for owners', async () => {
    const { access, admin } = test;
    const boss = await access.keys.create(admin, { ...plain, name: 'boss', role: 'owner', projectId: null });
    const amy = await memberOf(test, admin, 'amy@keys.example', 'admin');
    await expect(access.keys.rotate(amy, boss.key.id, { overlapSeconds: 0 })).rejects.toMatchObject({ code: 'role_above_own' });
  });

  it('in one project sees nothing of another', async () => {
    const { access, admin, projectId } = test;
    const other = await access.projects.create(admin, { name: 'other' });
    const inside = signedIn((await access.keys.create(admin, { ...plain, name: 'inside', role: 'admin', projectId: other.id })).secret);
    const outside = await access.keys.create(admin, { ...plain, name: 'outside' });
    expect((await access.keys.list(inside, { limit: 100 })).items.map((key) => key.name)).toEqual(['inside']);
    expect((await access.projects.list(inside)).items.map((project) => project.name)).toEqual(['other']);
    for (const attempt of [
      () => access.keys.show(inside, outside.key.id), () => access.keys.revoke(inside, outside.key.id), () => access.keys.list(inside, { limit: 1, projectId }),
      () => access.keys.create(inside, { ...plain, name: 'x', projectId }),
    ]) await expect(attempt()).rejects.toMatchObject({ code: 'resource_not_found' });
    for (const attempt of [() => access.members.list(inside), () => access.audit.list(inside, { limit: 1 }), () => access.projects.create(inside, { name: 'x' })]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'project_bound' });
    }
    expect((await access.keys.create(inside, { ...plain, name: 'x', projectId: null })).key.projectId).toBe(other.id);
  });

  it('with a budget of its own makes none, and a rotation takes the budget along', async () => {
    const own = await openTestAccess();
    const { access, admin } = own;
    const carried: string[][] = [];
    const { key, secret } = await access.keys.create(admin, { ...plain, name: 'budgeted' });
    access.keys.useBudgets({
      inForce: () => Promise.resolve(),
      limited: (_, __, keyId) => Promise.resolve(keyId === key.id),
      carryOver: (_, __, from, to) => Promise.resolve(void carried.push([from, to])),
    });
    await expect(access.keys.create(access.directory.verify(secret), { ...plain, name: 'x' })).rejects.toMatchObject({ code: 'budgeted_key' });
    const fresh = await access.keys.rotate(admin, key.id, { overlapSeconds: 0 });
    expect(carried).toEqual([[key.id, fresh.key.id]]);
    await own.close();
  });

  it('lists newest first, page by page', async () => {
    const own = await openTestAccess();
    const { access, admin } = own;
    for (const name of ['a', 'b', 'c', 'd']) await access.keys.create(admin, { ...plain, name });
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await access.keys.list(admin, { limit: 2, cursor });
      names.push(...page.items.map((key) => key.name));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(names).toEqual(['d', 'c', 'b', 'a', 'admin']);
    await expect(access.keys.list(admin, { limit: 2, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_request', param: 'cursor' });
    await own.close();
  });

  it('is one with what belongs to the key, and leaves nothing when that fails', async () => {
    const { access, admin, database } = test;
    let inside = '';
    const made = await access.keys.createWith(admin, { ...plain, name: 'with a budget' }, async (tx, keyId) => {
      inside = (await tx.selectFrom('api_keys').select('name').where('id', '=', keyId).executeTakeFirstOrThrow()).name;
    });
    expect(inside).toBe('with a budget');
    expect(works(access, made.secret)).toBe(true);
    const before = (await access.audit.verify(admin)).checked;
    await expect(access.keys.createWith(admin, { ...plain, name: 'refused' }, () => Promise.reject(new Error('the budget was refused')))).rejects.toThrow('the budget was refused');
    expect((await access.keys.list(admin, { limit: 1 })).items[0]?.name).toBe('with a budget');
    expect(await access.audit.verify(admin)).toEqual({ ok: true, checked: before, firstBroken: null });

    // Somebody who has another lock and then wants the trail's is not waited for in a circle.
    let release = (): void => {};
    const locked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const other = database.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(77)`.execute(tx);
      release();
      await access.audit.record(tx, admin, { action: 'test.write', resourceKind: 'test', resourceId: null, change: {} });
    });
    await locked;
    await Promise.all([other, access.keys.createWith(admin, { ...plain, name: 'waits' }, (tx) => sql`select pg_advisory_xact_lock(77)`.execute(tx))]);
  });
});

describe('another organisation\'s ids', () => {
  it('are not there', async () => {
    const { access, admin } = test;
    const tenant = await access.createTenant({ name: 'Foreign' });
    const foreign = signedIn(tenant.adminKey);
    const { key } = await access.keys.create(admin, { ...plain, name: 'ours' });
    const account = await access.serviceAccounts.create(admin, { name: 'ours', role: 'viewer' });
    const { invitation } = await access.invitations.create(admin, { email: 'someone@keys.example', role: 'viewer' });
    const [member] = (await access.members.list(admin)).items;
    const { id: projectId } = await access.projects.create(admin, { name: 'ours' });
    const attempts = (by: Principal, ids: { key: string; account: string; invitation: string; member: string; project: string }) => [
      () => access.keys.show(by, ids.key), () => access.keys.update(by, ids.key, { name: 'x' }), () => access.keys.rotate(by, ids.key, { overlapSeconds: 0 }), () => access.keys.revoke(by, ids.key),
      () => access.keys.list(by, { limit: 1, projectId: ids.project }), () => access.keys.create(by, { ...plain, name: 'x', projectId: ids.project }),
      () => access.keys.create(by, { ...plain, name: 'x', serviceAccountId: ids.account }),
      () => access.projects.update(by, ids.project, { name: 'x' }), () => access.projects.archive(by, ids.project),
      () => access.members.update(by, ids.member, { role: 'viewer' }), () => access.members.remove(by, ids.member),
      () => access.invitations.revoke(by, ids.invitation), () => access.serviceAccounts.disable(by, ids.account),
      () => access.serviceAccounts.create(by, { name: 'x', role: 'viewer', projectId: ids.project }),
    ];
    const ours = { key: key.id, account: account.id, invitation: invitation.id, member: member!.id, project: projectId };
    const nobodys = { key: newId(), account: newId(), invitation: newId(), member: newId(), project: newId() };
    const outcome = async (run: () => Promise<unknown>): Promise<string> => run().then(() => 'done', (error: Error & { code?: string }) => `${error.code} ${error.message.replace(/[0-9a-f-]{36}/g, 'ID')}`);
    for (const [at, attempt] of attempts(foreign, ours).entries()) {
      const answer = await outcome(attempt);
      expect(answer).toMatch(/^resource_not_found /);
      // To the letter what an id that nobody has gets.
      expect(answer).toBe(await outcome(attempts(foreign, nobodys)[at]!));
    }
    expect((await access.keys.list(foreign, { limit: 100 })).items.map((one) => one.name)).toEqual(['admin']);
    expect((await access.members.list(foreign)).items).toHaveLength(1);
    expect((await access.serviceAccounts.list(foreign)).items).toEqual([]);
    expect((await access.invitations.list(foreign)).items).toEqual([]);
    expect((await access.audit.list(foreign, { limit: 500 })).items.every((event) => event.actor.kind === 'system')).toBe(true);
  });
});
