import type { NativePart } from '../../neutral/parts.ts';
import { invalid } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { checkSource } from './media.ts';

/** What the messages hold that decides the bound of the input and which backends can read them. */
export interface BlockFacts {
  images: number;
  files: number;
  /** Of those, the ids of files that were uploaded here; null: none. */
  fileIds: string[] | null;
  /** Characters of inline data: they are not read as text. */
  characters: number;
  /** Calls of tools and their results stand in the conversation. */
  tools: boolean;
  /** What only Anthropic's dialect knows; the first one that was found. */
  native: Pick<NativePart, 'dialect' | 'what'> | null;
  /** Messages, and results of tools, which other dialects write as messages of their own. */
  turns: number;
}

const ROLES = new Set(['user', 'assistant', 'system']);

/**
 * Checks the system prompt and every message.
 * @throws TandemError invalid_request with the place, as in `messages[0].content[1].text`.
 */
export function checkMessages(body: JsonObject): BlockFacts {
  const facts: BlockFacts = { images: 0, files: 0, fileIds: null, characters: 0, tools: false, native: null, turns: 0 };
  const { system, messages } = body;
  if (Array.isArray(system)) for (let at = 0; at < system.length; at += 1) checkText(system[at], `system[${at}]`);
  if (system != null) facts.turns += 1;
  if (!Array.isArray(messages)) throw invalid('messages', 'must be a list of messages');
  if (messages.length === 0) throw invalid('messages', 'must hold at least one message');
  for (let index = 0; index < messages.length; index += 1) checkMessage(messages[index], `messages[${index}]`, facts);
  facts.turns += messages.length;
  return facts;
}

function checkMessage(message: unknown, place: string, facts: BlockFacts): void {
  if (!isObject(message)) throw invalid(place, 'must be an object');
  if (Object.hasOwn(message, '__proto__')) throw invalid(place, 'must not hold __proto__');
  const { role, content } = message;
  if (typeof role !== 'string' || !ROLES.has(role)) throw invalid(`${place}.role`, `must be one of ${[...ROLES].join(', ')}`);
  if (typeof content === 'string') return;
  if (!Array.isArray(content)) throw invalid(`${place}.content`, 'must be a string or a list of blocks');
  for (let at = 0; at < content.length; at += 1) {
    const where = `${place}.content[${at}]`;
    if (role === 'system') checkText(content[at], where);
    else checkBlock(content[at], where, role, facts);
  }
}

function checkBlock(block: unknown, place: string, role: string, facts: BlockFacts): void {
  if (!isObject(block)) throw invalid(place, 'must be an object');
  const { type } = block;
  if (typeof type !== 'string') throw invalid(`${place}.type`, 'must be a string');
  checkCache(block, place);
  switch (type) {
    case 'text':
      return demandText(block, 'text', place);
    case 'image':
      checkSource(block['source'], place, facts);
      facts.images += 1;
      return;
    case 'document':
      return checkDocument(block, place, facts);
    case 'search_result':
      demandText(block, 'title', place);
      demandText(block, 'source', place);
      return demandTexts(block['content'], `${place}.content`);
    case 'tool_result':
      demandRole(role, 'user', type, place);
      demandText(block, 'tool_use_id', place);
      facts.tools = true;
      facts.turns += 1;
      return checkResult(block, place, facts);
    case 'tool_use':
      demandRole(role, 'assistant', type, place);
      demandText(block, 'id', place);
      demandText(block, 'name', place);
      if (!isObject(block['input'])) throw invalid(`${place}.input`, 'must be an object');
      facts.tools = true;
      return;
    case 'thinking':
      demandRole(role, 'assistant', type, place);
      demandText(block, 'thinking', place);
      if (block['signature'] != null) demandText(block, 'signature', place);
      return;
    case 'redacted_thinking':
      demandRole(role, 'assistant', type, place);
      return demandText(block, 'data', place);
    case 'container_upload':
      throw invalid(`${place}.type`, 'must not be container_upload: files of the backend\'s account are shared by its callers');
    default:
      facts.native ??= { dialect: 'messages', what: `a block of the type ${type}` };
  }
}

function checkResult(block: JsonObject, place: string, facts: BlockFacts): void {
  const content = block['content'];
  if (content == null || typeof content === 'string') return;
  if (!Array.isArray(content)) throw invalid(`${place}.content`, 'must be a string or a list of blocks');
  for (let at = 0; at < content.length; at += 1) {
    const inner: unknown = content[at];
    if (isObject(inner) && (inner['type'] === 'tool_result' || inner['type'] === 'tool_use')) throw invalid(`${place}.content[${at}].type`, 'must not be a call of a tool or its result');
    checkBlock(inner, `${place}.content[${at}]`, 'user', facts);
  }
}

function checkDocument(block: JsonObject, place: string, facts: BlockFacts): void {
  const { source } = block;
  if (isObject(source) && source['type'] === 'text') return demandText(source, 'data', `${place}.source`);
  if (isObject(source) && source['type'] === 'content') {
    const { content } = source;
    if (typeof content === 'string') return;
    if (!Array.isArray(content)) throw invalid(`${place}.source.content`, 'must be a string or a list of blocks');
    for (let at = 0; at < content.length; at += 1) checkBlock(content[at], `${place}.source.content[${at}]`, 'user', facts);
    return;
  }
  checkSource(source, place, facts);
  facts.files += 1;
}

function checkText(block: unknown, place: string): void {
  if (!isObject(block)) throw invalid(place, 'must be an object');
  if (block['type'] !== 'text') throw invalid(`${place}.type`, 'must be text');
  demandText(block, 'text', place);
  checkCache(block, place);
}

function demandTexts(blocks: unknown, place: string): void {
  if (!Array.isArray(blocks)) throw invalid(place, 'must be a list of blocks');
  for (let at = 0; at < blocks.length; at += 1) checkText(blocks[at], `${place}[${at}]`);
}

function demandText(block: JsonObject, field: string, place: string): void {
  if (typeof block[field] !== 'string') throw invalid(`${place}.${field}`, 'must be a string');
}

function demandRole(role: string, wanted: string, type: string, place: string): void {
  if (role !== wanted) throw invalid(`${place}.type`, `must not be ${type}: it is for messages of the role ${wanted}`);
}

function checkCache(block: JsonObject, place: string): void {
  const cache = block['cache_control'];
  if (cache == null) return;
  if (!isObject(cache)) throw invalid(`${place}.cache_control`, 'must be an object');
  if (cache['ttl'] != null && cache['ttl'] !== '5m' && cache['ttl'] !== '1h') throw invalid(`${place}.cache_control.ttl`, 'must be 5m or 1h');
}
