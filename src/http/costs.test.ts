import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newId } from '../base/index.ts';
import type { Asked } from './testing/asking.ts';
import { openWholeHouse, type WholeHouse } from './testing/whole-house.ts';

type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Asked>;

let house: WholeHouse;
let operator: Ask;
let tenant: Ask;
/** A key of the operator's organisation that is bound to one project, as applications get it. */
let bound: Ask;
const unit = (price: string) => ({ price, per: '1' });

/** One call by each, on a backend whose cost is known. */
beforeAll(async () => {
  house = await openWholeHouse();
  operator = house.as(house.operator.adminKey);
  const made = await house.access.createTenant({ name: 'Tenant Ltd', currency: 'USD', billing: 'postpaid', ownerEmail: 'owner@tenant.example' });
  tenant = house.as(made.adminKey);
  bound = house.as(((await operator('POST', '/api/keys', { name: 'app', projectId: house.operator.projectId, role: 'owner' })).body as { secret: string }).secret);
  const backends = (await operator('GET', '/api/backends')).body as { items: { id: string; kind: string }[] };
  const backendId = backends.items.find(({ kind }) => kind === 'local')!.id;
  const price = await operator('POST', '/api/prices', { resource: 'tandem/local', side: 'cost', backendId, buckets: { input: unit('7'), output: unit('11') }, source: 'the power bill' });
  expect(price.status, JSON.stringify(price.body)).toBe(201);
  for (const ask of [operator, tenant, bound]) {
    expect((await ask('POST', '/v1/chat/completions', { model: 'tandem/local', max_tokens: 8, messages: [{ role: 'user', content: 'hi' }], metadata: { scenario: 'support' } })).status).toBe(200);
  }
  for (const ask of [operator, tenant]) await vi.waitFor(async () => expect(((await ask('GET', '/api/usage')).body as { items: unknown[] }).items.length).toBeGreaterThan(0), { timeout: 20_000 });
  await vi.waitFor(async () => expect(((await bound('GET', '/api/usage')).body as { items: unknown[] }).items.length).toBeGreaterThan(1), { timeout: 20_000 });
  await house.ledger.sight.catchUp();
}, 120_000);
afterAll(() => house[Symbol.asyncDispose]());

/** Every reply that has to do with what was used, and the files. */
async function replies(ask: Ask): Promise<Record<string, Asked>> {
  const usage = await ask('GET', '/api/usage');
  const { id } = (usage.body as { items: { id: string }[] }).items[0]!;
  const paths = [`/api/usage/${id}`, '/api/usage/export?format=jsonl', '/api/usage/export', '/api/requests', `/api/requests/${id}`, '/api/spend', '/api/spend?group=day&subgroup=model', '/api/bill', '/api/overview', '/api/feedback/summary'];
  const entries = await Promise.all(paths.map(async (path) => [path.replace(id, ':id'), await ask('GET', path)] as const));
  return { '/api/usage': usage, ...Object.fromEntries(entries) };
}

const text = (reply: Asked) => (typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
const COSTS = /"(cost|margin|costUnknown|costPriceId|machine)"|cost_picodollars/;

/** Rows as if the backend that served these calls were a replica of the operator's, and its one minute split over them and others: no machine is here. */
async function asServedFromMachines(eventIds: readonly string[]): Promise<void> {
  const { items } = (await operator('GET', '/api/backends')).body as { items: { id: string; kind: string }[] };
  const replicaId = items.find(({ kind }) => kind === 'local')!.id;
  const own = house.database.scoped(house.operator.organisationId);
  const [servingId, at] = [newId(), new Date()];
  await own.insertInto('servings', {
    id: servingId, project_id: house.operator.projectId, name: 'fleet/local', model: 'tandem/local', engine: 'embedded', settings: '{}', lease: '{}', min_replicas: 0, max_replicas: 1, cold: 'wait', max_output_tokens: 8, asked_by: 'a test', created_at: at,
  }).execute();
  await own.insertInto('serving_replicas', { id: replicaId, serving_id: servingId, number: 1, asked_at: at, observed: 'ended', settled_at: at }).execute();
  await own.insertInto('replica_minutes', { replica_id: replicaId, serving_id: servingId, at, cost: '4000', tokens: '80' }).execute();
  await own.insertInto('token_shares', eventIds.map((event_id) => ({ event_id, replica_id: replicaId, serving_id: servingId, at, tokens: '20', cost: '1000', charge: '0' }))).execute();
}

describe('what calls cost the operator', () => {
  it('is in every reply of the operator\'s people', async () => {
    for (const [path, reply] of Object.entries(await replies(operator))) {
      expect(reply.status, path).toBe(200);
      expect(text(reply), path).toMatch(COSTS);
    }
    expect((await operator('GET', '/api/spend?metric=margin')).status).toBe(200);
    const { body } = await operator('GET', '/api/bill');
    expect(BigInt((body as { cost: string }).cost)).toBeGreaterThan(0n);
    expect(((await operator('GET', '/api/whoami')).body as { permissions: string[] }).permissions).toContain('costs.read');
  });

  it('is absent, not unknown, in every reply of a tenant and of a key of one project', async () => {
    for (const ask of [tenant, bound]) {
      for (const [path, reply] of Object.entries(await replies(ask))) {
        expect(reply.status, path).toBe(200);
        expect(text(reply), path).toMatch(/charge|spend/);
        expect(text(reply), path).not.toMatch(COSTS);
      }
      expect(((await ask('GET', '/api/whoami')).body as { permissions: string[] }).permissions).not.toContain('costs.read');
      expect(text(await ask('GET', '/api/prices?history=true'))).not.toContain('the power bill');
      expect(text(await ask('GET', '/api/models'))).not.toMatch(/"cost":/);
    }
  });

  it('includes what leased machines cost for a call, in the view of whose machines they are', async () => {
    const idOf = async (ask: Ask) => ((await ask('GET', '/api/usage')).body as { items: { id: string }[] }).items[0]!.id;
    const [own, theirs] = [await idOf(operator), await idOf(tenant)];
    expect((await operator('GET', `/api/requests/${own}`)).body).toMatchObject({ machine: null });
    await asServedFromMachines([own, theirs]);
    expect((await operator('GET', `/api/requests/${own}`)).body).toMatchObject({ machine: { state: 'split', minutes: 0.25, cost: '1000', currency: 'USD' } });
    expect((await operator('GET', `/api/requests/${theirs}`)).status).toBe(404);
    for (const [ask, id] of [[tenant, theirs], [bound, own]] as const) {
      const reply = await ask('GET', `/api/requests/${id}`);
      expect(reply.status).toBe(200);
      expect(reply.body).not.toHaveProperty('machine');
    }
  });

  it('is no metric of theirs', async () => {
    for (const metric of ['cost', 'margin', 'machine']) {
      expect(await tenant('GET', `/api/spend?metric=${metric}`)).toMatchObject({ status: 403, body: { error: { code: 'operator_only' } } });
      expect(await bound('GET', `/api/spend?metric=${metric}`)).toMatchObject({ status: 403, body: { error: { code: 'project_bound' } } });
    }
  });
});
