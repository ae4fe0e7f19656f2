import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newId } from '../base/index.ts';
import { routes, type RouteContract } from './contract/index.ts';
import { openWholeHouse, type WholeHouse } from './testing/whole-house.ts';
import type { Asked } from './testing/asking.ts';

type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Asked>;

/** A word that stands in every name that the victim gives, so that any leak is seen. */
const MARK = 'quintessence';
const operations: RouteContract[] = Object.values(routes);

let house: WholeHouse;
/** The organisation whose things others ask for. */
let victim: Ask;
/** Callers of other organisations: one like it, and the operator's own, which has no more rights over its rows. */
let strangers: readonly (readonly [name: string, ask: Ask])[];
/** Ids of the victim's rows by kind, each of a kind that some route names by id. */
let ids: Record<string, string>;
let organisationId: string;
let alias: string;

const made = async (ask: Ask, path: string, body: unknown): Promise<Record<string, unknown>> => {
  const reply = await ask('POST', path, body);
  if (reply.status >= 300) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
  return reply.body as Record<string, unknown>;
};
const idOf = (value: unknown): string => (value as { id: string }).id;
const price = { input: { price: '1000000000', per: '1000000' }, cache_read: { price: '1', per: '1' }, output: { price: '1000000000', per: '1000000' } };

beforeAll(async () => {
  house = await openWholeHouse();
  const [one, other] = await Promise.all([
    house.access.createTenant({ name: `${MARK} Ltd`, currency: 'USD', billing: 'postpaid', ownerEmail: `owner@${MARK}.example` }),
    house.access.createTenant({ name: 'Stranger Ltd', currency: 'USD', billing: 'postpaid', ownerEmail: 'owner@stranger.example' }),
  ]);
  organisationId = one.organisationId;
  victim = house.as(one.adminKey);
  strangers = [['another organisation', house.as(other.adminKey)], ['the operator\'s organisation', house.as(house.operator.adminKey)]];

  const project = await made(victim, '/api/projects', { name: `${MARK} project` });
  const { key } = await made(victim, '/api/keys', { name: `${MARK} key`, budget: { amount: '5000000000000', period: 'total' } });
  const { invitation } = await made(victim, '/api/invitations', { email: `guest@${MARK}.example` });
  const account = await made(victim, '/api/service-accounts', { name: `${MARK} account` });
  const backend = await made(victim, '/api/backends', { name: `${MARK} backend`, url: 'https://203.0.114.1/v1', key: `sk-${MARK}` });
  alias = `${MARK}/big`;
  await made(victim, '/api/models', { name: alias, backendId: idOf(backend), backendModel: `${MARK}-70b` });
  const listed = await made(victim, '/api/prices', { resource: alias, buckets: price, source: `${MARK} contract` });
  const budget = await made(victim, '/api/budgets', { scope: { kind: 'project', id: idOf(project) }, amount: '9000000000000', period: 'month' });
  await made(victim, '/api/credits', { id: newId(), kind: 'grant', amount: '1000000000000', reason: `${MARK} grant` });
  const usage = newId();
  await made(victim, '/api/usage', {
    events: [{ id: usage, kind: 'chat', resource: 'tandem/local', projectId: idOf(project), occurredAt: new Date().toISOString(), quantities: { input: '10', output: '3' } }],
  });
  const limit = await made(victim, '/api/limits', { scope: { kind: 'project', id: idOf(project) }, subject: { kind: 'user', name: MARK }, metric: 'requests', amount: 20 });
  const { endpoint } = await made(victim, '/api/webhooks', { url: `https://203.0.114.1/${MARK}` });
  const { hook } = await made(victim, '/api/hooks', { name: MARK, url: `https://203.0.114.1/${MARK}/hook`, projectId: idOf(project), enabled: false });
  const { feed } = await made(victim, '/api/feeds', { url: `https://203.0.114.1/${MARK}/usage` });
  const { token } = await made(victim, '/api/nodes', { name: MARK });
  const node = await house.fleet.enrolments.use({ token: String(token), identity: Buffer.from(MARK), hostname: MARK, machine: null, platform: 'linux-x64', standIn: true, from: '192.0.2.1' });
  const pool = await made(victim, '/api/pools', { name: MARK });
  const lease = await made(victim, '/api/leases', { key: MARK, name: `${MARK} lease`, kind: 'mac' });
  const volume = newId();
  await house.database.scoped(organisationId).insertInto('volumes', { id: volume, project_id: idOf(project), name: MARK, machine_id: node.id, state: 'kept', days: 1, made_by: MARK, created_at: new Date() }).execute();
  const recording = newId();
  await house.database.scoped(organisationId).insertInto('lease_recordings', {
    id: recording, lease_id: idOf(lease), machine_id: node.id, kind: 'shell', person: MARK, sealed_command: null, state: 'kept', reason: null, tamper_proof: true, whole: true, bytes: 1, columns: 80, rows: 24, exit_code: 0,
    started_at: new Date(), ended_at: new Date(), created_at: new Date(), expires_at: new Date(Date.now() + 86_400_000),
  }).execute();
  const quota = await made(victim, '/api/quotas', { scope: { kind: 'project', id: idOf(project) }, gpus: 4 });
  const members = (await victim('GET', '/api/members')).body as { items: { id: string }[] };
  ids = {
    projects: idOf(project), keys: idOf(key), invitations: idOf(invitation), 'service-accounts': idOf(account), backends: idOf(backend), prices: idOf(listed),
    budgets: idOf(budget), webhooks: idOf(endpoint), feeds: idOf(feed), hooks: idOf(hook), limits: idOf(limit), nodes: node.id, pools: idOf(pool), leases: idOf(lease), quotas: idOf(quota), volumes: volume, recordings: recording, usage, members: members.items[0]!.id, organisations: organisationId,
  };
}, 120_000);
afterAll(() => house[Symbol.asyncDispose]());

