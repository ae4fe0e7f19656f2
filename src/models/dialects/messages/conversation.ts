import type { FilePart, ImagePart, Part, ReasoningPart, TextPart, ToolResultPart, Turn } from '../../neutral/parts.ts';
import type { Conversation, OutputFormat, ReasoningWish } from '../../neutral/request.ts';
import { unwrapThought } from '../../neutral/sealed.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { cacheMark } from './cache-mark.ts';
import { formatOf } from './fields.ts';
import { sourceOf } from './media.ts';
import { toolChoiceOf, toolsOf } from './tools.ts';

/** Fields that the neutral form has words for, and those that ask nothing of a model. */
const READ = new Set([
  'model', 'messages', 'system', 'max_tokens', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'tools', 'tool_choice', 'thinking', 'output_config', 'output_format',
  'metadata', 'service_tier', 'speed', 'inference_geo', 'diagnostics', 'cache_control', 'context_management',
]);

/** A body that was checked, in neutral form. */
export function conversationOf(body: JsonObject): Conversation {
  const { choice, parallel } = toolChoiceOf(body['tool_choice']);
  const stop = body['stop_sequences'];
  return {
    turns: turnsOf(body), tools: toolsOf(body['tools']), toolChoice: choice, parallelToolCalls: parallel,
    stop: Array.isArray(stop) ? stop.map(String) : [], format: outputFormat(formatOf(body)),
    sampling: {
      ...(typeof body['temperature'] === 'number' && { temperature: body['temperature'] }), ...(typeof body['top_p'] === 'number' && { topP: body['top_p'] }),
      ...(typeof body['top_k'] === 'number' && { topK: body['top_k'] }),
    },
    reasoning: reasoningWish(body), verbosity: null,
    rest: Object.fromEntries(Object.entries(body).filter(([field, value]) => value !== null && !READ.has(field))),
  };
}

function turnsOf(body: JsonObject): Turn[] {
  const { system, messages } = body;
  const turns: Turn[] = [];
  if (system != null) turns.push({ role: 'system', parts: partsOf(system) });
  if (!Array.isArray(messages)) return turns;
  for (const message of messages.filter(isObject)) {
    const role = message['role'] === 'assistant' ? 'assistant' : message['role'] === 'system' ? 'system' : 'user';
    if (role === 'user') turns.push(...userTurns(partsOf(message['content'])));
    else turns.push({ role, parts: partsOf(message['content']) });
  }
  return turns;
}

/** Results of tools get turns of their own, in the order in which they stand. */
function userTurns(parts: readonly Part[]): Turn[] {
  const turns: { role: Turn['role']; parts: Part[] }[] = [];
  for (const part of parts) {
    const role = part.type === 'tool_result' ? 'tool' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(part);
    else turns.push({ role, parts: [part] });
  }
  return turns.length === 0 ? [{ role: 'user', parts: [] }] : turns;
}

function partsOf(content: unknown): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.filter(isObject).flatMap(partOf) : [];
}

function partOf(block: JsonObject): Part[] {
  switch (block['type']) {
    case 'thinking':
      return [thoughtOf(String(block['thinking']), String(block['signature'] ?? ''), 'signature')];
    case 'redacted_thinking':
      return [thoughtOf('', String(block['data']), 'redacted')];
    case 'tool_use':
      return [{ type: 'tool_call', id: String(block['id']), name: String(block['name']), input: JSON.stringify(block['input']), kind: 'function', ...cacheMark(block) }];
    case 'tool_result':
      return [resultOf(block)];
    default: {
      const parts = contentOf(block);
      return parts ?? [{ type: 'native', dialect: 'messages', value: block, what: `a block of the type ${String(block['type'])}` }];
    }
  }
}

