import { describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../base/index.ts';
import { openDatabase } from '../db/index.ts';
import { createTestDatabase } from '../db/testing.ts';
import { createAccess } from './access.ts';
import { openTestAccess } from './testing.ts';

describe('the first start', () => {
  it('makes one organisation, however many servers start at once, and the next start finds it', async () => {
    const test = await createTestDatabase();
    const database = await openDatabase({ connection: test.connection, log: silentLogger, clock: systemClock });
    const file = { organisation: { name: 'Acme GmbH', currency: 'EUR', billing: 'prepaid', ownerEmail: 'Boss@Acme.example' } };
    const servers = Array.from({ length: 4 }, () => createAccess({ database, clock: systemClock, log: silentLogger, config: { file } }));
    const outcomes = await Promise.all(servers.map((access) => access.bootstrap()));
    const made = outcomes.filter((outcome) => outcome.created);
    expect(made).toHaveLength(1);
    expect(new Set(outcomes.map((outcome) => outcome.organisationId)).size).toBe(1);
    expect(new Set(outcomes.map((outcome) => outcome.projectId)).size).toBe(1);
    const access = servers[0]!;
    await access.start();
    const admin = access.directory.verify(made[0]!.adminKey!);
    expect(admin).toMatchObject({ role: 'owner', projectId: null, currency: 'EUR', actor: { label: 'admin (boss@acme.example)' } });
    expect(access.whoami(admin).organisation).toMatchObject({ name: 'Acme GmbH', slug: 'acme-gmbh', billing: 'prepaid' });
    expect(access.directory.currencyOf(admin.organisationId)).toBe('EUR');
    expect(access.directory.isPrepaid(admin.organisationId)).toBe(true);
    expect(await access.bootstrap()).toMatchObject({ created: false, adminKey: null });
    await access.stop();
    await database.close();
    await test.drop();
  });

  it('gives the operator a new admin key when the first was lost', async () => {
    const test = await openTestAccess();
    const { keyId, adminKey } = await test.access.newAdminKey(test.organisationId);
    expect(test.access.directory.verify(adminKey)).toMatchObject({ keyId, role: 'owner', projectId: null });
    const { items } = await test.access.audit.list(test.admin, { limit: 1 });
    expect(items).toMatchObject([{ action: 'key.create', actor: { kind: 'system' }, resourceId: keyId }]);
    await test.close();
  });

  it('refuses an operator\'s file that is wrong, without repeating its values', async () => {
    const test = await createTestDatabase();
    const database = await openDatabase({ connection: test.connection, log: silentLogger, clock: systemClock });
    const opening = (file: Record<string, unknown>) => () => createAccess({ database, clock: systemClock, log: silentLogger, config: { file } });
    expect(opening({ organisation: { currency: 'dollars' } })).toThrow('The setting TANDEM_CONFIG (organisation.currency) is not valid: it is an ISO 4217 code such as USD.');
    expect(opening({ oidc: { issuer: 'http://idp.example', clientId: 'x' } })).toThrow('The setting TANDEM_CONFIG (oidc.issuer) is not valid: it is an https URL (http only on this machine).');
    expect(opening({ oidc: { issuer: 'https://idp.example', clientId: 'x', clientSecret: 'hush', clientSecretFile: '/x' } })).toThrow(/oidc\.clientSecret\) is not valid: give clientSecret or clientSecretFile/);
    expect(opening({ oidc: { issuer: 'https://idp.example', clientId: 'x', clientSecretFile: '/nowhere/at/all' } })).toThrow(/clientSecretFile\) is not valid: \/nowhere\/at\/all cannot be read/);
    expect(opening({ oidc: { issuer: 'https://idp.example', clientId: 'x', autoJoin: { domain: 'example.com', role: 'owner' } } })).toThrow(/oidc\.autoJoin\.role/);
    expect(opening({ oidc: { issuer: 'https://idp.example', clientId: 'x', clientsecret: 'hush' } })).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hush') as string }));
    await database.close();
    await test.drop();
  });
});
