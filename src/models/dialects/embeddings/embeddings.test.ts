import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeBackend } from '../../testing/fake-backend.ts';
import { TestHouse } from '../../testing/house.ts';
import { MemorySink } from '../../testing/memory-sink.ts';
import type { RemoteOptions } from '../../remote/remote-backend.ts';
import { embeddingsCaller } from './caller.ts';

let backend: FakeBackend;
let house: TestHouse | undefined;

beforeEach(async () => { backend = new FakeBackend(); });
afterEach(async () => {
  await house?.remote.destroy();
  house = undefined;
  await backend.stop();
});

/** One call against a fake backend that speaks `speaks` and answers `answer`. */
async function embed(body: Record<string, unknown>, answer: unknown, options: { speaks?: RemoteOptions['dialect']; model?: string; headers?: Record<string, string> } = {}) {
  const made = house = new TestHouse({ url: await backend.start(), ...(options.speaks && { speaks: options.speaks }), target: { backendModel: options.model ?? 'embed' } });
  backend.answer = (response) => void response.writeHead(200, { 'content-type': 'application/json', ...options.headers }).end(JSON.stringify(answer));
  const sink = new MemorySink();
  await made.chat({ model: 'team/big', ...body }, { dialect: 'embeddings', sink });
  return sink.json;
}

describe('embeddings', () => {
  it('pass through to an OpenAI-compatible server under the alias\'s name, and are charged for their input', async () => {
    const answer = { object: 'list', model: 'embed', extra: true, data: [{ object: 'embedding', index: 0, embedding: [0.5, 1] }, { object: 'embedding', index: 1, embedding: [2, 3] }], usage: { prompt_tokens: 7, total_tokens: 7 } };
    expect(await embed({ input: ['a', 'b'], dimensions: 2, truncate: 'END' }, answer)).toEqual({ ...answer, model: 'team/big' });
    expect(backend.requests[0]).toMatchObject({ path: '/v1/embeddings', body: { model: 'embed', input: ['a', 'b'], dimensions: 2, truncate: 'END' } });
    expect(house!.ledger.only().settled).toMatchObject({ outcome: 'completed', counted: 'backend', quantities: { input: 7n, output: 0n } });
  });

  it.each([['base64', [0.5, -2]], ['float', 'AAAAPwAAAMA='], [undefined, 'AAAAPwAAAMA=']] as const)('come as %s where a server answers otherwise', async (wanted, given) => {
    const answer = { object: 'list', model: 'embed', data: [{ object: 'embedding', index: 0, embedding: given }], usage: { prompt_tokens: 1, total_tokens: 1 } };
    expect(await embed({ input: 'a', ...(wanted && { encoding_format: wanted }) }, answer)).toMatchObject({ data: [{ object: 'embedding', index: 0, embedding: wanted === 'base64' ? 'AAAAPwAAAMA=' : [0.5, -2] }] });
  });

  it('of Gemini come in OpenAI\'s form, as numbers or as base64', async () => {
    const vectors = { embeddings: [{ values: [1, -2] }] };
    expect(await embed({ input: 'hello', encoding_format: 'base64', dimensions: 2 }, vectors, { speaks: 'gemini', model: 'gemini-embedding-001' }))
      .toMatchObject({ object: 'list', model: 'team/big', data: [{ index: 0, embedding: Buffer.from(Float32Array.from([1, -2]).buffer).toString('base64') }] });
    expect(backend.requests[0]).toMatchObject({
      path: '/v1/models/gemini-embedding-001:batchEmbedContents', body: { requests: [{ model: 'models/gemini-embedding-001', content: { parts: [{ text: 'hello' }] }, outputDimensionality: 2 }] },
    });
    // It tells no count, so the call is counted here, and says so.
    expect(house!.ledger.only().settled).toMatchObject({ counted: 'estimate' });
  });

  it('of Bedrock: Cohere many at once, counted in a header; Amazon\'s one at a time', async () => {
    expect(await embed({ input: ['a', 'b'] }, { embeddings: { float: [[1], [2]] } }, { speaks: 'bedrock', model: 'cohere.embed-v4:0', headers: { 'x-amzn-bedrock-input-token-count': '9' } }))
      .toMatchObject({ data: [{ embedding: [1] }, { embedding: [2] }], usage: { prompt_tokens: 9 } });
    expect(backend.requests[0]).toMatchObject({ path: `/v1/model/${encodeURIComponent('cohere.embed-v4:0')}/invoke`, body: { texts: ['a', 'b'], input_type: 'search_document' } });
    await house!.remote.destroy();
    await backend.stop();
    backend = new FakeBackend();
    expect(await embed({ input: 'a' }, { embedding: [4], inputTextTokenCount: 3 }, { speaks: 'bedrock', model: 'amazon.titan-embed-text-v2:0' })).toMatchObject({ data: [{ embedding: [4] }], usage: { prompt_tokens: 3, total_tokens: 3 } });
    await expect(house!.chat({ model: 'team/big', input: ['a', 'b'] }, { dialect: 'embeddings' })).rejects.toMatchObject({ code: 'unsupported_parameter', param: 'input' });
  });

  it('that are fewer than the texts are no answer, and cost nothing', async () => {
    await expect(embed({ input: ['a', 'b'] }, { data: [{ embedding: [1] }], usage: { prompt_tokens: 2 } })).rejects.toMatchObject({ code: 'backend_failed', message: expect.stringContaining('an embedding for each text') });
    expect(house!.ledger.only().released).toMatchObject({ outcome: 'failed' });
  });

  it('are not made by the local engine, nor of tokens by those who read text only', async () => {
    house = new TestHouse({ url: await backend.start(), speaks: 'gemini' });
    await expect(house!.chat({ model: 'tandem/local', input: 'a' }, { dialect: 'embeddings' })).rejects.toMatchObject({ code: 'unsupported_parameter' });
    await expect(house!.chat({ model: 'team/big', input: [1, 2, 3] }, { dialect: 'embeddings' })).rejects.toMatchObject({ code: 'unsupported_parameter', message: expect.stringContaining('input of tokens') });
    expect(backend.requests).toEqual([]);
  });

  it.each([
    ['input', {}], ['input', { input: '' }], ['input', { input: [] }], ['input', { input: ['a', 1] }], ['input', { input: ['a', ''] }], ['input', { input: [[1], [-2]] }], ['input', { input: Array.from({ length: 2049 }, () => 'a') }],
    ['encoding_format', { input: 'a', encoding_format: 'hex' }], ['dimensions', { input: 'a', dimensions: 0 }], ['model', { input: 'a', model: 5 }],
  ])('refuse a wrong %s', (param, body) => {
    expect(() => embeddingsCaller.parse({ model: 'm', ...body })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });

  it('take tokens, many lists of them too', () => {
    expect(embeddingsCaller.parse({ model: 'm', input: [1, 2, 3] }).turnCount).toBe(1);
    expect(embeddingsCaller.parse({ model: 'm', input: [[1, 2], [3]] }).turnCount).toBe(2);
  });
});
