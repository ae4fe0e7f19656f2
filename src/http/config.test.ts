import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWholeHouse, type WholeHouse } from './testing/whole-house.ts';
import type { Asked } from './testing/asking.ts';

type Ask = (method: string, path: string, body?: unknown) => Promise<Asked>;
interface Plan { changes: { action: string; kind: string; name: string; fields: { field: string; before: string | null; after: string | null }[] }[]; same: number; fingerprint: string }

const SECRET = 'sk-configured-0123456789';
let house: WholeHouse;
let admin: Ask;
beforeAll(async () => {
  house = await openWholeHouse();
  const made = await house.access.createTenant({ name: 'Configured', currency: 'USD', billing: 'postpaid', ownerEmail: 'owner@configured.example' });
  admin = house.as(made.adminKey);
}, 120_000);
afterAll(() => house[Symbol.asyncDispose]());

const config = {
  projects: [{ name: 'ios' }],
  backends: [
    { name: 'one', url: 'https://203.0.114.1/v1', keys: [{ label: 'a', key: SECRET, requestsPerMinute: 60 }, { label: 'b', key: `${SECRET}-b` }] },
    { name: 'two', kind: 'anthropic', url: 'https://203.0.114.2', options: { version: '2023-06-01' }, enabled: false },
  ],
  models: [{ name: 'team/smart', goal: 'cheapest', limits: { attempts: 2 }, targets: [{ backend: 'one', model: 'm', region: 'eu' }, { backend: 'two', model: 'n', weight: 2, can: { logprobs: false } }] }],
  prices: [{ model: 'team/smart', buckets: { input: '1.25', output: '4.25' }, source: 'a contract' }, { model: 'team/smart', costOf: 'one', buckets: { input: '1', output: '4' } }],
  budgets: [{ scope: 'project:ios', amount: '250', period: 'month', alertShares: [80, 50] }, { scope: 'project:ios', amount: '2', period: 'month', subject: { kind: 'user' } }],
  limits: [{ scope: 'organisation', metric: 'requests', amount: 600, subject: { kind: 'user' } }],
};
const plan = async (wanted: unknown): Promise<Plan> => {
  const reply = await admin('POST', '/api/config/plan', { config: wanted });
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
  return reply.body as Plan;
};
const apply = (wanted: unknown, fingerprint: string) => admin('POST', '/api/config/apply', { config: wanted, fingerprint });
const told = ({ changes }: Plan) => changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`);

describe('a configuration', () => {
  it('is planned without a change, applied once, and then has nothing left to do', async () => {
    const first = await plan(config);
    expect(told(first)).toEqual([
      'add project ios', 'add backend one', 'add backend two', 'add key one/a', 'add key one/b', 'add model team/smart', 'add price team/smart', 'add price team/smart, cost of one', 'add budget project:ios, month', 'add budget project:ios, month by user', 'add limit organisation, requests by user',
    ]);
    expect(JSON.stringify(first)).not.toContain(SECRET);
    expect((await admin('GET', '/api/backends')).body).toMatchObject({ items: [{ name: 'local' }] });
    const done = await apply(config, first.fingerprint);
    expect(done.status, JSON.stringify(done.body)).toBe(200);
    expect((await plan(config)).changes).toEqual([]);
    expect((await admin('GET', '/api/models/team%2Fsmart')).body).toMatchObject({ goal: 'cheapest', limits: { attempts: 2 }, price: { input: { price: '1250000000000', per: '1000000' } }, targets: [{ region: 'eu' }, { weight: 2, can: { logprobs: false } }] });
    expect((await admin('GET', '/api/budgets')).body).toMatchObject({ items: [{ scope: { name: 'ios' }, amount: '250000000000000', subject: null, alertShares: [50, 80] }, { holder: 'each user of project ios', amount: '2000000000000' }] });
  });

  it('is exported so that it says the same, and nothing of a key', async () => {
    const { config: exported } = (await admin('GET', '/api/config')).body as { config: typeof config };
    expect(JSON.stringify(exported)).not.toContain(SECRET);
    expect(exported.models[0]).toMatchObject({ name: 'team/smart', limits: { attempts: 2 } });
    expect(exported.prices.find(({ model, costOf }) => model === 'team/smart' && !costOf)).toMatchObject({ buckets: { input: '1.25', output: '4.25', cache_read: '1.25' } });
    expect((await plan(exported)).changes).toEqual([]);
  });

  it('is taken in by another installation once its keys are given, and says the same there', async () => {
    const { config: exported } = (await admin('GET', '/api/config')).body as { config: typeof config };
    const { adminKey } = await house.access.createTenant({ name: 'Moved', currency: 'USD', billing: 'postpaid', ownerEmail: 'owner@moved.example' });
    const there = house.as(adminKey);
    const without = await there('POST', '/api/config/plan', { config: exported });
    expect(without.body).toMatchObject({ error: { param: 'backends[0].keys[0]', message: 'No key is sealed here for one/a, one/b: give each by keyEnv or keyFile, beside its label.' } });
    const complete = { ...exported, backends: exported.backends.map(({ keys = [], ...backend }) => ({ ...backend, keys: keys.map((key) => ({ ...key, key: `${SECRET}-${key.label}` })) })) };
    const { fingerprint } = (await there('POST', '/api/config/plan', { config: complete })).body as Plan;
    const applied = await there('POST', '/api/config/apply', { config: complete, fingerprint });
    expect(applied.status, JSON.stringify(applied.body)).toBe(200);
    const { config: again } = (await there('GET', '/api/config')).body as { config: typeof config };
    expect((await admin('POST', '/api/config/plan', { config: again })).body).toMatchObject({ changes: [] });
    expect((await there('POST', '/api/config/plan', { config: exported })).body).toMatchObject({ changes: [] });
  });

  it('is exported with the largest amounts that anything may have, and says the same', async () => {
    const { adminKey } = await house.access.createTenant({ name: 'Large', currency: 'USD', billing: 'postpaid', ownerEmail: 'owner@large.example' });
    const large = house.as(adminKey);
    const most = '9'.repeat(38);
    for (const [path, body] of [['/api/keys', { name: 'large', budget: { amount: most, period: 'month' } }], ['/api/prices', { resource: 'team/large', source: 'a test', buckets: { input: { price: most, per: '1' }, output: { price: most, per: '1000000' } } }]] as const) {
      const made = await large('POST', path, body);
      expect(made.status, JSON.stringify(made.body)).toBe(201);
    }
    const shown = await large('GET', '/api/config');
    expect(shown.status, JSON.stringify(shown.body)).toBe(200);
    const { config: exported } = shown.body as { config: typeof config };
    expect(exported.budgets[0]!.amount).toBe(`${'9'.repeat(26)}.${'9'.repeat(12)}`);
    const again = await large('POST', '/api/config/plan', { config: exported });
    expect(again.body).toMatchObject({ changes: [] });
  });

  it('names each field that changes, with prices, and what goes', async () => {
    const changed = {
      ...config,
      backends: [{ ...config.backends[0], url: 'https://203.0.114.9/v1', keys: [{ label: 'a', key: 'sk-another' }] }],
      models: [{ ...config.models[0], goal: 'order', targets: [config.models[0]!.targets[0]] }],
      prices: [{ ...config.prices[0], buckets: { input: '1.5', output: '4.25' } }], budgets: [],
    };
    const made = await plan(changed);
    expect(told(made)).toEqual(['change backend one', 'change key one/a', 'change model team/smart', 'change price team/smart', 'remove budget project:ios, month by user', 'remove budget project:ios, month', 'remove key one/b', 'remove backend two']);
    expect(made.changes.find(({ kind }) => kind === 'key')!.fields).toEqual([{ field: 'key', before: 'sealed', after: 'another one' }, { field: 'requestsPerMinute', before: '60', after: null }]);
    expect(made.changes.find(({ kind }) => kind === 'price')!.fields).toContainEqual({ field: 'input', before: '1.25', after: '1.50' });
    expect((await apply(changed, made.fingerprint)).status).toBe(200);
    expect((await plan(changed)).changes).toEqual([]);
    expect((await admin('GET', '/api/backends')).body).toMatchObject({ items: [{ name: 'local' }, { name: 'one', url: 'https://203.0.114.9/v1', keys: [{ label: 'a', requestsPerMinute: null }] }] });
  });

  it('is refused when things have changed since its plan', async () => {
    const wanted = { projects: [{ name: 'ios' }, { name: 'mac' }] };
    const { fingerprint } = await plan(wanted);
    expect((await admin('POST', '/api/projects', { name: 'elsewhere' })).status).toBe(201);
    const stale = await apply(wanted, fingerprint);
    expect([stale.status, (stale.body as { error: { code: string } }).error.code]).toEqual([409, 'plan_stale']);
    const fresh = await plan(wanted);
    expect(told(fresh)).toEqual(['add project mac']);
    const twice = await Promise.all([apply(wanted, fresh.fingerprint), apply(wanted, fresh.fingerprint)]);
    expect(twice.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });

  it.each([
    [{ models: [{ name: 'x', targets: [{ backend: 'nobody', model: 'm' }] }] }, 'models[0].targets[0].backend'],
    [{ backends: [{ name: 'new', url: 'https://203.0.114.1', keys: [{ label: 'a' }] }] }, 'backends[0].keys[0]'],
    [{ budgets: [{ scope: 'key:nobody', amount: '1' }] }, 'budgets[0].scope'], [{ backends: [{ name: 'x', url: 'https://203.0.114.1' }, { name: 'x', url: 'https://203.0.114.1' }] }, 'backends'],
  ])('that leads nowhere is refused with its place: %j', async (wanted, param) => {
    const reply = await admin('POST', '/api/config/plan', { config: wanted });
    expect([reply.status, (reply.body as { error: { param: string } }).error.param]).toEqual([400, param]);
  });

  it('changes nothing of another organisation, whatever it names', async () => {
    const other = house.as(house.operator.adminKey);
    const { config: theirs } = (await other('GET', '/api/config')).body as { config: unknown };
    expect(JSON.stringify(theirs)).not.toMatch(/team\/smart|203\.0\.114/);
    const reply = await other('POST', '/api/config/plan', { config: { prices: [{ model: 'team/smart', costOf: 'one', buckets: { input: '1' } }] } });
    expect(reply.status).toBe(400);
  });
});
