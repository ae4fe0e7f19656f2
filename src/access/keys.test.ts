import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestAccess, type TestAccess } from './testing.ts';

let test: TestAccess;
beforeAll(async () => {
  test = await openTestAccess();
});
afterAll(() => test.close());

const plain = { role: 'developer', models: null, expiresAt: null } as const;

describe('keys', () => {
  it('work at once, and stop at once when revoked', async () => {
    const { access, admin, projectId } = test;
    const { key, secret } = await access.keys.create(admin, { ...plain, name: 'app' });
    expect(key).toMatchObject({ name: 'app', projectId, projectName: 'default', state: 'active', role: 'developer' });
    expect(access.directory.verify(secret)).toMatchObject({ keyId: key.id, projectId, role: 'developer', currency: 'USD', tier: 'standard' });
    expect(await access.keys.revoke(admin, key.id)).toMatchObject({ state: 'revoked' });
    expect(() => access.directory.verify(secret)).toThrow('The API key is missing or not valid.');
  });
});
