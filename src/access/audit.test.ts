import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bySystem } from './audit.ts';
import { memberOf, openTestAccess, type TestAccess } from './testing.ts';

const plain = { role: 'developer', models: null, expiresAt: null } as const;
let test: TestAccess;
beforeAll(async () => {
  test = await openTestAccess();
});
afterAll(() => test.close());

describe('the audit trail', () => {
  it('tells every change, by whom, newest first', async () => {
    const { access, admin } = test;
    const { key } = await access.keys.create(admin, { ...plain, name: 'told' });
    await access.keys.update(admin, key.id, { name: 'told again', expiresAt: '2100-01-01T00:00:00.000Z' });
    await access.keys.revoke(admin, key.id);
    const { items } = await access.audit.list(admin, { limit: 3 });
    expect(items.map((event) => event.action)).toEqual(['key.revoke', 'key.update', 'key.create']);
    expect(items[1]).toMatchObject({
      resourceKind: 'key', resourceId: key.id, actor: { kind: 'key', id: admin.keyId, label: 'admin (owner@localhost)' },
      change: { name: { from: 'told', to: 'told again' }, expiresAt: { from: null, to: '2100-01-01T00:00:00.000Z' } },
    });
    const older = await access.audit.list(admin, { limit: 2, cursor: String(items[1]!.sequence) });
    expect(older.items.map((event) => event.sequence)).toEqual([items[2]!.sequence, items[2]!.sequence - 1]);
    await expect(access.audit.list(admin, { limit: 1, cursor: '1; drop' })).rejects.toMatchObject({ code: 'invalid_request' });
    const dev = await memberOf(test, admin, 'dev@audit.example', 'developer');
    await expect(access.audit.list(dev, { limit: 1 })).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('is one chain, also when many write at once, and each organisation has its own', async () => {
    const { access, admin } = test;
    const tenant = await access.createTenant({ name: 'Beside' });
    const beside = access.directory.verify(tenant.adminKey);
    await Promise.all([admin, beside, admin, beside, admin, admin, admin, beside].map((by, n) => access.keys.create(by, { ...plain, name: `k${n}` })));
    const [ours, theirs] = await Promise.all([access.audit.verify(admin), access.audit.verify(beside)]);
    expect(ours).toMatchObject({ ok: true, firstBroken: null });
    // Organisation, project, owner, admin key, then three keys.
    expect(theirs).toEqual({ ok: true, checked: 7, firstBroken: null });
  });

  it('can be verified while it is written', async () => {
    const { access, admin } = test;
    const writing = Promise.all(Array.from({ length: 20 }, (_, n) => access.keys.create(admin, { ...plain, name: `w${n}` })));
    for (let n = 0; n < 10; n += 1) expect(await access.audit.verify(admin)).toMatchObject({ ok: true });
    await writing;
  });

  it('and all other rows hold no key, token or secret', async () => {
    const own = await openTestAccess();
    const { access, admin, adminKey, database } = own;
    const { secret, key } = await access.keys.create(admin, { ...plain, name: 'secretive' });
    const rotated = await access.keys.rotate(admin, key.id, { overlapSeconds: 60 });
    const session = await access.sessions.byKey(rotated.secret);
    const link = await access.sessions.linkFor(admin);
    const invitation = await access.invitations.create(admin, { email: 'x@example.com', role: 'viewer' });
    const secrets = [adminKey, secret, rotated.secret, session.token, link.token, invitation.token];
    const { rows: tables } = await database.pool.query<{ tablename: string }>(`select tablename from pg_tables where schemaname = 'public'`);
    expect(tables.length).toBeGreaterThan(10);
    for (const { tablename } of tables) {
      const { rows } = await database.pool.query<{ text: string }>(`select t::text as text from "${tablename}" t`);
      const text = rows.map((row) => row.text).join('\n');
      for (const one of secrets) {
        expect(text).not.toContain(one);
        // Nor in another clothing: bytea is shown in hex. A key's shown prefix is 12 characters.
        expect(text).not.toContain(Buffer.from(one).toString('hex'));
        expect(text).not.toContain(one.slice(0, 16));
      }
    }
    await own.close();
  });

  it('takes refused attempts, up to 60 per organisation in ten minutes', async () => {
    const own = await openTestAccess();
    const { access, admin, organisationId } = own;
    const before = (await access.audit.verify(admin)).checked;
    const taken = Array.from({ length: 100 }, (_, n) => access.noteRefusal(admin, { action: 'access.refuse', resourceKind: 'key', resourceId: `id ${n}\u0000\ud800`, change: {} }));
    expect(taken.filter(Boolean)).toHaveLength(60);
    await access.refusalsWritten();
    expect(await access.audit.verifyOrganisation(organisationId)).toEqual({ ok: true, checked: before + 60, firstBroken: null });
    await own.close();
  });
});

describe('verifying a trail that was tampered with', () => {
  let own: TestAccess;
  beforeEach(async () => {
    own = await openTestAccess();
    for (let n = 0; n < 6; n += 1) {
      await own.database.transaction((tx) => own.access.audit.record(tx, bySystem(own.organisationId), { action: 'test.write', resourceKind: 'test', resourceId: String(n), change: { n } }));
    }
    return () => own.close();
  });

  const edits: [string, string, number, RegExp][] = [
    ['an edited field', `update audit_events set action = 'test.other' where sequence = 7`, 7, /^entry 7 was changed after it was written$/],
    ['an edited change', `update audit_events set change = '{"n": 99}' where sequence = 7`, 7, /was changed/],
    ['another time', `update audit_events set at = at + interval '1 ms' where sequence = 7`, 7, /was changed/],
    ['another actor', `update audit_events set actor_label = 'someone else' where sequence = 1`, 1, /was changed/],
    ['an entry with a new hash', `update audit_events set hash = sha256('x') where sequence = 7`, 7, /was changed/],
    ['a deleted entry', `delete from audit_events where sequence = 7`, 7, /^entry 7 is missing; the next one is 8$/],
    ['a deleted first entry', `delete from audit_events where sequence = 1`, 1, /is missing/],
    ['a deleted entry with the later ones moved up', `delete from audit_events where sequence = 7; update audit_events set sequence = sequence - 1 where sequence > 7`, 7, /does not follow entry 6/],
    ['two entries that changed places', `update audit_events set sequence = 1000 where sequence = 6; update audit_events set sequence = 6 where sequence = 7; update audit_events set sequence = 7 where sequence = 1000`, 6, /does not follow/],
    ['a cut-off tail', `delete from audit_events where sequence > 8`, 9, /^the trail ends at entry 8, but 10 were written$/],
    ['all entries gone', `delete from audit_events`, 1, /ends at entry 0/],
    ['a copied entry at the end', `insert into audit_events select organisation_id, 11, id, at, actor_kind, actor_id, actor_label, action, resource_kind, resource_id, change, previous_hash, hash from audit_events where sequence = 10`, 11, /does not follow/],
    ['a head that names another hash', `update audit_heads set hash = sha256('x')`, 10, /is not the one that the head/],
    ['a head that was set back', `update audit_heads set sequence = 9`, 10, /past the head/],
    ['no head', `delete from audit_heads`, 10, /head of the chain is missing/],
  ];
  it.each(edits)('names %s', async (_, statements, sequence, reason) => {
    await own.database.pool.query(statements);
    const found = await own.access.audit.verify(own.admin);
    expect(found).toMatchObject({ ok: false, firstBroken: { sequence } });
    expect(found.firstBroken?.reason).toMatch(reason);
  });

  it('names the entry after one that was rewritten together with its own hash', async () => {
    const { pool } = own.database;
    // A sound entry of the same content at another place of the chain: only the link gives it away.
    await pool.query(`update audit_events set previous_hash = (select previous_hash from audit_events where sequence = 6), hash = (select hash from audit_events where sequence = 6) where sequence = 7`);
    expect(await own.access.audit.verify(own.admin)).toMatchObject({ ok: false, checked: 6, firstBroken: { sequence: 7 } });
  });
});
