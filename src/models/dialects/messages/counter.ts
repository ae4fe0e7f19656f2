import { BadReply } from '../../neutral/bad-reply.ts';
import type { TokenCounter } from '../../neutral/dialect.ts';
import { exactObject } from '../../neutral/exact-json.ts';
import { nativeBody } from './native-body.ts';
import { writeBody } from './write-body.ts';

/** Fields that Anthropic's `count_tokens` takes (API reference, and @anthropic-ai/sdk 1.14 with its beta fields). */
const COUNTED = ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config', 'output_format', 'cache_control', 'context_management'];

/** `POST /messages/count_tokens` of a backend: Anthropic's is free of charge. */
export const messagesCounter: TokenCounter = {
  request(request, target) {
    const limit = request.maxOutputTokens ?? target.maxOutputTokens;
    const full = request.dialect === 'messages' ? nativeBody(request, target, limit) : writeBody(request, target, limit);
    const body = Buffer.from(JSON.stringify(Object.fromEntries(COUNTED.filter((field) => full[field] != null).map((field) => [field, full[field]]))));
    return { method: 'POST', path: '/messages/count_tokens', headers: request.forward ?? [], body, inputBound: 0, outputBound: 0, textBytes: 0 };
  },

  read(text) {
    const tokens = exactObject(text)?.['input_tokens'];
    if (typeof tokens !== 'number' || !Number.isSafeInteger(tokens) || tokens < 0) throw new BadReply('its answer is no count of tokens');
    return tokens;
  },
};
