import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createIdSource } from '../../base/index.ts';
import type { Models } from '../models.ts';
import type { Principal } from '../ports.ts';
import type { JsonObject } from '../request/json.ts';
import { openDatabaseHouse, type DatabaseHouse } from '../testing/database-house.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { STREAM } from '../testing/openai-fixtures.ts';

/** Calls against a FAKE chat backend on a real socket, kept in a real database. */
const backend = new FakeBackend();
const newId = createIdSource(Date.now);
let house: DatabaseHouse;
let own: Principal;
let other: Principal;

beforeAll(async () => {
  const url = await backend.start();
  house = await openDatabaseHouse({ file: { backends: [{ name: 'gpu', url, models: [{ alias: 'm', model: 'x', maxOutputTokens: 100 }] }] } });
  [own, other] = await Promise.all(['one', 'two'].map(projectKey)) as [Principal, Principal];
});
afterAll(async () => {
  await house.close();
  await backend.stop();
});
beforeEach(() => {
  backend.requests.length = 0;
  say('Hello');
});

async function projectKey(name: string): Promise<Principal> {
  const project = await house.access.projects.create(house.admin, { name });
  const { secret } = await house.access.keys.create(house.admin, { name, projectId: project.id, role: 'developer', models: null, expiresAt: null });
  return house.access.directory.verify(secret);
}

function say(content: string): void {
  backend.json(200, {
    id: 'c', object: 'chat.completion', created: 1, model: 'x', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  });
}

async function create(body: object, principal = own, signal = new AbortController().signal): Promise<MemorySink> {
  const sink = new MemorySink();
  await house.models.call('responses', { principal, body: { model: 'm', input: 'Say hello', ...body }, idempotencyKey: null, receipt: false, signal, requestId: newId() }, sink);
  return sink;
}
const made = async (body: object = {}, principal = own) => (await create(body, principal)).json as JsonObject & { id: string; output: { id: string }[] };
const retrieve = (id: string, principal = own) => house.models.responses.retrieve(principal, id, []);
const events = (sink: MemorySink) => sink.text.split('\n\n').filter((frame) => frame.startsWith('event: ')).map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)) as JsonObject & { type: string; sequence_number: number });
const asked = () => backend.requests.at(-1)!.body['messages'] as { role: string; content: unknown }[];

