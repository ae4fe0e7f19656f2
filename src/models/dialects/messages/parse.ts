import type { IncomingHttpHeaders } from 'node:http';
import { TandemError } from '../../../base/index.ts';
import type { Conversation, NeutralRequest } from '../../neutral/request.ts';
import { invalid } from '../../request/fields.ts';
import { isObject } from '../../request/json.ts';
import { forwarded } from './betas.ts';
import { checkMessages } from './blocks.ts';
import { conversationOf } from './conversation.ts';
import { checkFields, formatOf } from './fields.ts';
import { checkTools } from './tools.ts';

/**
 * Checks a parsed body of `POST /v1/messages`.
 * @param counting whether it is one of `count_tokens`, which needs no limit of the answer.
 * @throws TandemError invalid_request with the field, as in `messages[0].content[1].text`.
 */
export function parseMessages(body: unknown, headers?: IncomingHttpHeaders, counting = false): NeutralRequest {
  if (!isObject(body)) throw invalid('body', 'must be a JSON object');
  checkFields(body);
  // By this code Anthropic's SDK knows to go on without a thread.
  if (body['thread'] != null) throw new TandemError('thread_unsupported_request', { param: 'thread' });
  const { model, max_tokens: cap } = body;
  if (typeof model !== 'string' || model === '') throw invalid('model', 'must be the name of a model; see /v1/models');
  if (typeof cap !== 'number' && !counting) throw invalid('max_tokens', 'must be a whole number: the most tokens that the answer may have');
  const facts = checkMessages(body);
  const nativeTool = checkTools(body['tools']);
  const forward = forwarded(headers);
  let conversation: Conversation | undefined;
  return {
    dialect: 'messages', body, model, stream: body['stream'] === true, includeUsage: true, choices: 1,
    maxOutputTokens: typeof cap === 'number' ? cap : null, capField: 'max_tokens', capDemanded: true, ...(forward.length > 0 && { forward }),
    needs: {
      tools: facts.tools || (Array.isArray(body['tools']) && body['tools'].length > 0), images: facts.images > 0, files: facts.files > 0, schema: formatOf(body) !== null,
      // Adaptive thinking leaves it to the model; only a budget asks for a model that thinks.
      reasoning: isObject(body['thinking']) && body['thinking']['type'] === 'enabled', logprobs: false,
      native: facts.native ?? (nativeTool === null ? nothingNative(cap) : { dialect: 'messages', what: nativeTool }),
    },
    ...(facts.fileIds !== null && { fileIds: facts.fileIds }),
    media: { images: facts.images, files: facts.files, characters: facts.characters }, turnCount: facts.turns,
    ...labelsOf(body['metadata']), serviceTier: tierOf(body['service_tier']), cacheKey: null,
    conversation: () => (conversation ??= conversationOf(body)),
  };
}

/** No answer at all (`max_tokens: 0`) fills Anthropic's prompt cache; other dialects have no word for it. */
function nothingNative(cap: unknown): NeutralRequest['needs']['native'] {
  return cap === 0 ? { dialect: 'messages', what: 'an answer of no tokens (max_tokens: 0)' } : null;
}

/** Anthropic's API knows `user_id` alone; the other pairs are this server's own, as in OpenAI's form (`tags`, `scenario`). */
function labelsOf(metadata: unknown): Pick<NeutralRequest, 'user' | 'metadata'> {
  if (!isObject(metadata)) return { user: null, metadata: {} };
  const { user_id: user, ...pairs } = metadata;
  return { user: typeof user === 'string' ? user : null, metadata: Object.fromEntries(Object.entries(pairs).map(([name, word]) => [name, String(word)])) };
}

function tierOf(tier: unknown): NeutralRequest['serviceTier'] {
  return tier === 'priority' || tier === 'flex' ? tier : tier === 'standard_only' || tier === 'default' ? 'default' : 'auto';
}
