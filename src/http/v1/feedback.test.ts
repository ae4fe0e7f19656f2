import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';
import type { Asked } from '../testing/asking.ts';

let house: WholeHouse;
let ask: (method: string, path: string, body?: unknown) => Promise<Asked>;
let giving: { id: string; key: string };
let plain: { id: string; key: string };

beforeAll(async () => {
  house = await openWholeHouse();
  ask = house.as(house.operator.adminKey);
  [giving, plain] = await Promise.all(['giving', 'plain'].map(async (name) => {
    const project = (await ask('POST', '/api/projects', { name })).body as { id: string };
    const { secret } = (await ask('POST', '/api/keys', { name, projectId: project.id })).body as { secret: string };
    return { id: project.id, key: secret };
  })) as [typeof giving, typeof plain];
  const per = '1000000';
  await ask('POST', '/api/prices', { resource: 'tandem/local', tier: 'contributor', source: 'a test', buckets: { input: { price: '1000000', per }, cache_read: { price: '1000000', per }, output: { price: '1000000', per } } });
  const { body } = await ask('GET', `/api/projects/${giving.id}/consent`);
  expect((await ask('POST', `/api/projects/${giving.id}/consent`, { textVersion: (body as { current: { version: string } }).current.version })).status).toBe(200);
});
afterAll(() => house[Symbol.asyncDispose]());

const call = async (key: string, content: string, more: object = {}) => {
  const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: key, maxRetries: 0 });
  return client.chat.completions.create({ model: 'tandem/local', messages: [{ role: 'user', content }], metadata: { scenario: 'support' }, ...more });
};
const say = (key: string, body: unknown) => house.as(key)('POST', '/v1/feedback', body);
const kept = async () => {
  await house.models.contributions.settled();
  return ((await ask('GET', '/api/content')).body as { items: { projectId: string; purpose: string; count: number }[] }).items;
};

describe('feedback', () => {
  it('ties to a reply at once, and is replaced by the same author only', async () => {
    const { id } = await call(plain.key, 'hello');
    const first = await say(plain.key, { id, rating: 'up', outcome: 'accepted' });
    expect([first.status, first.body]).toEqual([200, expect.objectContaining({ object: 'feedback', reply_id: id, kind: 'reply', rating: 1, outcome: 'accepted', scenario: 'support', content_kept: false })]);
    const second = await say(plain.key, { id, rating: -0.5 });
    expect(second.body).toMatchObject({ id: (first.body as { id: string }).id, rating: -0.5, outcome: null });
    const other = await say(plain.key, { id, rating: true, author: 'ann' });
    expect((other.body as { id: string }).id).not.toBe((first.body as { id: string }).id);
  });

  it('keeps no word of a project that does not consent', async () => {
    const { id } = await call(plain.key, 'hello');
    expect((await say(plain.key, { id, comment: 'a private remark', edit: 'better so' })).body).toMatchObject({ content_kept: false });
    expect((await kept()).filter(({ projectId }) => projectId === plain.id)).toEqual([]);
  });

  it('does not reach another project\'s reply: 404, written down', async () => {
    const { id } = await call(plain.key, 'hello');
    await say(plain.key, { id, rating: 1 });
    for (const foreign of [id, 'chatcmpl-01900000-0000-7000-8000-000000000000']) expect((await say(giving.key, { id: foreign, rating: 1 })).status).toBe(404);
    await house.access.refusalsWritten();
    const { items } = (await ask('GET', '/api/events?action=reply.refuse')).body as { items: { resourceId: string }[] };
    expect(items.map(({ resourceId }) => resourceId)).toContain(id);
  });

  it.each([
    [{}, 'id'], [{ id: 'chatcmpl-x', rating: 1 }, 'id'], [{ id: 'chatcmpl-01900000-0000-7000-8000-000000000000' }, 'rating'], [{ id: 'chatcmpl-01900000-0000-7000-8000-000000000000', rating: 2 }, 'rating'],
    [{ id: 'chatcmpl-01900000-0000-7000-8000-000000000000', raiting: 1 }, 'raiting'], [{ id: 'chatcmpl-01900000-0000-7000-8000-000000000000', outcome: 'a\nb' }, 'outcome'],
  ])('refuses %j and names the field', async (body, param) => {
    expect((await say(plain.key, body)).body).toMatchObject({ error: { param } });
  });

  it('is summed up by scenario beside how its calls went', async () => {
    await vi.waitFor(async () => {
      const { items } = (await ask('GET', `/api/feedback/summary?projectId=${plain.id}`)).body as { items: { scenario: string; calls: string; said: { count: number; up: number; down: number } }[] };
      expect(items).toEqual([expect.objectContaining({ scenario: 'support', calls: '3', failed: '0', refusals: '0', wholeP50Ms: expect.any(Number), said: expect.objectContaining({ count: 4, rated: 3, up: 2, down: 1, outcomes: {} }) })]);
    }, { timeout: 30_000, interval: 100 });
    expect((await house.as(plain.key)('GET', `/api/feedback/summary?projectId=${giving.id}`)).body).toMatchObject({ items: [{ calls: '3' }] });
  });
});