describe('a response that is kept', () => {
  test('is fetched as it was answered, and is gone once it was deleted', async () => {
    const response = await made({ metadata: { a: 'b' } });
    expect(response).toMatchObject({ status: 'completed', store: true, metadata: { a: 'b' }, output: [{ content: [{ text: 'Hello' }] }] });
    expect(await retrieve(response.id)).toEqual(response);
    expect(await house.models.responses.delete(own, response.id)).toEqual({ id: response.id, object: 'response', deleted: true });
    await expect(retrieve(response.id)).rejects.toMatchObject({ code: 'content_not_found', status: 404 });
    await expect(create({ previous_response_id: response.id })).rejects.toMatchObject({ code: 'previous_response_not_found', param: 'previous_response_id' });
  });

  test('is kept before the end of its stream is sent', async () => {
    backend.stream(STREAM);
    const sink = new MemorySink();
    let fetched: Promise<JsonObject> | undefined;
    sink.onWrite = (text) => {
      const last = /"type":"response.completed","response":\{"id":"(resp_[^"]+)"/.exec(text);
      if (last) fetched = retrieve(last[1]!);
    };
    await house.models.call('responses', { principal: own, body: { model: 'm', input: 'x', stream: true }, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, sink);
    expect(await fetched).toEqual(events(sink).at(-1)!['response']);
  });

  test('is found by its own project only, and other attempts are noted', async () => {
    const { id } = await made();
    const foreign = [
      () => retrieve(id, other), () => house.models.responses.delete(other, id), () => house.models.responses.cancel(other, id),
      () => house.models.responses.inputItems(other, id, { limit: 20, order: 'desc', after: null, include: [] }), () => house.models.responses.stream(other, id, null, new MemorySink(), new AbortController().signal),
    ];
    for (const attempt of foreign) await expect(attempt()).rejects.toMatchObject({ code: 'content_not_found', status: 404 });
    await expect(create({ previous_response_id: id }, other)).rejects.toMatchObject({ code: 'previous_response_not_found', status: 404 });
    expect(backend.requests).toHaveLength(1);
    await house.access.refusalsWritten();
    const { items } = await house.access.audit.list(house.admin, { limit: 100, action: 'response.refuse' });
    expect(items.filter(({ resourceId }) => resourceId === id)).toHaveLength(foreign.length + 1);
  });

  test('costs no row where the caller does not want it kept', async () => {
    const rows = () => house.database.unscoped('a test').selectFrom('contents').select(({ fn }) => fn.countAll<string>().as('rows')).executeTakeFirstOrThrow();
    const before = await rows();
    const response = await made({ store: false });
    expect(response).toMatchObject({ store: false, status: 'completed' });
    expect(await rows()).toEqual(before);
    await expect(retrieve(response.id)).rejects.toMatchObject({ code: 'content_not_found' });
  });

  test('is refused by name where its project keeps nothing, and only where it is asked for', async () => {
    const careful = await projectKey('careful');
    await house.access.projects.update(house.admin, careful.projectId!, { store: false });
    await expect(create({ store: true }, careful)).rejects.toMatchObject({ code: 'store_off', message: expect.stringContaining('store: true') });
    await expect(create({ background: true }, careful)).rejects.toMatchObject({ code: 'store_off', message: expect.stringContaining('background: true') });
    expect(backend.requests).toHaveLength(0);
    expect(await made({}, careful)).toMatchObject({ store: false, status: 'completed' });
  });

  test('says so when it could not be kept', async () => {
    const put = vi.spyOn(house.models.content, 'put').mockRejectedValue(new Error('the database is gone'));
    try {
      expect(await made()).toMatchObject({ status: 'completed', store: false });
      backend.stream(STREAM);
      const last = events(await create({ stream: true }));
      expect(last.at(-1)).toMatchObject({ type: 'response.completed', response: { store: false } });
      expect(last.map(({ sequence_number }) => sequence_number)).toEqual(last.map((_event, at) => at));
    } finally {
      put.mockRestore();
    }
  });
});