function resultOf(block: JsonObject): ToolResultPart {
  const { content } = block;
  const parts = typeof content === 'string' ? [textPart(content, {})] : Array.isArray(content) ? content.filter(isObject).flatMap((inner) => contentOf(inner) ?? []) : [];
  return { type: 'tool_result', callId: String(block['tool_use_id']), content: parts, isError: block['is_error'] === true, ...cacheMark(block) };
}

/** Text, images and documents, which stand in messages and in results of tools; undefined for everything else. */
function contentOf(block: JsonObject): (TextPart | ImagePart | FilePart)[] | undefined {
  switch (block['type']) {
    case 'text': {
      const citations = block['citations'];
      return [{ ...textPart(String(block['text']), block), ...(Array.isArray(citations) && citations.length > 0 && { annotations: citations.filter(isObject) }) }];
    }
    case 'image':
      return isObject(block['source']) ? [{ type: 'image', source: sourceOf(block['source']), ...cacheMark(block) }] : [];
    case 'document':
      return documentOf(block);
    case 'search_result': {
      const lines = [String(block['title']), String(block['source']), ...(Array.isArray(block['content']) ? block['content'].filter(isObject).map((inner) => String(inner['text'])) : [])];
      return [textPart(lines.join('\n'), block)];
    }
    default:
      return undefined;
  }
}

/** A document of plain text is text with its title and context before it; other dialects know files of bytes only. */
function documentOf(block: JsonObject): (TextPart | ImagePart | FilePart)[] {
  const { source, title, context } = block;
  if (!isObject(source)) return [];
  const words = [title, context].filter((word): word is string => typeof word === 'string' && word !== '');
  if (source['type'] === 'text') return [textPart([...words, String(source['data'])].join('\n'), block)];
  if (source['type'] === 'content') {
    const { content } = source;
    const inner = typeof content === 'string' ? [textPart(content, {})] : Array.isArray(content) ? content.filter(isObject).flatMap((one) => contentOf(one) ?? []) : [];
    return [...(words.length === 0 ? [] : [textPart(words.join('\n'), {})]), ...inner];
  }
  const file: FilePart = { type: 'file', source: sourceOf(source), ...(typeof title === 'string' && { name: title }), ...cacheMark(block) };
  return typeof context === 'string' && context !== '' ? [textPart(context, {}), file] : [file];
}

function textPart(text: string, block: JsonObject): TextPart {
  return { type: 'text', text, ...cacheMark(block) };
}

/** State that was wrapped here goes back to the dialect that made it; any other one is Anthropic's own. */
function thoughtOf(text: string, state: string, kind: 'signature' | 'redacted'): ReasoningPart {
  const wrapped = unwrapThought(state);
  if (wrapped) return { type: 'reasoning', text, form: 'text', ...(wrapped.sealed && { sealed: wrapped.sealed }), ...(wrapped.id !== null && { id: wrapped.id }) };
  return { type: 'reasoning', text, form: 'text', ...(state !== '' && { sealed: { dialect: 'messages', kind, value: state } }) };
}

function outputFormat(format: JsonObject | null): OutputFormat {
  return format !== null && isObject(format['schema']) ? { type: 'schema', name: 'answer', schema: format['schema'], strict: true } : { type: 'text' };
}

/** `max` is above OpenAI's list of efforts, so it becomes the highest of that. */
function reasoningWish(body: JsonObject): ReasoningWish | null {
  const { thinking, output_config: config } = body;
  const effort = isObject(config) && typeof config['effort'] === 'string' ? config['effort'] : null;
  if (!isObject(thinking) && effort === null) return null;
  const type = isObject(thinking) ? thinking['type'] : null;
  const budget = isObject(thinking) ? thinking['budget_tokens'] : null;
  return {
    effort: effort === 'max' ? 'xhigh' : effort, budgetTokens: typeof budget === 'number' ? budget : null,
    summary: isObject(thinking) && thinking['display'] === 'summarized' ? 'auto' : null,
    mode: type === 'enabled' || type === 'disabled' ? type : type == null ? null : 'adaptive',
  };
}
