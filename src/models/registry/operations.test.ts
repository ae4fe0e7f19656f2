import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { newId, type TandemError } from '../../base/index.ts';
import { FakeEngine } from '../local/fake-engine.ts';
import type { Principal } from '../ports.ts';
import { openDatabaseHouse, type DatabaseHouse } from '../testing/database-house.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { COMPLETION } from '../testing/openai-fixtures.ts';

const SECRET = 'sk-very-secret-key-0123456789';
let house: DatabaseHouse;
let backend: FakeBackend;
let url: string;
let engine: FakeEngine;
let stranger: Principal;

beforeAll(async () => {
  backend = new FakeBackend();
  url = await backend.start();
  engine = new FakeEngine();
  await engine.start();
  house = await openDatabaseHouse({
    engine,
    file: { backends: [{ name: 'filed', url, keyEnv: 'FILED_KEY', models: [{ alias: 'team/filed', model: 'filed-7b', maxOutputTokens: 64, outputLimitField: 'max_completion_tokens' }] }] },
    env: { FILED_KEY: 'sk-from-env' },
  });
  const tenant = await house.access.createTenant({ name: 'Strangers' });
  stranger = house.access.directory.verify(tenant.adminKey);
});
afterAll(async () => {
  await house.close();
  await engine.stop();
  await backend.stop();
});
beforeEach(() => {
  backend.requests.length = 0;
  backend.json(200, { ...COMPLETION, usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } });
});

const code = (work: Promise<unknown>) => work.then(() => 'nothing', (error: TandemError) => error.code);
const chat = (model: string, principal = house.admin) => house.models.call('chat', { principal, body: ask({ model }), idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink());

describe('the models there are', () => {
  test('begin with the local one and those of the operator\'s file, in OpenAI\'s form', () => {
    expect(house.models.list(house.admin).data).toEqual([
      { id: 'tandem/local', object: 'model', created: expect.any(Number) as number, owned_by: 'local' }, { id: 'team/filed', object: 'model', created: expect.any(Number) as number, owned_by: 'filed' },
    ]);
    expect(house.models.list({ ...house.admin, allowedModels: ['team/filed'] }).data.map(({ id }) => id)).toEqual(['team/filed']);
  });

  test('are called with the key and the limit that the file gives', async () => {
    await chat('team/filed');
    expect(backend.requests[0]).toMatchObject({ headers: { authorization: 'Bearer sk-from-env' }, body: { model: 'filed-7b', max_completion_tokens: 64 } });
    expect(await code(house.models.call('chat', { principal: house.admin, body: ask({ model: 'team/filed', max_tokens: 65 }), idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink()))).toBe('invalid_request');
  });

  test('that do not exist and those that a key may not use are the same to it, with near names of what it may', async () => {
    const bound = { ...house.admin, allowedModels: ['tandem/local'] };
    const answers = await Promise.all(['team/filed', 'team/fileX'].map((name) => chat(name, bound).then(() => undefined, (error: TandemError) => ({ code: error.code, status: error.status, facts: error.facts, message: error.message.replace(name, 'NAME') }))));
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ code: 'model_not_found', status: 404, facts: { near: [] } });
    await expect(chat('team/fild')).rejects.toThrow('There is no model team/fild that this key may use. Did you mean team/filed?');
    await expect(chat('local', bound)).rejects.toThrow('Did you mean tandem/local?');
  });

  test.each(['a\r\nb', 'tandem/local\0', 'tandem/local\n'])('with control characters are refused: %j', async (name) => {
    await expect(chat(name)).rejects.toMatchObject({ code: 'invalid_request', status: 400, param: 'model' });
  });
});

