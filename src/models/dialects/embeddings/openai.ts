import { BadReply } from '../../neutral/bad-reply.ts';
import type { EmbeddingsBackend } from '../../neutral/dialect.ts';
import { isObject } from '../../request/json.ts';
import { parseObject, sending, tokensIn } from './reply.ts';

/** Embeddings of OpenAI-compatible servers: the caller's body, and their own answer. */
export const openaiEmbeddings: EmbeddingsBackend = {
  cannot: () => null,
  request: (request, target) => sending(request, target, '/embeddings', { ...request.body, model: target.model }),
  whole(text, request) {
    const reply = parseObject(text);
    const { data, usage } = reply;
    if (!Array.isArray(data) || data.length !== request.turnCount || !data.every((one) => isObject(one) && (Array.isArray(one['embedding']) || typeof one['embedding'] === 'string'))) {
      throw new BadReply('its answer does not hold an embedding for each text');
    }
    const tokens = isObject(usage) ? tokensIn(usage['prompt_tokens']) : null;
    return { choices: [], usage: tokens === null ? null : { input: tokens, cacheRead: 0, output: 0, reasoning: 0 }, native: reply, serviceTier: null };
  },
};
