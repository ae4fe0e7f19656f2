import { BadReply } from '../../neutral/bad-reply.ts';
import type { EmbeddingsBackend } from '../../neutral/dialect.ts';
import { isObject } from '../../request/json.ts';
import { inputsOf } from './caller.ts';
import { parseObject, replyOf, sending, tokensIn, vectorIn } from './reply.ts';

/** Gemini's `batchEmbedContents` (v1beta, as `@google/genai` 2.32.0 has it). */
export const geminiEmbeddings: EmbeddingsBackend = {
  cannot: ({ body }) => (inputsOf(body).every((input) => typeof input === 'string') ? null : 'input of tokens'),
  request(request, target) {
    const model = target.model.includes('/') ? target.model : `models/${target.model}`;
    const { dimensions } = request.body;
    return sending(request, target, `/${model.split('/').map(encodeURIComponent).join('/')}:batchEmbedContents`, {
      requests: inputsOf(request.body).map((text) => ({ model, content: { parts: [{ text }] }, ...(dimensions != null && { outputDimensionality: dimensions }) })),
    });
  },
  whole(text, request) {
    const { embeddings, usageMetadata } = parseObject(text);
    if (!Array.isArray(embeddings)) throw new BadReply('its answer holds no embeddings');
    return replyOf(request, embeddings.map((one: unknown) => vectorIn(isObject(one) ? one['values'] : undefined)), isObject(usageMetadata) ? tokensIn(usageMetadata['promptTokenCount']) : null);
  },
};
