import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';

let house: WholeHouse;
beforeAll(async () => void (house = await openWholeHouse()));
afterAll(() => house[Symbol.asyncDispose]());

interface Item { id: string; outcome: string; code: string | null; model: string | null; keyId: string | null; dialect: string | null; backendName: string | null }

it('tells why a call failed, and how a good one went', async () => {
  const ask = house.as(house.operator.adminKey);
  const { key, secret } = (await ask('POST', '/api/keys', { name: 'poor', budget: { amount: '1', period: 'total' } })).body as { key: { id: string }; secret: string };
  const call = { model: 'tandem/local', messages: [{ role: 'user', content: 'a secret of mine' }] };
  const poor = house.as(secret);
  const [noMoney, noModel, noKey] = [await poor('POST', '/v1/chat/completions', call), await poor('POST', '/v1/chat/completions', { ...call, model: 'nope' }), await house.as('tdm_wrong')('POST', '/v1/chat/completions', call)];
  expect([noMoney, noModel, noKey].map(({ status }) => status)).toEqual([402, 404, 401]);
  const good = await ask('POST', '/v1/chat/completions', call);
  expect(good.status).toBe(200);
  // The good one is posted by another process.
  const items = await vi.waitFor(async () => {
    await house.ledger.sight.errorsWritten();
    const found = ((await ask('GET', '/api/requests')).body as { items: Item[] }).items;
    expect(found).toHaveLength(4);
    return found;
  }, { timeout: 15_000, interval: 50 });
  expect(items.map(({ outcome, code, model, keyId }) => [outcome, code, model, keyId])).toEqual([
    ['completed', null, 'tandem/local', expect.any(String)], ['refused', 'invalid_api_key', null, null], ['refused', 'model_not_found', 'nope', key.id], ['refused', 'budget_exceeded', 'tandem/local', key.id],
  ]);
  expect(items[0]!.backendName).toBe('local');
  expect(items[3]!.id).toBe(noMoney.headers.get('x-request-id'));
  const shown = (await ask('GET', `/api/requests/${items[3]!.id}`)).body;
  expect(shown).toMatchObject({ error: { code: 'budget_exceeded', status: 402, facts: { scope: 'key' } }, stages: [], attempts: [] });
  const detail = (await ask('GET', `/api/requests/${items[0]!.id}`)).body as { stages: { stage: string }[]; attempts: { served: boolean; backendName: string }[]; lines: unknown[] };
  expect(detail.attempts).toMatchObject([{ served: true, backendName: 'local' }]);
  expect(detail.lines.length).toBeGreaterThan(0);
  await house.ledger.sight.catchUp();
  expect((await ask('GET', '/api/requests/errors')).body).toMatchObject({ admitted: '1', errors: '3' });
  expect((await ask('GET', '/api/spend?group=key&subgroup=model')).body).toMatchObject({ total: { requests: '1' }, groups: [{ parts: [{ key: 'tandem/local' }] }] });
  expect((await ask('GET', '/api/latency')).body).toMatchObject({ series: [{ model: 'tandem/local', backendName: 'local', wholeMs: { calls: '1' } }] });
  expect(JSON.stringify([shown, detail, items])).not.toContain('a secret of mine');
});

it('notes nothing of a stranger who asks for what is not there', async () => {
  const before = ((await house.as(house.operator.adminKey)('GET', '/api/requests/errors')).body as { errors: string }).errors;
  expect((await house.as('tdm_wrong')('GET', '/v1/nothing')).status).toBe(501);
  await house.ledger.sight.errorsWritten();
  expect((await house.as(house.operator.adminKey)('GET', '/api/requests/errors')).body).toMatchObject({ errors: before });
});
