import { TandemError } from '../../../base/index.ts';
import { BadReply } from '../../neutral/bad-reply.ts';
import type { EmbeddingsBackend } from '../../neutral/dialect.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { inputsOf } from './caller.ts';
import { parseObject, replyOf, sending, tokensIn, vectorIn } from './reply.ts';

/** Cohere's models take many texts at once; Amazon's own (Titan, Nova) take one. */
const isCohere = (model: string): boolean => /(^|\.)cohere\./.test(model);

/**
 * Embeddings by Bedrock's InvokeModel, whose bodies are each maker's own: Cohere's `cohere.embed-…` and Amazon's
 * `amazon.titan-embed-…`, after their pages in the user guide of Amazon Bedrock.
 */
export const bedrockEmbeddings: EmbeddingsBackend = {
  cannot: ({ body }) => (inputsOf(body).every((input) => typeof input === 'string') ? null : 'input of tokens'),
  request(request, target) {
    const texts = inputsOf(request.body);
    const path = `/model/${encodeURIComponent(target.model)}/invoke`;
    const { dimensions } = request.body;
    if (!isCohere(target.model) && texts.length > 1) throw new TandemError('unsupported_parameter', { param: 'input', params: { field: 'a list of several texts', model: request.model, reason: 'it embeds one text at a time' } });
    const body: JsonObject = isCohere(target.model)
      ? { texts, input_type: 'search_document', embedding_types: ['float'], ...(dimensions != null && { output_dimension: dimensions }) }
      : { inputText: texts[0], ...(dimensions != null && { dimensions }) };
    return sending(request, target, path, body);
  },
  whole(text, request, headers) {
    const reply = parseObject(text);
    const { embedding, embeddings, inputTextTokenCount } = reply;
    const counted = headers['x-amzn-bedrock-input-token-count'];
    const tokens = tokensIn(inputTextTokenCount) ?? (typeof counted === 'string' ? tokensIn(Number(counted)) : null);
    if (embedding !== undefined) return replyOf(request, [vectorIn(embedding)], tokens);
    const vectors = isObject(embeddings) ? embeddings['float'] : embeddings;
    if (!Array.isArray(vectors)) throw new BadReply('its answer holds no embeddings');
    return replyOf(request, vectors.map(vectorIn), tokens);
  },
};
