import { inputBound, outputLimit } from '../../neutral/bounds.ts';
import type { BackendDialect } from '../../neutral/dialect.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { foreignMedia } from '../foreign-media.ts';
import { listedIn } from '../list-models.ts';
import { unknownField } from '../unknown-field.ts';
import { messagesCounter } from './counter.ts';
import { MESSAGES_LOSSES } from './losses.ts';
import { nativeBody } from './native-body.ts';
import { MessagesReader } from './reader.ts';
import { errorMessage } from './reply-faults.ts';
import { readWhole } from './whole-reply.ts';
import { writeBody } from './write-body.ts';

/** Anthropic's tool-use system prompt (API guide "Tool use", pricing): at most some 700 tokens, and about as many for a tool of theirs. */
const TOOL_PROMPT_TOKENS = 1_000;
/** Images and documents by their media types (API guides "Vision" and "PDF support"); texts go as text. */
const TAKES = {
  image: (type: string) => /^image\/(png|jpe?g|gif|webp)$/.test(type),
  file: (type: string) => type === 'application/pdf' || type === 'application/json' || type.startsWith('text/'),
};

/**
 * Anthropic's Messages API, and servers that speak it. The backend's address ends where `/messages` follows:
 * `https://api.anthropic.com/v1`. Its option `thinking=budget` is for models that know budgets of tokens only.
 */
export const messagesBackend: BackendDialect = {
  name: 'messages',
  native: 'messages',
  losses: MESSAGES_LOSSES,
  // The only version that Anthropic's API reference names beside the first of 2023-01-01.
  headers: ['anthropic-version', '2023-06-01'],

  cannot(request) {
    if (request.dialect === 'messages') return null;
    if (request.needs.native) return request.needs.native.what;
    if (request.choices > 1) return 'several answers (n)';
    if (request.needs.logprobs) return 'logprobs';
    const { sampling, format, rest } = request.conversation();
    if (sampling.logitBias && Object.keys(sampling.logitBias).length > 0) return 'logit_bias';
    if (format.type === 'json') return 'JSON without a schema (response_format json_object)';
    return foreignMedia(request, TAKES) ?? unknownField(rest);
  },

  request(request, target) {
    const limit = outputLimit(request, target);
    const body = request.dialect === 'messages' ? nativeBody(request, target, limit) : writeBody(request, target, limit);
    const bytes = Buffer.from(JSON.stringify(body));
    return {
      method: 'POST', path: '/messages', headers: request.forward ?? [], body: bytes,
      inputBound: inputBound(request, bytes.length, toolTokens(body['tools']), target), outputBound: limit, textBytes: Math.max(0, bytes.length - request.media.characters),
    };
  },

  whole: (text, request) => readWhole(text, request),
  reader: (request: NeutralRequest) => new MessagesReader(request),
  errorMessage,
  count: messagesCounter,
  keyHeaders: (key) => ['x-api-key', key],
  probe: listedIn('/models?limit=1000', 'data', 'id'),
};

function toolTokens(tools: unknown): number {
  return Array.isArray(tools) && tools.length > 0 ? Buffer.byteLength(JSON.stringify(tools)) + TOOL_PROMPT_TOKENS * (1 + tools.filter(isTheirs).length) : 0;
}

function isTheirs(tool: unknown): boolean {
  return typeof tool === 'object' && tool !== null && 'type' in tool && tool.type != null && tool.type !== 'custom';
}