describe('the reply of a response that is kept', () => {
  const figures = { requests: { limit: 5, remaining: 4, resetMs: 1_000, resetAtMs: 1_000 } };

  test('says what is left of the limits, and so does that of a compaction', async () => {
    house.ledger.limits = figures;
    try {
      const told: unknown[] = [];
      for (const ask of [(call: Parameters<typeof house.models.responses.compact>[0], sink: MemorySink) => house.models.call('responses', call, sink), (...call: Parameters<typeof house.models.responses.compact>) => house.models.responses.compact(...call)]) {
        const sink = Object.assign(new MemorySink(), { limits: (left: unknown) => void told.push(left) });
        await ask({ principal: own, body: { model: 'm', input: 'Say hello' }, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, sink);
      }
      expect(told).toEqual([figures, figures]);
    } finally {
      house.ledger.limits = null;
    }
  });

  test('is not repeated for an Idempotency-Key when its stream broke off', async () => {
    const call = async () => {
      const sink = new MemorySink();
      await house.models.call('responses', { principal: own, body: { model: 'm', input: 'x', stream: true }, idempotencyKey: 'broken', receipt: false, signal: new AbortController().signal, requestId: newId() }, sink);
      return events(sink).at(-1)!.type;
    };
    backend.stream(STREAM.slice(0, 3), { cut: true });
    expect(await call()).toBe('error');
    backend.stream(STREAM);
    await expect(call()).rejects.toMatchObject({ code: 'idempotency_conflict', message: expect.stringContaining('was cut before its end') });
  });
});

describe('a project that consents', () => {
  test('contributes its answers by every way: on a connection, in the background, and no word that one waits', async () => {
    const giving = await projectKey('giving');
    const { current } = await house.access.consents.show(house.admin, giving.projectId!);
    await house.access.consents.give(house.admin, giving.projectId!, current.version);
    const { id } = await made({ background: true }, giving);
    await vi.waitFor(async () => expect(await retrieve(id, giving)).toMatchObject({ status: 'completed' }), { timeout: 10_000, interval: 20 });
    backend.stream(STREAM);
    await house.models.responses.turn({ principal: giving, body: { model: 'm', input: 'on a connection', store: false }, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink(), house.models.responses.session());
    await house.models.contributions.settled();
    const { items } = await house.models.content.list(giving, { purpose: 'contribution', limit: 10, order: 'asc' });
    const kept = await Promise.all(items.map(async (item) => JSON.parse((await house.models.content.get(giving, item.id, 'contribution')).value.toString()) as { id: string; dialect: string; request: { input: unknown }; reply: string; streamed: boolean }));
    expect(kept.map(({ dialect, streamed }) => [dialect, streamed])).toEqual([['responses', false], ['responses', true]]);
    expect([JSON.parse(kept[0]!.reply), `resp_${kept[0]!.id}`]).toEqual([expect.objectContaining({ id, status: 'completed' }), id]);
    expect([kept[1]!.request.input, kept[1]!.reply]).toEqual(['on a connection', expect.stringContaining('event: response.completed')]);
  });
});

describe('a conversation', () => {
  test('goes on from a response: its input and its answer, not its instructions', async () => {
    const first = await made({ instructions: 'Be brief.', input: 'My name is Alice.' });
    expect(asked()).toEqual([{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'My name is Alice.' }]);
    say('Alice');
    const second = await made({ previous_response_id: first.id, input: 'What is my name?' });
    expect(second).toMatchObject({ previous_response_id: first.id, instructions: null });
    const words = (messages: { role: string; content: unknown }[]) => messages.map(({ role, content }) => `${role}: ${typeof content === 'string' ? content : (content as { text: string }[]).map(({ text }) => text).join('')}`);
    expect(words(asked())).toEqual(['user: My name is Alice.', 'assistant: Hello', 'user: What is my name?']);
    await made({ previous_response_id: second.id, input: [{ role: 'user', content: 'And now?' }] });
    expect(words(asked())).toEqual(['user: My name is Alice.', 'assistant: Hello', 'user: What is my name?', 'assistant: Alice', 'user: And now?']);
  });

  test('lists what a response was made from, page by page', async () => {
    const first = await made({ input: 'one' });
    const { id } = await made({ previous_response_id: first.id, input: [{ role: 'user', content: 'two' }, { role: 'user', content: [{ type: 'input_text', text: 'three' }] }] });
    const list = (query: object = {}) => house.models.responses.inputItems(own, id, { limit: 20, order: 'asc', after: null, include: [], ...query });
    const all = await list();
    expect(all).toMatchObject({ object: 'list', has_more: false, data: [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'one' }] }, { role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] }, { content: [{ text: 'two' }] }, { content: [{ text: 'three' }] },
    ] });
    const page = await list({ limit: 2, order: 'desc' });
    expect([page.data.map((item) => item['id']), page.has_more]).toEqual([[all.data[3]!['id'], all.data[2]!['id']], true]);
    expect((await list({ order: 'desc', after: page.last_id })).data.map((item) => item['id'])).toEqual([all.data[1]!['id'], all.data[0]!['id']]);
    await expect(list({ after: 'msg_unknown' })).rejects.toMatchObject({ code: 'invalid_request', param: 'after' });
  });

  test('finds items by their ids, within its own project only', async () => {
    const { output } = await made();
    const input = [{ role: 'user', content: 'Hi' }, { type: 'item_reference', id: output[0]!.id }, { role: 'user', content: 'And?' }];
    await made({ input });
    expect(asked().map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    await expect(create({ input }, other)).rejects.toMatchObject({ code: 'invalid_request', param: 'input[1].id' });
  });

  test('holds no result of a call that nobody made', async () => {
    const { id } = await made();
    await expect(create({ previous_response_id: id, input: [{ type: 'function_call_output', call_id: 'call_none', output: 'x' }] })).rejects.toMatchObject({ code: 'invalid_request', param: 'input' });
  });

  test('is summed up in one item that stands for all but the words of users', async () => {
    say('They agreed on Tuesday.');
    const sink = new MemorySink();
    await house.models.responses.compact({ principal: own, body: { model: 'm', input: [{ role: 'user', content: 'Tuesday?' }, { role: 'assistant', content: 'Yes.' }] }, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, sink);
    const { output, ...rest } = sink.json as { output: JsonObject[] };
    expect(rest).toMatchObject({ object: 'response.compaction', usage: { total_tokens: 5 } });
    expect(output).toMatchObject([{ type: 'message', role: 'user', content: [{ text: 'Tuesday?' }] }, { type: 'compaction', encrypted_content: expect.any(String) }]);
    await made({ input: [...output, { role: 'user', content: 'Which day?' }] });
    expect(JSON.stringify(asked())).toContain('They agreed on Tuesday.');
  });
});

