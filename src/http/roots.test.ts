import { expect, it } from 'vitest';
import { openWholeHouse } from './testing/whole-house.ts';

it('the operator\'s people replace the root of agents and nobody else sees it', async () => {
  await using house = await openWholeHouse();
  const operator = house.as(house.operator.adminKey);
  const roots = { fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/), createdAt: expect.any(String), expiresAt: expect.any(String) };
  const first = await operator('GET', '/api/agent-roots');
  expect(first).toMatchObject({ status: 200, body: { roots: [{ ...roots, signs: true }], waiting: 0 } });
  expect(await operator('POST', '/api/agent-roots/retire')).toMatchObject({ status: 409, body: { error: { code: 'root_rotation', message: expect.stringContaining('there is one root alone') } } });
  expect(await operator('POST', '/api/agent-roots')).toMatchObject({ status: 201, body: { roots: [{ ...roots, signs: true }, { ...roots, signs: false }], waiting: 0 } });
  expect(await operator('POST', '/api/agent-roots')).toMatchObject({ status: 409, body: { error: { code: 'root_rotation', message: expect.stringContaining('one is being replaced already') } } });
  const after = await operator('POST', '/api/agent-roots/retire');
  expect(after).toMatchObject({ status: 200, body: { roots: [{ ...roots, signs: true }] } });
  expect((after.body as { roots: { fingerprint: string }[] }).roots[0]!.fingerprint).not.toBe((first.body as { roots: { fingerprint: string }[] }).roots[0]!.fingerprint);
  const { items } = (await operator('GET', '/api/events?limit=20')).body as { items: { action: string }[] };
  expect(items.map(({ action }) => action).filter((action) => action.startsWith('root.'))).toEqual(['root.retire', 'root.replace']);
  const { adminKey } = await house.access.createTenant({ name: 'Tenant', currency: 'USD', billing: 'postpaid', ownerEmail: 'owner@tenant.example' });
  for (const [method, path] of [['GET', '/api/agent-roots'], ['POST', '/api/agent-roots'], ['POST', '/api/agent-roots/retire']] as const) expect(await house.as(adminKey)(method, path)).toMatchObject({ status: 403, body: { error: { code: 'operator_only' } } });
});
