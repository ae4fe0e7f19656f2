import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANSWER_TEXT, answerOf } from '../../models/testing/answer-of.ts';
import { FakeBackend } from '../../models/testing/fake-backend.ts';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';

const KINDS = ['openai-compatible', 'openai-responses', 'anthropic', 'gemini', 'bedrock'] as const;
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
const TEXT = Buffer.from('Grüße aus 東京, Zeile für Zeile.\n');

/** STAND-IN for a backend of each kind: it answers whole, in its own published form, and shows what it was sent. */
const backend = new FakeBackend();
let house: WholeHouse;
let client: OpenAI;
let claude: Anthropic;
let stranger: OpenAI;
const ids: Record<'png' | 'pdf' | 'text' | 'word' | 'rest', string> = { png: '', pdf: '', text: '', word: '', rest: '' };
const upload = async (name: string, bytes: Buffer, by = client) => (await by.files.create({ file: await toFile(bytes, name), purpose: 'user_data' })).id;
const sent = () => JSON.stringify(backend.requests.at(-1)!.body);
const says = (kind: typeof KINDS[number]) => {
  backend.answer = (response) => { response.writeHead(200, { 'content-type': 'application/json' }).end(answerOf(kind)); };
};

beforeAll(async () => {
  const url = await backend.start();
  house = await openWholeHouse({ file: {
    egress: { allow: ['127.0.0.0/8'] },
    backends: KINDS.map((kind) => ({ name: kind, kind, url, key: 'AKIDEXAMPLE00000:secret', options: { region: 'eu-west-1' }, models: [{ alias: kind, model: 'm', maxOutputTokens: 100, contextTokens: 100_000 }] })),
  } });
  const ask = house.as(house.operator.adminKey);
  const per = '1000000';
  const prices = await Promise.all(KINDS.map((resource) => ask('POST', '/api/prices', { resource, source: 'a test', buckets: { input: { price: '1000000', per }, cache_read: { price: '1000000', per }, output: { price: '1000000', per } } })));
  // A price begins when every process knows it.
  for (const { body } of prices) await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse((body as { effectiveFrom: string }).effectiveFrom)), { timeout: 10_000, interval: 50 });
  const keys = await Promise.all(['one', 'other'].map(async (name) => {
    const project = (await ask('POST', '/api/projects', { name })).body as { id: string };
    const { key, secret } = (await ask('POST', '/api/keys', { name, projectId: project.id })).body as { key: { id: string }; secret: string };
    await ask('PATCH', `/api/keys/${key.id}`, { cacheSeconds: 600 });
    return secret;
  }));
  [client, stranger] = keys.map((apiKey) => new OpenAI({ baseURL: `${house.url}/v1`, apiKey, maxRetries: 0 })) as [OpenAI, OpenAI];
  claude = new Anthropic({ baseURL: house.url, apiKey: keys[0]!, maxRetries: 0 });
  Object.assign(ids, { png: await upload('dot.png', PNG), pdf: await upload('paper.pdf', PDF), text: await upload('notes.md', TEXT), word: await upload('letter.docx', Buffer.from('PK\x03\x04rest')), rest: await upload('rest.bin', Buffer.from([1, 0, 2])) });
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await backend.stop();
});
beforeEach(() => { backend.requests.length = 0; });

describe.each(KINDS)('a file of /v1/files that a call names, for a backend of the kind %s', (kind) => {
  beforeEach(() => { says(kind); });

  it('goes as its bytes from chat completions', async () => {
    const { choices } = await client.chat.completions.create({ model: kind, messages: [{ role: 'user', content: [{ type: 'text', text: 'Read it.' }, { type: 'file', file: { file_id: ids.pdf } }] }] });
    expect(choices[0]!.message.content).toBe(ANSWER_TEXT);
    expect(sent()).toContain(PDF.toString('base64'));
    expect(sent()).not.toContain(ids.pdf);
  });

  it('goes as its bytes from responses, images too', async () => {
    const content: OpenAI.Responses.ResponseInputContent[] = [{ type: 'input_image', file_id: ids.png, detail: 'auto' }, { type: 'input_file', file_id: ids.pdf }];
    expect((await client.responses.create({ model: kind, store: false, input: [{ role: 'user', content }] })).output_text).toBe(ANSWER_TEXT);
    for (const bytes of [PNG, PDF]) expect(sent()).toContain(bytes.toString('base64'));
    expect(sent()).not.toContain('file-');
  });

  it('goes as its bytes from messages, in the result of a tool too', async () => {
    const message = await claude.messages.create({ model: kind, max_tokens: 50, tools: [{ name: 'look', input_schema: { type: 'object' } }], messages: [
      { role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: ids.pdf } as never }] }, { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look', input: { source: { type: 'file', file_id: 'mine' } } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'image', source: { type: 'file', file_id: ids.png } as never }] }] },
    ] });
    expect(message.content).toMatchObject([{ type: 'text', text: ANSWER_TEXT }]);
    for (const bytes of [PNG, PDF]) expect(sent()).toContain(bytes.toString('base64'));
    // What a tool was called with stays as it was.
    expect(sent()).toContain('mine');
    expect(sent()).not.toContain('file-');
  });

  it('of plain text goes as the backend reads texts', async () => {
    await claude.messages.create({ model: kind, max_tokens: 50, messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: ids.text } as never }] }] });
    expect(sent()).toContain('Grüße aus 東京');
    await client.responses.create({ model: kind, store: false, input: [{ role: 'user', content: [{ type: 'input_file', file_id: ids.text }] }] });
    expect(sent()).toContain(kind === 'anthropic' ? 'Grüße aus 東京' : TEXT.toString('base64'));
  });

  it('of a form that it does not read is refused before anything is held or sent', async () => {
    const file = (id: string) => client.chat.completions.create({ model: kind, messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: id } }] }] });
    const refuses = { 'openai-compatible': [], 'openai-responses': [], anthropic: [ids.word, ids.rest], gemini: [], bedrock: [ids.rest] }[kind];
    for (const id of refuses) await expect(file(id)).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', message: expect.stringContaining('a file of the type application/') });
    expect(backend.requests).toHaveLength(0);
  });
});

