import { BadReply } from '../../neutral/bad-reply.ts';
import type { EmbeddingsBackend } from '../../neutral/dialect.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { inBase64, parseObject, sending, tokensIn, vectorIn } from './reply.ts';

/** Embeddings of OpenAI-compatible servers: the caller's body, and their own answer in the encoding that was asked for. */
export const openaiEmbeddings: EmbeddingsBackend = {
  cannot: () => null,
  request: (request, target) => sending(request, target, '/embeddings', { ...request.body, model: target.model }),
  whole(text, request) {
    const reply = parseObject(text);
    const { data, usage } = reply;
    if (!Array.isArray(data) || data.length !== request.turnCount || !data.every(isEmbedding)) throw new BadReply('its answer does not hold an embedding for each text');
    const tokens = isObject(usage) ? tokensIn(usage['prompt_tokens']) : null;
    const base64 = request.body['encoding_format'] === 'base64';
    return { choices: [], usage: tokens === null ? null : { input: tokens, cacheRead: 0, output: 0, reasoning: 0 }, native: { ...reply, data: data.map((one) => encoded(one, base64)) }, serviceTier: null };
  },
};

function isEmbedding(one: unknown): one is JsonObject {
  return isObject(one) && (Array.isArray(one['embedding']) || typeof one['embedding'] === 'string');
}

/** OpenAI's clients ask for base64 and read nothing else then; many servers do not know the field and answer in numbers. */
function encoded(one: JsonObject, base64: boolean): JsonObject {
  const { embedding } = one;
  if (base64 !== Array.isArray(embedding)) return one;
  return { ...one, embedding: base64 ? inBase64(vectorIn(embedding)) : outOfBase64(String(embedding)) };
}

function outOfBase64(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % 4 !== 0) throw new BadReply('an embedding of its answer is not base64 of numbers');
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}
