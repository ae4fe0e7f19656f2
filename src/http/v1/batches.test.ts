import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';
import type { Asked } from '../testing/asking.ts';

let house: WholeHouse;
let ask: (method: string, path: string, body?: unknown) => Promise<Asked>;
let client: OpenAI;
let stranger: OpenAI;
let projectId: string;

beforeAll(async () => {
  house = await openWholeHouse();
  ask = house.as(house.operator.adminKey);
  const made = await Promise.all(['one', 'other'].map(async (name) => {
    const project = (await ask('POST', '/api/projects', { name })).body as { id: string };
    return { project, client: await caller(name, project.id) };
  }));
  projectId = made[0]!.project.id;
  [client, stranger] = made.map((one) => one.client) as [OpenAI, OpenAI];
});
afterAll(() => house[Symbol.asyncDispose]());

const caller = async (name: string, project: string, budget?: string): Promise<OpenAI> => {
  const { secret } = (await ask('POST', '/api/keys', { name, projectId: project, ...(budget === undefined ? {} : { budget: { amount: budget, period: 'total' } }) })).body as { secret: string };
  return new OpenAI({ baseURL: `${house.url}/v1`, apiKey: secret, maxRetries: 0 });
};
const line = (id: string, content: string, more: object = {}) => JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'tandem/local', messages: [{ role: 'user', content }], max_tokens: 16, ...more } });
const upload = async (text: string, by = client) => (await by.files.create({ file: await toFile(Buffer.from(text), 'in.jsonl'), purpose: 'batch' })).id;
const begin = async (text: string, by = client, more: object = {}) => by.batches.create({ input_file_id: await upload(text, by), endpoint: '/v1/chat/completions', completion_window: '24h', ...more });
const ended = (id: string, by = client) => vi.waitFor(async () => {
  const batch = await by.batches.retrieve(id);
  expect(batch.status).toMatch(/^(completed|failed|expired|cancelled)$/);
  return batch;
}, { timeout: 20_000, interval: 100 });
const read = async (id: string, by = client) => (await (await by.files.content(id)).text()).trim().split('\n').map((text) => JSON.parse(text) as { custom_id: string; response: { status_code: number; request_id: string; body: Record<string, unknown> } | null; error: unknown });

