import { TandemError } from '../../../base/index.ts';
import type { FilePart, ImagePart, MediaSource, Part, TextPart, Turn } from '../../neutral/parts.ts';
import type { JsonObject } from '../../request/json.ts';
import { exactJson } from '../../neutral/exact-json.ts';
import { cacheControl } from './cache-mark.ts';
import { plainCallId } from '../call-id.ts';
import { inputJson } from './block-json.ts';
import { documentSource } from './with-files.ts';

/** A conversation's turns in Anthropic's form: the system prompt, and messages whose roles take turns. */
export interface WrittenTurns {
  readonly system: readonly JsonObject[];
  readonly messages: readonly JsonObject[];
}

/**
 * System and developer words become the system prompt, wherever they stand; neighbours of one role become one message, so that all
 * results of tools stand in the message after their calls, as the API demands.
 */
export function writeTurns(turns: readonly Turn[]): WrittenTurns {
  const system: JsonObject[] = [];
  const messages: { role: string; content: JsonObject[] }[] = [];
  for (const turn of turns) {
    const blocks = turn.parts.flatMap(blockOf);
    if (turn.role === 'system' || turn.role === 'developer') {
      system.push(...blocks);
      continue;
    }
    const role = turn.role === 'assistant' ? 'assistant' : 'user';
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else if (blocks.length > 0) messages.push({ role, content: blocks });
  }
  // A prompt of system words alone is one that the user says: the API wants a message.
  if (messages.length === 0) return { system: [], messages: [{ role: 'user', content: system }] };
  return { system, messages: messages.map((message) => (message.role === 'user' ? { ...message, content: resultsFirst(message.content) } : message)) };
}

/** Results of tools stand before everything else that a user says, as the API demands. */
function resultsFirst(content: readonly JsonObject[]): JsonObject[] {
  const isResult = (block: JsonObject) => block['type'] === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

function blockOf(part: Part): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'image':
    case 'file':
      return contentOf(part);
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'tool_call':
      return [{ type: 'tool_use', id: plainCallId(part.id), name: part.name, input: exactJson(inputJson(part.input)), ...cacheControl(part.cache) }];
    case 'tool_result':
      return [{ type: 'tool_result', tool_use_id: plainCallId(part.callId), content: part.content.flatMap(contentOf), ...(part.isError && { is_error: true }), ...cacheControl(part.cache) }];
    case 'reasoning': {
      const { sealed } = part;
      if (sealed?.dialect !== 'messages') return [];
      return [sealed.kind === 'redacted' ? { type: 'redacted_thinking', data: sealed.value } : { type: 'thinking', thinking: part.text, signature: sealed.value }];
    }
    case 'native':
      return part.dialect === 'messages' ? [part.value] : [];
  }
}

function contentOf(part: TextPart | ImagePart | FilePart): JsonObject[] {
  if (part.type === 'text') return part.text === '' ? [] : [{ type: 'text', text: part.text, ...cacheControl(part.cache) }];
  if (part.type === 'image') return [{ type: 'image', source: sourceOf(part.source), ...cacheControl(part.cache) }];
  return [{ type: 'document', source: part.source.kind === 'base64' ? documentSource(part.source) : sourceOf(part.source), ...(part.name !== undefined && { title: part.name }), ...cacheControl(part.cache) }];
}

function sourceOf(source: MediaSource): JsonObject {
  if (source.kind === 'url') return { type: 'url', url: source.url };
  // A file's id here is none in the backend's account, which callers share.
  if (source.kind === 'file') throw new TandemError('invalid_request', { param: 'messages', params: { reason: 'A file must be sent as inline data or by a URL.' } });
  return { type: 'base64', media_type: source.mediaType, data: source.data };
}