describe('a backend of the API', () => {
  test('takes a key, keeps it sealed, and shows and logs it nowhere', async () => {
    const made = await house.models.backends.create(house.admin, { name: 'sealed', url, key: SECRET });
    expect(made).toMatchObject({ name: 'sealed', kind: 'openai-compatible', url, hasKey: true, enabled: true, from: 'api', health: { state: 'unknown' } });
    const everything = JSON.stringify([made, await house.models.backends.list(house.admin), house.models.health(), (await house.database.pool.query('select * from audit_events')).rows, (await house.database.pool.query(`select encode(sealed_key, 'escape') as k, label from backend_keys`)).rows]);
    expect(everything).not.toContain(SECRET);
    await house.models.aliases.create(house.admin, { name: 'team/sealed', backendId: made.id, backendModel: 'm', contextTokens: null, maxOutputTokens: 100 });
    await chat('team/sealed');
    expect(backend.requests[0]!.headers.authorization).toBe(`Bearer ${SECRET}`);
    expect((await house.models.backends.list(house.admin)).items.find(({ id }) => id === made.id)?.health.state).toBe('ready');

    await house.models.backends.update(house.admin, made.id, { key: 'sk-next' });
    await chat('team/sealed');
    expect(backend.requests[1]!.headers.authorization).toBe('Bearer sk-next');
    expect(await house.models.backends.update(house.admin, made.id, { key: null, name: 'bare', enabled: false })).toMatchObject({ name: 'bare', hasKey: false, enabled: false });
    expect(await code(chat('team/sealed'))).toBe('backend_unreachable');
    expect(await code(house.models.backends.remove(house.admin, made.id))).toBe('backend_in_use');
    await house.models.aliases.remove(house.admin, 'team/sealed');
    await house.models.backends.remove(house.admin, made.id);
    expect(await code(chat('team/sealed'))).toBe('model_not_found');
    const trail = await house.database.pool.query<{ action: string }>(`select action from audit_events where resource_kind in ('backend', 'model') order by sequence`);
    expect(trail.rows.map(({ action }) => action)).toEqual(['backend.create', 'model.create', 'backend.update', 'backend.update', 'model.remove', 'backend.remove']);
  });

  test.each(['http://10.0.0.1/v1', 'http://169.254.169.254/v1', 'http://2130706433/v1', 'ftp://example.com', 'http://localhost.nowhere.invalid/v1'])('is not made for %s', async (address) => {
    expect(await code(house.models.backends.create(house.admin, { name: 'bad', url: address }))).toBe('url_not_allowed');
  });

  test('has a name of its own, and a developer may not make one', async () => {
    const made = await house.models.backends.create(house.admin, { name: 'twice', url });
    expect(await code(house.models.backends.create(house.admin, { name: 'twice', url }))).toBe('name_taken');
    expect(await code(house.models.backends.create({ ...house.admin, role: 'developer' }, { name: 'third', url }))).toBe('permission_denied');
    await house.models.backends.remove(house.admin, made.id);
  });

  test('is checked by asking it for its models', async () => {
    const made = await house.models.backends.create(house.admin, { name: 'checked', url, key: SECRET });
    backend.json(200, { object: 'list', data: [{ id: 'a' }, { id: 'b' }] });
    expect(await house.models.backends.check(house.admin, made.id)).toMatchObject({ ok: true, models: ['a', 'b'], problem: null });
    expect(backend.requests[0]).toMatchObject({ path: '/v1/models', headers: { authorization: `Bearer ${SECRET}` } });
    backend.json(401, { error: { message: `bad key ${SECRET}` } });
    const failing = await house.models.backends.check(house.admin, made.id);
    expect(failing).toMatchObject({ ok: false, latencyMs: null });
    expect(JSON.stringify(failing)).not.toContain(SECRET);
    backend.json(200, '<html>');
    expect((await house.models.backends.check(house.admin, made.id)).problem).toContain('no list of models');
    const local = (await house.models.backends.list(house.admin)).items.find(({ kind }) => kind === 'local')!;
    expect(await house.models.backends.check(house.admin, local.id)).toMatchObject({ ok: true });
    await house.models.backends.remove(house.admin, made.id);
  });

  // Answers in the form of each vendor's API reference: Google's models.list (v1beta), Anthropic's List Models, Amazon's ListAsyncInvokes.
  test.each([
    ['gemini', 'key', '/v1beta/models?pageSize=1000', { 'x-goog-api-key': 'key' }, { models: [{ name: 'models/gemini-2.5-flash' }] }, ['gemini-2.5-flash']],
    ['anthropic', 'key', '/v1/models?limit=1000', { 'x-api-key': 'key', 'anthropic-version': '2023-06-01' }, { data: [{ type: 'model', id: 'claude-sonnet-5' }], has_more: false }, ['claude-sonnet-5']],
    ['bedrock', 'AKIDEXAMPLE00000:secret', '/async-invoke?maxResults=1', { 'x-amz-date': expect.any(String), authorization: expect.stringContaining('/eu-west-1/bedrock/aws4_request') }, { asyncInvokeSummaries: [] }, []],
  ] as const)('of the kind %s is asked in its own words', async (kind, key, path, headers, answer, models) => {
    const made = await house.models.backends.create(house.admin, { name: `of-${kind}`, url: url.replace(/\/v1$/, ''), kind, key, ...(kind === 'bedrock' && { options: { region: 'eu-west-1' } }) });
    backend.json(200, answer);
    const seen = await house.models.backends.check(house.admin, made.id);
    expect(seen).toMatchObject({ ok: true, models, problem: null });
    expect(seen.next === null).toBe(kind !== 'bedrock');
    expect(backend.requests.at(-1)).toMatchObject({ path, headers });
    backend.json(200, { something: 'else' });
    expect((await house.models.backends.check(house.admin, made.id)).ok).toBe(kind === 'bedrock');
    backend.json(403, { message: 'no' }, { 'x-amzn-errortype': 'UnrecognizedClientException' });
    expect((await house.models.backends.check(house.admin, made.id)).problem).toContain('does not accept this server\'s key');
    backend.json(403, { message: 'no' }, { 'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/coral/' });
    expect((await house.models.backends.check(house.admin, made.id)).ok).toBe(kind === 'bedrock');
    await house.models.backends.remove(house.admin, made.id);
  });

  test('whose sealed key was changed or moved is shown as unavailable, and the others work on', async () => {
    const made = await house.models.backends.create(house.admin, { name: 'moved', url, key: SECRET });
    await house.models.aliases.create(house.admin, { name: 'team/moved', backendId: made.id, backendModel: 'm', contextTokens: null, maxOutputTokens: 100 });
    await house.database.pool.query(`update backend_keys set sealed_key = set_byte(sealed_key, 20, 255 - get_byte(sealed_key, 20)) where backend_id = $1`, [made.id]);
    const other = await house.second();
    expect((await other.backends.list(house.admin)).items.find(({ id }) => id === made.id)?.health).toMatchObject({ state: 'unavailable', reason: 'its key cannot be opened' });
    const call = (model: string) => other.call('chat', { principal: house.admin, body: ask({ model }), idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink());
    expect(await code(call('team/moved'))).toBe('backend_unreachable');
    expect(await code(call('team/filed'))).toBe('nothing');
    expect(backend.requests).toHaveLength(1);
    await house.models.backends.update(house.admin, made.id, { key: SECRET });
    await vi.waitFor(async () => expect(await code(call('team/moved'))).toBe('nothing'), { interval: 10, timeout: 5_000 });
    await house.models.aliases.remove(house.admin, 'team/moved');
    await house.models.backends.remove(house.admin, made.id);
  });

  test('of the file or the server itself is not changed here', async () => {
    for (const { id } of (await house.models.backends.list(house.admin)).items.filter(({ from }) => from !== 'api')) {
      expect(await code(house.models.backends.update(house.admin, id, { enabled: false }))).toBe('backend_fixed');
      expect(await code(house.models.backends.remove(house.admin, id))).toBe('backend_fixed');
    }
    expect(await code(house.models.aliases.remove(house.admin, 'tandem/local'))).toBe('backend_fixed');
    expect(await code(house.models.aliases.remove(house.admin, 'nothing'))).toBe('resource_not_found');
  });

  test('that another process changes is in force here within a second', async () => {
    const other = await house.second();
    const made = await house.models.backends.create(house.admin, { name: 'shared', url });
    const startedMs = performance.now();
    await vi.waitFor(async () => expect((await other.backends.list(house.admin)).items.map(({ id }) => id)).toContain(made.id), { interval: 10, timeout: 5_000 });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    await house.models.backends.remove(house.admin, made.id);
  });
});

describe('a name with several targets', () => {
  test('is shown with each of them, is changed as a whole, and keeps its backends from being removed', async () => {
    const [one, two] = await Promise.all([house.models.backends.create(house.admin, { name: 'one', url }), house.models.backends.create(house.admin, { name: 'two', url, kind: 'anthropic', options: { version: '2023-06-01' } })]);
    const made = await house.models.aliases.create(house.admin, {
      name: 'team/many', goal: 'cheapest', regions: ['eu'], limits: { attempts: 4, gapSeconds: 9, hedge: { afterMs: 500, share: 0.1 } },
      targets: [{ backendId: one.id, model: 'a', weight: 3, region: 'eu', can: { images: false } }, { backendId: two.id, model: 'b', order: 1, maxOutputTokens: 10 }],
    });
    expect(made).toMatchObject({
      goal: 'cheapest', regions: ['eu'], from: 'api', backend: { name: 'one' }, backendModel: 'a', enabled: true, limits: { attempts: 4, gapSeconds: 9, wholeSeconds: 1800, hedge: { afterMs: 500, share: 0.1 } },
      targets: [{ backend: { name: 'one' }, model: 'a', weight: 3, region: 'eu', can: { images: false }, breaker: { state: 'closed' }, running: 0 }, { backend: { name: 'two', kind: 'anthropic' }, model: 'b', order: 1, maxOutputTokens: 10 }],
    });
    expect(await house.models.aliases.update(house.admin, 'team/many', { goal: 'order' })).toMatchObject({ goal: 'order', limits: { attempts: 4 }, targets: [{ model: 'a' }, { model: 'b' }] });
    expect(await house.models.aliases.update(house.admin, 'team/many', { limits: {}, targets: [{ backendId: two.id, model: 'c', enabled: false }] })).toMatchObject({ limits: { attempts: 3 }, enabled: false, targets: [{ model: 'c' }] });
    expect(await code(house.models.backends.remove(house.admin, two.id))).toBe('backend_in_use');
    await house.models.backends.remove(house.admin, one.id);
    for (const broken of [[{ backendId: one.id, model: 'x' }], [{ backendId: two.id, model: 'x' }, { backendId: newId(), model: 'x' }]]) {
      expect(await code(house.models.aliases.update(house.admin, 'team/many', { targets: broken }))).toBe('resource_not_found');
    }
    expect(await code(house.models.aliases.update(house.admin, 'tandem/local', { goal: 'order' }))).toBe('backend_fixed');
    expect(await code(house.models.aliases.update(stranger, 'team/many', { goal: 'order' }))).toBe('resource_not_found');
    expect(await code(house.models.aliases.create(house.admin, { name: 'team/none' }))).toBe('invalid_request');
    expect((await house.models.aliases.show(house.admin, 'team/many')).targets).toHaveLength(1);
    await house.models.aliases.remove(house.admin, 'team/many');
    await house.models.backends.remove(house.admin, two.id);
    expect((await house.database.pool.query('select 1 from model_targets')).rows).toEqual([]);
  });
});

describe('a backend with several keys', () => {
  test('shows each by its label and limits, and none of them', async () => {
    const made = await house.models.backends.create(house.admin, { name: 'keyed', url, key: SECRET });
    const two = await house.models.backends.setKey(house.admin, made.id, 'second', { key: `${SECRET}-2`, requestsPerMinute: 60, parallel: 4 });
    expect(two.keys).toEqual([
      { label: 'default', requestsPerMinute: null, tokensPerMinute: null, parallel: null, state: 'ready', reason: null, since: null, againAt: null },
      { label: 'second', requestsPerMinute: 60, tokensPerMinute: null, parallel: 4, state: 'ready', reason: null, since: null, againAt: null },
    ]);
    expect((await house.models.backends.setKey(house.admin, made.id, 'second', { parallel: null, tokensPerMinute: 900 })).keys[1]).toMatchObject({ requestsPerMinute: 60, tokensPerMinute: 900, parallel: null });
    expect(JSON.stringify([two, (await house.database.pool.query('select * from audit_events')).rows])).not.toContain(SECRET);
    expect((await house.models.backends.list(stranger)).items.find(({ id }) => id === made.id)?.keys).toEqual([]);
    expect(await code(house.models.backends.setKey(house.admin, made.id, 'third', { parallel: 1 }))).toBe('resource_not_found');
    for (const who of [stranger]) {
      expect(await code(house.models.backends.setKey(who, made.id, 'default', { key: 'sk-theirs' }))).toBe('resource_not_found');
      expect(await code(house.models.backends.removeKey(who, made.id, 'default'))).toBe('resource_not_found');
    }
    await house.models.backends.removeKey(house.admin, made.id, 'default');
    expect(await code(house.models.backends.removeKey(house.admin, made.id, 'default'))).toBe('resource_not_found');
    expect((await house.models.backends.list(house.admin)).items.find(({ id }) => id === made.id)?.keys.map(({ label }) => label)).toEqual(['second']);
    await house.models.backends.remove(house.admin, made.id);
  });
});

describe('another organisation', () => {
  test('sees the operator\'s models and backends without their addresses, costs or keys, and changes nothing of them', async () => {
    house.ledger.costPrice = { ...house.ledger.price!, side: 'cost' };
    const backends = (await house.models.backends.list(stranger)).items;
    expect(backends.map(({ name, url: shown, hasKey }) => [name, shown, hasKey])).toEqual([['local', null, false], ['filed', null, false]]);
    expect((await house.models.aliases.list(stranger)).items.map(({ name, cost }) => [name, cost])).toEqual([['tandem/local', undefined], ['team/filed', undefined]]);
    expect((await house.models.aliases.list(house.admin)).items[0]!.cost).not.toBeNull();
    const mine = await house.models.backends.create(house.admin, { name: 'mine', url, key: SECRET });
    expect((await house.models.backends.list(stranger)).items.find(({ id }) => id === mine.id)?.url).toBeNull();
    for (const id of [mine.id, ...backends.map((one) => one.id), newId(), 'x']) {
      expect(await code(house.models.backends.update(stranger, id, { enabled: false }))).toBe('resource_not_found');
      expect(await code(house.models.backends.remove(stranger, id))).toBe('resource_not_found');
      expect(await code(house.models.backends.check(stranger, id))).toBe('resource_not_found');
      expect(await code(house.models.aliases.create(stranger, { name: 'theft', backendId: id, backendModel: 'm', contextTokens: null, maxOutputTokens: 1 }))).toBe('resource_not_found');
    }
    await house.models.backends.remove(house.admin, mine.id);
    house.ledger.costPrice = undefined;
  });

  test('has models of its own that nobody else sees, also under a name of the operator\'s', async () => {
    const theirs = await house.models.backends.create(stranger, { name: 'theirs', url });
    await house.models.aliases.create(stranger, { name: 'team/filed', backendId: theirs.id, backendModel: 'theirs-1b', contextTokens: 100, maxOutputTokens: 5 });
    await chat('team/filed', stranger);
    await chat('team/filed');
    expect(backend.requests.map(({ body }) => body['model'])).toEqual(['theirs-1b', 'filed-7b']);
    expect((await house.models.backends.list(house.admin)).items.map(({ name }) => name)).not.toContain('theirs');
    expect(await code(house.models.aliases.create(stranger, { name: 'team/filed', backendId: theirs.id, backendModel: 'x', contextTokens: null, maxOutputTokens: 5 }))).toBe('name_taken');
    expect(house.ledger.entries.at(-2)!.admission.worst).toEqual({ input: 100n, output: 5n });
    await house.models.aliases.remove(stranger, 'team/filed');
    await house.models.backends.remove(stranger, theirs.id);
  });
});