describe('a file that a call names', () => {
  beforeEach(() => { says('openai-compatible'); });
  const asking = (id: string, by = client) => by.chat.completions.create({ model: 'openai-compatible', temperature: 0, messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: id } }] }] });

  it('of another project is not found in any dialect, is written down, and nothing is sent', async () => {
    await expect(asking(ids.pdf, stranger)).rejects.toMatchObject({ status: 404, code: 'content_not_found' });
    await expect(stranger.responses.create({ model: 'openai-responses', store: false, input: [{ role: 'user', content: [{ type: 'input_file', file_id: ids.pdf }] }] })).rejects.toMatchObject({ status: 404 });
    const other = new Anthropic({ baseURL: house.url, apiKey: stranger.apiKey, maxRetries: 0 });
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: ids.png } as never }] }];
    await expect(other.messages.create({ model: 'anthropic', max_tokens: 5, messages })).rejects.toMatchObject({ status: 404 });
    await expect(other.messages.countTokens({ model: 'anthropic', messages })).rejects.toMatchObject({ status: 404 });
    expect(backend.requests).toHaveLength(0);
    await house.access.refusalsWritten();
    const { items } = (await house.as(house.operator.adminKey)('GET', '/api/events?action=file.refuse&limit=500')).body as { items: { resourceId: string }[] };
    expect(items.map(({ resourceId }) => resourceId).toSorted()).toEqual([ids.pdf, ids.pdf, ids.png, ids.png].toSorted());
  });

  it('that stands for an image and is none is refused by its form', async () => {
    await expect(client.responses.create({ model: 'openai-responses', store: false, input: [{ role: 'user', content: [{ type: 'input_image', file_id: ids.pdf, detail: 'auto' }] }] }))
      .rejects.toMatchObject({ status: 400, param: 'file_id', message: expect.stringContaining('is application/pdf') });
    expect(backend.requests).toHaveLength(0);
  });

  it('is read by no model here: the local one is not asked', async () => {
    await expect(client.chat.completions.create({ model: 'tandem/local', messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: ids.pdf } }] }] })).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter' });
  });

  it('is counted with the prompt by a backend that counts', async () => {
    backend.json(200, { input_tokens: 1_590 });
    expect(await claude.messages.countTokens({ model: 'anthropic', messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: ids.pdf } as never }] }] })).toEqual({ input_tokens: 1_590 });
    expect(sent()).toContain(PDF.toString('base64'));
  });

  it('is gone when it was deleted: neither a cache nor a kept response answers with it', async () => {
    const id = await upload('gone.pdf', PDF);
    await asking(id);
    says('openai-responses');
    const first = await client.responses.create({ model: 'openai-responses', input: [{ role: 'user', content: [{ type: 'input_file', file_id: id }] }] });
    const goOn = () => client.responses.create({ model: 'openai-responses', input: 'And now?', previous_response_id: first.id });
    await goOn();
    expect(sent()).toContain(PDF.toString('base64'));
    // What is kept of a response names the file.
    expect(JSON.stringify((await client.responses.inputItems.list(first.id)).data)).toContain(id);
    await client.files.delete(id);
    backend.requests.length = 0;
    await expect(goOn()).rejects.toMatchObject({ status: 404 });
    await expect(asking(id)).rejects.toMatchObject({ status: 404 });
    expect(backend.requests).toHaveLength(0);
  });
});

describe('the same files, by @anthropic-ai/sdk unmodified', () => {
  it('are uploaded, shown, listed, read back, named and deleted', async () => {
    const made = await claude.beta.files.upload({ file: await toFile(PDF, 'theirs.pdf'), expires_in_seconds: 3_600 });
    expect(made).toMatchObject({ type: 'file', id: expect.stringMatching(/^file-/), filename: 'theirs.pdf', mime_type: 'application/pdf', size_bytes: PDF.length, downloadable: true });
    expect(Date.parse(made.expires_at!) - Date.parse(made.created_at)).toBe(3_600_000);
    expect(await claude.beta.files.retrieveMetadata(made.id)).toEqual(made);
    expect(Buffer.from(await (await claude.beta.files.download(made.id)).arrayBuffer())).toEqual(PDF);
    const seen: string[] = [];
    for await (const file of claude.beta.files.list({ limit: 2 })) seen.push(file.id);
    expect(seen).toContain(made.id);
    expect(seen).toEqual((await client.files.list()).data.map(({ id }) => id));
    says('anthropic');
    await claude.beta.messages.create({ model: 'anthropic', max_tokens: 50, betas: ['files-api-2025-04-14'], messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: made.id } }] }] });
    expect(sent()).toContain(PDF.toString('base64'));
    expect(await claude.beta.files.delete(made.id)).toEqual({ type: 'file_deleted', id: made.id });
    await expect(client.files.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
  });

  it('are refused as their API refuses: another project\'s are not found, an expiry is bounded, other lists are named', async () => {
    const other = new Anthropic({ baseURL: house.url, apiKey: stranger.apiKey, maxRetries: 0 });
    await expect(other.beta.files.retrieveMetadata(ids.pdf)).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
    await expect(claude.beta.files.upload({ file: await toFile(PDF, 'a.pdf'), expires_in_seconds: 10 })).rejects.toMatchObject({ status: 400 });
    await expect(claude.beta.files.list({ ids: ['a'] })).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' });
  });
});