describe('batches, by the openai SDK unmodified', () => {
  it('fails a batch with a line that no parser or writer can bear, once and for all', async () => {
    const deep = line('deep', 'hello').replace('"max_tokens":16', `"nested":${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const many = line('many', 'hello').replace('"max_tokens":16', `"list":[${'{},'.repeat(500_000)}{}]`);
    const batch = await ended((await begin(`${line('well', 'hello')}\n${deep}\n${many}`)).id);
    expect(batch).toMatchObject({ status: 'failed', errors: { data: [{ line: 2, code: 'invalid_json_line' }, { line: 3, code: 'invalid_json_line' }] } });
  });

  it('runs every line as a call of the key, and bills each once', async () => {
    const made = await begin(`${line('a', 'hello')}\r\n\r\n${line('b', 'again')}\n${line('c', 'third')}`, client, { metadata: { job: 'nightly' } });
    expect(made).toMatchObject({ object: 'batch', status: 'validating', endpoint: '/v1/chat/completions', completion_window: '24h', metadata: { job: 'nightly' }, output_file_id: null, errors: null });
    const batch = await ended(made.id);
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 3, completed: 3, failed: 0 }, error_file_id: null, metadata: { job: 'nightly' } });
    for (const time of [batch.in_progress_at, batch.finalizing_at, batch.completed_at]) expect(time).toBeGreaterThanOrEqual(batch.created_at);
    const results = await read(batch.output_file_id!);
    expect(results.map(({ custom_id }) => custom_id)).toEqual(['a', 'b', 'c']);
    for (const { response, error } of results) {
      expect(error).toBeNull();
      expect(response).toMatchObject({ status_code: 200, body: { object: 'chat.completion', model: 'tandem/local' } });
    }
    const usage = results.map(({ response }) => response!.body['usage'] as { prompt_tokens: number; completion_tokens: number });
    expect(batch.usage).toMatchObject({ input_tokens: usage.reduce((sum, one) => sum + one.prompt_tokens, 0), output_tokens: usage.reduce((sum, one) => sum + one.completion_tokens, 0) });
    // The ids of the calls are those of the events.
    await vi.waitFor(async () => {
      const { items } = (await ask('GET', `/api/usage?projectId=${projectId}`)).body as { items: { id: string; serviceTier: string }[] };
      expect(new Set(items.map(({ serviceTier }) => serviceTier))).toEqual(new Set(['flex']));
      expect(items.map(({ id }) => id).toSorted()).toEqual(results.map(({ response }) => response!.request_id).toSorted());
    }, { timeout: 10_000, interval: 100 });
    const output = await client.files.retrieve(batch.output_file_id!);
    expect(output).toMatchObject({ purpose: 'batch_output', filename: `${batch.id}_output.jsonl` });
  });

  it('runs nothing of a file with a fault in it, and names each line', async () => {
    const batch = await ended((await begin([line('a', 'x'), 'not json', line('a', 'y'), line('b', 'x', { stream: true }), line('c', 'x').replace('/v1/chat/completions', '/v1/embeddings'), '{"method":"POST"}'].join('\n'))).id);
    expect(batch).toMatchObject({ status: 'failed', request_counts: { total: 0 }, output_file_id: null });
    expect(batch.errors!.data!.map(({ code, line: at }) => [code, at])).toEqual([
      ['invalid_json_line', 2], ['duplicate_custom_id', 3], ['unsupported_parameter', 4], ['mismatched_endpoint', 5], ['missing_required_parameter', 6],
    ]);
    expect((await ended((await begin('\n\n')).id)).errors!.data![0]!.code).toBe('empty_file');
  });

  it('puts what is refused into the error file, with the answer that a call by itself gets', async () => {
    const batch = await ended((await begin([line('good', 'hello'), line('unknown', 'x', { model: 'no/such' }), line('wrong', 'x', { temperature: 9 })].join('\n'))).id);
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 3, completed: 1, failed: 2 } });
    expect((await read(batch.error_file_id!)).map(({ custom_id, response }) => [custom_id, response!.status_code, (response!.body['error'] as { code: string }).code])).toEqual([
      ['unknown', 404, 'model_not_found'], ['wrong', 400, 'invalid_request'],
    ]);
    expect((await read(batch.output_file_id!)).map(({ custom_id }) => custom_id)).toEqual(['good']);
  });

  it('makes a line without budget an error line, not a stuck batch', async () => {
    const poor = await caller('poor', projectId, '1');
    const batch = await ended((await begin(line('a', 'hello'), poor)).id, poor);
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 1, completed: 0, failed: 1 } });
    expect((await read(batch.error_file_id!, poor))[0]!.response).toMatchObject({ status_code: 402, body: { error: { code: 'budget_exceeded' } } });
  });

  it('hides a batch and its files from every other project', async () => {
    const batch = await ended((await begin(line('a', 'hello'))).id);
    for (const attempt of [() => stranger.batches.retrieve(batch.id), () => stranger.batches.cancel(batch.id), () => stranger.files.content(batch.output_file_id!),
      () => stranger.batches.create({ input_file_id: batch.input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' })]) {
      await expect(attempt()).rejects.toMatchObject({ status: 404 });
    }
    expect((await stranger.batches.list()).data).toEqual([]);
    await house.access.refusalsWritten();
    const { items } = (await ask('GET', '/api/events?action=batch.refuse')).body as { items: { resourceId: string }[] };
    expect(items.map(({ resourceId }) => resourceId)).toContain(batch.id);
  });

  it('pages through the list and refuses what is no batch', async () => {
    const seen: string[] = [];
    for await (const batch of client.batches.list({ limit: 2 })) seen.push(batch.id);
    expect(seen.length).toBeGreaterThan(3);
    expect(new Set(seen).size).toBe(seen.length);
    const input = await upload(line('a', 'x'));
    await expect(client.batches.create({ input_file_id: input, endpoint: '/v1/images/generations', completion_window: '24h' })).rejects.toMatchObject({ status: 400, param: 'endpoint' });
    await expect(client.batches.create({ input_file_id: input, endpoint: '/v1/chat/completions', completion_window: '1h' as '24h' })).rejects.toMatchObject({ status: 400, param: 'completion_window' });
    await expect(client.batches.create({ input_file_id: 'file-none', endpoint: '/v1/chat/completions', completion_window: '24h' })).rejects.toMatchObject({ status: 404 });
    await expect(client.batches.cancel(seen[0]!)).rejects.toMatchObject({ status: 400 });
  });

  it('is gone with its content when the project is purged, and its bill stays', async () => {
    const batch = await ended((await begin(line('a', 'hello'))).id);
    const before = (await ask('GET', '/api/bill')).body as { requests: string };
    expect((await ask('POST', `/api/projects/${projectId}/purge`, { name: 'one' })).status).toBe(200);
    await expect(client.files.content(batch.output_file_id!)).rejects.toMatchObject({ status: 404 });
    expect(await client.batches.retrieve(batch.id)).toMatchObject({ status: 'completed', output_file_id: null, metadata: null });
    expect(Number(((await ask('GET', '/api/bill')).body as { requests: string }).requests)).toBeGreaterThanOrEqual(Number(before.requests));
  });
});