describe('a response in the background', () => {
  let elsewhere: Models | undefined;
  const ended = (id: string, status: string, principal = own) => vi.waitFor(async () => {
    const response = await retrieve(id, principal);
    expect(response).toMatchObject({ status });
    return response;
  }, { timeout: 15_000 });

  test('is queued, and completed when it is fetched later', async () => {
    const queued = await made({ background: true });
    expect(queued).toMatchObject({ status: 'queued', background: true, store: true, output: [] });
    expect(await ended(queued.id, 'completed')).toMatchObject({ id: queued.id, background: true, output: [{ content: [{ text: 'Hello' }] }], usage: { total_tokens: 5 } });
    expect(await house.database.unscoped('a test').selectFrom('response_jobs').selectAll().execute()).toEqual([]);
    const next = await made({ previous_response_id: queued.id });
    expect(next.status).toBe('completed');
  });

  test('is refused at once where it could never be answered', async () => {
    await expect(create({ background: true, model: 'unknown' })).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(create({ background: true, store: false })).rejects.toMatchObject({ code: 'invalid_request', param: 'store' });
    await expect(create({ background: true, temperature: 9 })).rejects.toMatchObject({ code: 'invalid_request', param: 'temperature' });
  });

  test('fails with the error that a caller would have got', async () => {
    backend.json(400, { error: { message: 'too long' } });
    const { id } = await made({ background: true });
    expect(await ended(id, 'failed')).toMatchObject({ error: { code: 'invalid_prompt', message: expect.stringContaining('too long') } });
  });

  test('is cancelled while it runs: the backend is let go, nothing is charged, and the end stays', async () => {
    let cut: Promise<void> | undefined;
    backend.answer = (_response, request) => { cut = request.cut; };
    const { id } = await made({ background: true });
    await vi.waitFor(() => expect(cut).toBeDefined(), { timeout: 10_000 });
    expect(await retrieve(id)).toMatchObject({ status: 'in_progress' });
    expect(await house.models.responses.cancel(own, id)).toMatchObject({ id, status: 'cancelled' });
    await cut;
    await vi.waitFor(() => expect(house.ledger.entries.at(-1)!.released).toBeDefined());
    expect(house.ledger.entries.at(-1)!.settled).toBeUndefined();
    expect(await house.models.responses.cancel(own, id)).toMatchObject({ status: 'cancelled' });
    const { id: plain } = await (say('Hello'), made());
    await expect(house.models.responses.cancel(own, plain)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('is deleted while it runs', async () => {
    let cut: Promise<void> | undefined;
    backend.answer = (_response, request) => { cut = request.cut; };
    const { id } = await made({ background: true });
    await vi.waitFor(() => expect(cut).toBeDefined(), { timeout: 10_000 });
    await house.models.responses.delete(own, id);
    await cut;
    await expect(retrieve(id)).rejects.toMatchObject({ code: 'content_not_found' });
  });

  test('leaves nothing behind when its project is purged while it runs', async () => {
    const owner = await projectKey('purged');
    let answer: (() => void) | undefined;
    backend.answer = (response) => { answer = () => { response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ choices: [{ message: { content: 'late' }, finish_reason: 'stop' }] })); }; };
    const { id } = await made({ background: true }, owner);
    await vi.waitFor(() => expect(answer).toBeDefined(), { timeout: 10_000 });
    await house.models.purge(house.admin, owner.projectId!, 'purged');
    const before = house.ledger.entries.at(-1)!;
    answer!();
    await vi.waitFor(() => expect(before.settled).toBeDefined(), { timeout: 10_000 });
    await expect(retrieve(id, owner)).rejects.toMatchObject({ code: 'content_not_found' });
    expect((await house.models.content.list(owner, { purpose: 'response', limit: 10 })).items).toEqual([]);
  });

  test('streams its events, from any of them on, in any process', async () => {
    backend.stream(STREAM);
    const sink = await create({ background: true, stream: true });
    const all = events(sink);
    expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_event, at) => at));
    expect(all.at(-1)).toMatchObject({ type: 'response.completed' });
    const { id } = all[0]!['response'] as { id: string };
    expect(await retrieve(id)).toEqual(all.at(-1)!['response']);
    elsewhere = await house.second();
    const again = new MemorySink();
    await elsewhere.responses.stream(own, id, 3, again, new AbortController().signal);
    expect(events(again)).toEqual(all.slice(4));
    expect(again.text.endsWith('data: [DONE]\n\n')).toBe(true);
    say('Hello');
    const { id: plain } = await made();
    await expect(elsewhere.responses.stream(own, plain, null, new MemorySink(), new AbortController().signal)).rejects.toMatchObject({ code: 'invalid_request', param: 'stream' });
  });

  test('that a crash has cut fails and says so; it is not asked a second time', async () => {
    let begun = false;
    backend.answer = () => { begun = true; };
    const { id } = await made({ background: true });
    await vi.waitFor(() => expect(begun).toBe(true), { timeout: 10_000 });
    // As after kill -9: another process has it in its name and gives no sign any more.
    await house.database.unscoped('a test').updateTable('response_jobs').set({ lease_owner: newId(), lease_token: 1000, lease_until: new Date(0) }).where('id', '=', id).execute();
    expect(await ended(id, 'failed')).toMatchObject({ error: { code: 'server_error', message: expect.stringContaining('not tried again') } });
    expect(backend.requests).toHaveLength(1);
  });

  test('whose key has ended meanwhile is not answered', async () => {
    const project = await house.access.projects.create(house.admin, { name: 'short' });
    const key = await house.access.keys.create(house.admin, { name: 'short', projectId: project.id, role: 'developer', models: null, expiresAt: null });
    const principal = house.access.directory.verify(key.secret);
    const reader = { ...house.admin, projectId: project.id };
    vi.spyOn(house.access.directory, 'principalOfKey').mockReturnValueOnce(null);
    const { id } = await made({ background: true }, principal);
    expect(await ended(id, 'failed', reader)).toMatchObject({ error: { message: expect.stringContaining('API key') } });
    expect(backend.requests).toHaveLength(0);
  });

  test('that waits or runs when its process stops is answered by the next one', async () => {
    let begun = false;
    backend.answer = () => { begun = true; };
    const { id } = await made({ background: true });
    await vi.waitFor(() => expect(begun).toBe(true), { timeout: 10_000 });
    await Promise.all([house.models.responses.stop(), elsewhere?.responses.stop()]);
    expect(await house.database.unscoped('a test').selectFrom('response_jobs').select('state').where('id', '=', id).execute()).toEqual([{ state: 'queued' }]);
    const { id: later } = await made({ background: true });
    say('Hello again');
    await house.second();
    for (const one of [id, later]) expect(await ended(one, 'completed')).toMatchObject({ id: one, output: [{ content: [{ text: 'Hello again' }] }] });
  });
});