/** A body that each route with a body would take, were the row its caller's. */
const bodies: Record<string, (given: Record<string, string>) => unknown> = {
  'projects.update': () => ({ name: 'taken' }),
  'consent.give': () => ({ textVersion: '2026-11-1' }),
  'content.purge': () => ({ name: `${MARK} project` }),
  'keys.update': () => ({ name: 'taken' }),
  'keys.rotate': () => ({}),
  'members.update': () => ({ role: 'viewer' }),
  'budgets.update': () => ({ amount: '1' }),
  'feeds.update': () => ({ paused: true }),
  'hooks.update': () => ({ name: 'taken' }),
  'leases.ssh': () => ({ publicKey: 'ssh-ed25519 AAAA' }),
  'leases.ticket': () => ({}),
  'pools.update': () => ({ openTo: 'own' }),
  'leases.extend': () => ({ minutes: 5 }),
  'servings.scale': () => ({ max: 3 }),
  'leases.keep': () => ({ name: 'taken' }),
  'nodes.release': () => ({ reason: 'taken' }),
  'volumes.extend': () => ({ days: 1 }),
  'leases.hand-over': ({ projects }) => ({ projectId: projects }),
  'orders.release': () => ({ neededUntil: null }),
  'nodes.wish': () => ({ what: 'cordon' }),
  'hooks.rotate': () => ({}),
  'hooks.test': () => ({}),
  'feeds.rotate': () => ({}),
  'webhooks.rotate': () => ({}),
  'limits.update': () => ({ amount: 1 }),
  'models.update': () => ({ goal: 'order' }),
  'backends.keys.set': () => ({ label: 'taken', key: 'sk-taken' }),
  'backends.update': () => ({ name: 'taken', enabled: false }),
  'adjustments.create': () => ({ amount: '-1', reason: 'taken over' }),
};
/** Routes that name another row in their body or query instead of the path. */
const pointing: readonly (readonly [id: string, method: string, path: (given: Record<string, string>) => string, body: ((given: Record<string, string>) => unknown) | undefined])[] = [
  ['keys.create in a project', 'POST', () => '/api/keys', ({ projects }) => ({ name: 'x', projectId: projects })],
  ['keys.create for a service account', 'POST', () => '/api/keys', (given) => ({ name: 'x', serviceAccountId: given['service-accounts'] })],
  ['service-accounts.create in a project', 'POST', () => '/api/service-accounts', ({ projects }) => ({ name: 'x', projectId: projects })],
  ['budgets.create on a project', 'POST', () => '/api/budgets', ({ projects }) => ({ scope: { kind: 'project', id: projects }, amount: '1' })],
  ['budgets.create for each user of a project', 'POST', () => '/api/budgets', ({ projects }) => ({ scope: { kind: 'project', id: projects }, subject: { kind: 'user', name: null }, amount: '1' })],
  ['budgets.create on a key', 'POST', () => '/api/budgets', ({ keys }) => ({ scope: { kind: 'key', id: keys }, amount: '1' })],
  ['budgets.create on an organisation', 'POST', () => '/api/budgets', ({ organisations }) => ({ scope: { kind: 'organisation', id: organisations }, amount: '1' })],
  ['limits.create on a project', 'POST', () => '/api/limits', ({ projects }) => ({ scope: { kind: 'project', id: projects }, metric: 'requests', amount: 1 })],
  ['limits.create on a key', 'POST', () => '/api/limits', ({ keys }) => ({ scope: { kind: 'key', id: keys }, metric: 'tokens', amount: 1 })],
  ['limits.create on an organisation', 'POST', () => '/api/limits', ({ organisations }) => ({ scope: { kind: 'organisation', id: organisations }, metric: 'parallel', amount: 1 })],
  ['quotas.set on a project', 'POST', () => '/api/quotas', ({ projects }) => ({ scope: { kind: 'project', id: projects }, gpus: 1 })],
  ['hooks.create in a project', 'POST', () => '/api/hooks', ({ projects }) => ({ name: 'x', url: 'https://203.0.114.1/x', projectId: projects })],
  ['leases.quote in a project', 'POST', () => '/api/leases/quote', ({ projects }) => ({ kind: 'mac', projectId: projects })],
  ['leases.create in a project', 'POST', () => '/api/leases', ({ projects }) => ({ key: 'x', kind: 'mac', projectId: projects })],
  ['servings.create in a project', 'POST', () => '/api/servings', ({ projects }) => ({ name: 'mine/now', model: 'tandem/local', engine: 'embedded', projectId: projects })],
  ['models.create on a backend', 'POST', () => '/api/models', ({ backends }) => ({ name: 'mine/now', backendId: backends, backendModel: 'x' })],
  ['prices.create for a backend', 'POST', () => '/api/prices', ({ backends }) => ({ resource: 'mine/now', side: 'cost', backendId: backends, buckets: price, source: 'x' })],
  ['usage.record in a project', 'POST', () => '/api/usage', ({ projects }) => ({ events: [{ id: newId(), kind: 'chat', resource: 'tandem/local', projectId: projects, occurredAt: new Date().toISOString(), quantities: { input: '1' } }] })],
];

