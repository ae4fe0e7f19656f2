import { checkUrl } from '../../base/egress/index.ts';
import { unreadCharacters } from '../neutral/bounds.ts';
import { invalid } from './fields.ts';
import { isObject, type JsonObject } from './json.ts';

/** What the messages hold that decides the bound of the input and which backends can read them. */
export interface MessageFacts {
  images: number;
  files: number;
  /** Of those, the ids of files that were uploaded here; null: none. */
  fileIds: string[] | null;
  /** Characters of image URLs and of files' inline data: they are not read as text. */
  imageCharacters: number;
  /** Whether a tool was called or answered. */
  tools: boolean;
  /** Where a message or part other than plain text from system, user or assistant was found: `messages[2]`. */
  beyondText: string | null;
  /** What that was: a tool's message, an image. */
  beyondTextKind: string | null;
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

/**
 * Checks every message of a chat.
 * @throws TandemError invalid_request with the place, as in `messages[0].content[1].text`.
 */
export function checkMessages(messages: readonly unknown[]): MessageFacts {
  if (messages.length === 0) throw invalid('messages', 'must hold at least one message');
  const facts: MessageFacts = { images: 0, files: 0, fileIds: null, imageCharacters: 0, tools: false, beyondText: null, beyondTextKind: null };
  for (let index = 0; index < messages.length; index += 1) {
    const message = messages[index];
    if (!isObject(message)) throw invalid(`messages[${index}]`, 'must be an object');
    if (Object.hasOwn(message, '__proto__')) throw invalid(`messages[${index}]`, 'must not hold __proto__');
    checkMessage(message, index, facts);
  }
  return facts;
}

function checkMessage(message: JsonObject, index: number, facts: MessageFacts): void {
  const role = message['role'];
  if (typeof role !== 'string' || !ROLES.has(role)) throw invalid(`messages[${index}].role`, `must be one of ${[...ROLES].join(', ')}`);
  if (message['name'] != null && typeof message['name'] !== 'string') throw invalid(`messages[${index}].name`, 'must be a string');
  const called = message['tool_calls'] ?? message['function_call'];
  if (called != null) {
    if (message['tool_calls'] != null && !Array.isArray(message['tool_calls'])) throw invalid(`messages[${index}].tool_calls`, 'must be a list');
    if (role !== 'assistant') throw invalid(`messages[${index}].tool_calls`, 'is for messages of the assistant');
    facts.tools = true;
    notPlain(facts, index, 'a call of a tool');
  }
  if (role === 'tool' || role === 'function') {
    if (role === 'tool' && typeof message['tool_call_id'] !== 'string') throw invalid(`messages[${index}].tool_call_id`, 'must be a string');
    facts.tools = true;
    notPlain(facts, index, 'the message of a tool');
  }
  if (message['audio'] != null) throw invalid(`messages[${index}].audio`, 'is not available here: audio is not metered');
  const content = message['content'];
  if (typeof content === 'string') return;
  if (Array.isArray(content)) {
    if (content.length === 0) throw invalid(`messages[${index}].content`, 'must hold at least one part');
    for (let at = 0; at < content.length; at += 1) checkPart(content[at], index, at, facts);
    return;
  }
  if (content == null && role === 'assistant' && (called != null || typeof message['refusal'] === 'string')) return;
  if (content == null && role === 'function') return;
  throw invalid(`messages[${index}].content`, 'must be a string or a list of parts');
}

function checkPart(part: unknown, index: number, at: number, facts: MessageFacts): void {
  const place = `messages[${index}].content[${at}]`;
  if (!isObject(part)) throw invalid(place, 'must be an object');
  switch (part['type']) {
    case 'text':
      if (typeof part['text'] !== 'string') throw invalid(`${place}.text`, 'must be a string');
      return;
    case 'refusal':
      if (typeof part['refusal'] !== 'string') throw invalid(`${place}.refusal`, 'must be a string');
      return;
    case 'image_url': {
      const url = isObject(part['image_url']) ? part['image_url']['url'] : undefined;
      if (typeof url !== 'string') throw invalid(`${place}.image_url.url`, 'must be a string');
      checkImageUrl(url, `${place}.image_url.url`);
      facts.images += 1;
      facts.imageCharacters += url.length;
      notPlain(facts, index, 'an image');
      return;
    }
    case 'file':
      checkFile(part['file'], `${place}.file`, facts);
      notPlain(facts, index, 'a file');
      return;
    default:
      throw invalid(`${place}.type`, 'must be text, image_url or file: nothing else is metered here');
  }
}

/** A file's inline form: its media type and its bytes in base64. */
export const INLINE_FILE = /^data:([\w.+-]+\/[\w.+-]+);base64,/i;

/** A file that was uploaded here, or one that stands in the message. */
function checkFile(file: unknown, place: string, facts: MessageFacts): void {
  if (!isObject(file)) throw invalid(place, 'must be an object');
  const { file_id: id, file_data: data, filename: name } = file;
  if (name != null && typeof name !== 'string') throw invalid(`${place}.filename`, 'must be a string');
  facts.files += 1;
  if (id != null) {
    if (typeof id !== 'string' || data != null) throw invalid(`${place}.file_id`, 'must be a string, and stand without file_data');
    (facts.fileIds ??= []).push(id);
    return;
  }
  const head = typeof data === 'string' ? INLINE_FILE.exec(data) : null;
  if (head === null) throw invalid(`${place}.file_data`, 'must be inline data (data:application/pdf;base64,…); a file that was uploaded here is named by file_id');
  facts.imageCharacters += unreadCharacters(head[1]!, data as string);
}

/**
 * The backend fetches images that are named by a URL, from its own network: a closed address is refused here. Names
 * are not resolved, since the backend would resolve them again; backends have settings of their own for that.
 */
function checkImageUrl(url: string, place: string): void {
  if (/^data:image\//i.test(url)) return;
  try {
    checkUrl(url, { open: [] });
  } catch (error) {
    throw invalid(place, `must be a public https URL or inline data (data:image/…): ${error instanceof Error ? error.message.replace(/\.$/, '') : 'it is not a URL'}`);
  }
}

function notPlain(facts: MessageFacts, index: number, kind: string): void {
  facts.beyondText ??= `messages[${index}]`;
  facts.beyondTextKind ??= kind;
}