describe('the contributor tier', () => {
  const secrets = ['jane.doe@example.com', '4111 1111 1111 1111', '203.0.113.9', `ghp_${'aB3dE6gH9'.repeat(4)}`, `tdm_${'a1B2c3D4'.repeat(4)}`, 'DE89370400440532013000'];

  it('keeps request and reply after the reply, exports them redacted with what was said, and deletes them when consent ends', async () => {
    const whole = await call(giving.key, `I am here. ${secrets.join(' , ')}`);
    const stream = await call(giving.key, 'streamed', { stream: true });
    for await (const chunk of stream as unknown as AsyncIterable<unknown>) void chunk;
    await say(giving.key, { id: whole.id, rating: 1, comment: `write to ${secrets[0]}`, edit: 'better so' });
    expect((await kept()).filter(({ projectId }) => projectId === giving.id)).toEqual([expect.objectContaining({ purpose: 'contribution', count: 2 }), expect.objectContaining({ purpose: 'feedback', count: 1 })]);

    const page = (await ask('GET', '/api/feedback/export?limit=1')).body as { items: { id: string; request: { messages: { content: string }[] }; reply: unknown; feedback: unknown[] }[]; nextCursor: string };
    const rest = (await ask('GET', `/api/feedback/export?cursor=${page.nextCursor}`)).body as typeof page;
    const text = JSON.stringify([page, rest]);
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(page.items[0]!.request.messages[0]!.content).toMatch(/^I am here\. \[email\]/);
    expect(page.items[0]!.feedback).toEqual([expect.objectContaining({ rating: 1, comment: 'write to [email]', edit: 'better so' })]);
    expect(rest.items[0]).toMatchObject({ streamed: true, reply: expect.arrayContaining([expect.objectContaining({ object: 'chat.completion.chunk' })]) });
    expect(rest.nextCursor).toBeNull();
    expect((await house.as(giving.key)('GET', '/api/feedback/export')).status).toBe(403);

    await vi.waitFor(async () => expect(((await ask('GET', `/api/usage?projectId=${giving.id}`)).body as { items: unknown[] }).items).toHaveLength(2), { timeout: 30_000, interval: 100 });
    expect((await ask('DELETE', `/api/projects/${giving.id}/consent`)).body).toMatchObject({ state: 'withdrawn' });
    expect((await kept()).filter(({ projectId }) => projectId === giving.id)).toEqual([]);
    await call(giving.key, 'after');
    expect((await kept()).filter(({ projectId }) => projectId === giving.id)).toEqual([]);
    expect((await ask('GET', '/api/feedback/export')).body).toMatchObject({ items: [] });
    await vi.waitFor(async () => {
      const { items } = (await ask('GET', `/api/requests?projectId=${giving.id}`)).body as { items: { tier: string | null }[] };
      // Refused requests have no tier.
      expect(items.map(({ tier }) => tier).filter((tier) => tier !== null).toSorted()).toEqual(['contributor', 'contributor', 'default']);
    }, { timeout: 30_000, interval: 100 });
  });

  it('ties to a response that was made in the background, by the id that its caller has', async () => {
    const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: plain.key, maxRetries: 0 });
    const { id } = await client.responses.create({ model: 'tandem/local', input: 'hello', background: true, metadata: { scenario: 'nightly' } });
    await vi.waitFor(async () => expect((await client.responses.retrieve(id)).status).toBe('completed'), { timeout: 10_000, interval: 50 });
    expect(await say(plain.key, { id, rating: 'up' })).toMatchObject({ status: 200, body: { reply_id: id, scenario: 'nightly' } });
  });
});