const everythingOf = async (ask: Ask, without: readonly string[] = []): Promise<string> => {
  const lists = operations.filter(({ method, params, stream, access }) => method === 'GET' && !params && !stream && access !== 'public').map(({ path }) => path).filter((path) => !without.includes(path));
  return JSON.stringify(await Promise.all(lists.map(async (path) => [path, (await ask('GET', path)).body])));
};

/** What the victim has, without what moves by itself (the trail notes who asked, keys note their use). */
const state = async (): Promise<string> => {
  const paths = ['/api/projects', '/api/keys', '/api/members', '/api/invitations', '/api/service-accounts', '/api/budgets', '/api/limits', '/api/quotas', '/api/webhooks', '/api/hooks', '/api/nodes', '/api/pools', '/api/leases', '/api/volumes', '/api/usage', '/api/credits', '/api/models', '/api/backends', '/api/prices?history=true'];
  const replies = await Promise.all(paths.map(async (path) => (await victim('GET', path)).body));
  return JSON.stringify(replies, (name, value: unknown) => (name === 'lastUsedAt' ? null : value));
};

const leaks = (text: string) => [MARK, ...Object.values(ids)].filter((secret) => text.includes(secret));

describe('a caller of a foreign organisation', () => {
  it('has a body for every route that takes an id', () => {
    const missing = operations.filter(({ params, body, id }) => params && body && !(id in bodies)).map(({ id }) => id);
    expect(missing).toEqual([]);
  });

  it.each(operations.filter(({ params }) => params && 'id' in params.shape).map((route) => [route.id, route] as const))('gets 404 from %s for every row that is not its own', async (_id, route) => {
    for (const [who, ask] of strangers) {
      for (const [kind, id] of Object.entries(ids)) {
        const reply = await ask(route.method, route.path.replace('{id}', id), bodies[route.id]?.(ids));
        expect([who, kind, reply.status, (reply.body as { error?: { code?: string } }).error?.code]).toEqual([who, kind, 404, 'resource_not_found']);
        expect(JSON.stringify(reply.body)).not.toContain(MARK);
      }
    }
  });

  it.each(pointing)('cannot point at a foreign row: %s', async (_what, method, path, body) => {
    for (const [who, ask] of strangers) {
      const reply = await ask(method, path(ids), body?.(ids));
      expect([who, reply.status], JSON.stringify(reply.body)).toEqual([who, 404]);
      expect(JSON.stringify(reply.body)).not.toContain(MARK);
    }
  });

  it('sees none of it in any list, bill, overview or trail', async () => {
    for (const [, ask] of strangers) {
      // Its trail holds the ids that it asked for itself, and nothing else.
      expect(JSON.stringify((await ask('GET', '/api/events?limit=500')).body)).not.toContain(MARK);
      const text = await everythingOf(ask, ['/api/events']);
      expect(leaks(text)).toEqual([]);
      expect(text.length).toBeGreaterThan(1_000);
    }
    expect(leaks(await everythingOf(victim)).length).toBeGreaterThan(5);
  });

  it('finds nothing by filters that name foreign rows', async () => {
    for (const [, ask] of strangers) {
      for (const path of [`/api/usage?projectId=${ids['projects']}`, `/api/usage?keyId=${ids['keys']}`, `/api/requests?projectId=${ids['projects']}`, `/api/requests?keyId=${ids['keys']}`, `/api/keys?projectId=${ids['projects']}`, `/api/prices?resource=${alias}`]) {
        const reply = await ask('GET', path);
        expect(reply.status === 404 || (reply.body as { items: unknown[] }).items.length === 0, `${path}: ${JSON.stringify(reply.body)}`).toBe(true);
      }
    }
  });

  it('neither sees nor calls a foreign model, nor is told that it is near', async () => {
    for (const [, ask] of strangers) {
      expect(JSON.stringify((await ask('GET', '/v1/models')).body)).not.toContain(MARK);
      for (const reply of [
        await ask('GET', `/v1/models/${alias}`),
        await ask('POST', '/v1/chat/completions', { model: alias, messages: [{ role: 'user', content: 'hello' }] }),
        await ask('POST', '/v1/chat/completions', { model: `${alias}g`, messages: [{ role: 'user', content: 'hello' }] }),
        await ask('GET', `/api/models/${alias}`),
        await ask('PATCH', `/api/models/${alias}`, { goal: 'order' }),
        await ask('DELETE', `/api/models/${alias}`),
      ]) {
        expect(reply.status).toBe(404);
        expect(JSON.stringify(reply.body).replaceAll(`${alias}g`, '').replaceAll(alias, '')).not.toContain(MARK);
      }
    }
  });

  it('is written down where it asked, and has changed nothing', async () => {
    const before = await state();
    for (const [, ask] of strangers) {
      for (const route of operations.filter(({ params }) => params && 'id' in params.shape)) {
        await Promise.all(Object.values(ids).map((id) => ask(route.method, route.path.replace('{id}', id), bodies[route.id]?.(ids))));
      }
      await house.access.refusalsWritten();
      const { items } = (await ask('GET', '/api/events?limit=500')).body as { items: { action: string }[] };
      expect(items.some(({ action }) => action.endsWith('.refuse'))).toBe(true);
    }
    expect(await state()).toBe(before);
  });

  it('does not get another\'s reply by its Idempotency-Key', async () => {
    const idempotent = (key: string) => ({ 'idempotency-key': 'the-same', authorization: key });
    const { secret } = (await made(victim, '/api/keys', { name: `${MARK} caller` })) as { secret: string };
    const call = { model: 'tandem/local', messages: [{ role: 'user', content: `say ${MARK}` }] };
    const own = await victim('POST', '/v1/chat/completions', call, idempotent(`Bearer ${secret}`));
    expect(own.status, JSON.stringify(own.body)).toBe(200);
    for (const [, ask] of strangers) {
      const theirs = await made(ask, '/api/keys', { name: 'caller' }) as { secret: string };
      const reply = await ask('POST', '/v1/chat/completions', { ...call, messages: [{ role: 'user', content: 'say hello' }] }, idempotent(`Bearer ${theirs.secret}`));
      expect(reply.status, JSON.stringify(reply.body)).toBe(200);
      expect(JSON.stringify(reply.body)).not.toContain(MARK);
    }
  });

  it('hears no name and no id of it on the stream of changes', async () => {
    const { secret } = (await made(victim, '/api/keys', { name: `${MARK} listener` })) as { secret: string };
    const theirs = (await made(strangers[0]![1], '/api/keys', { name: 'listener' })) as { secret: string };
    const [own, foreign] = await Promise.all([secret, theirs.secret].map(async (key) => listen(key)));
    await victim('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [{ role: 'user', content: 'hello' }] });
    // One timer writes to all streams: what the owner has heard, the stranger would have heard by now.
    await vi.waitFor(() => expect(own!.heard()).toContain('"usage"'), { timeout: 10_000, interval: 50 });
    expect(foreign!.heard()).toContain('"heartbeat"');
    expect(leaks(foreign!.heard())).toEqual([]);
    expect(foreign!.heard()).toMatch(/^(?:data: \{"type":"[a-z]+","at":"[^"]+"\}\n\n)+$/);
    for (const stream of [own!, foreign!]) await stream.close();
  });
});

async function listen(key: string): Promise<{ heard(): string; close(): Promise<void> }> {
  const leave = new AbortController();
  const stream = await fetch(`${house.url}/api/live`, { headers: { authorization: `Bearer ${key}` }, signal: leave.signal });
  let text = '';
  const reading = (async () => {
    for await (const chunk of stream.body!) text += Buffer.from(chunk).toString();
  })().catch(() => {});
  return { heard: () => text, close: async () => { leave.abort(); await reading; } };
}
