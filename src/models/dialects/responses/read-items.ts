import type { FilePart, ImagePart, Part, ReasoningPart, TextPart, ToolCallPart, Turn } from '../../neutral/parts.ts';
import { unreadCharacters } from '../../neutral/bounds.ts';
import { unwrapThought } from '../../neutral/sealed.ts';
import { invalid } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { fileOf, imageOf } from './media.ts';
import { nameIn } from './namespaces.ts';
import { summaryText, unwrapSummary } from './summary.ts';

/** What the items hold that decides the bound of the input and which backends can read them. */
export interface InputFacts {
  images: number;
  files: number;
  /** Of those, the ids of files that were uploaded here; null: none. */
  fileIds: string[] | null;
  /** Characters of inline data: they are not read as text. */
  characters: number;
  /** The first thing that only this dialect knows: `a web search call`. */
  native: string | null;
  /** Whether there are calls or results of tools. */
  tools: boolean;
}

export interface ReadInput {
  readonly turns: readonly Turn[];
  readonly facts: Readonly<InputFacts>;
}

type Open = { role: Turn['role']; parts: Part[] };

/**
 * Checks the input and puts it into turns: what the assistant thought, said and called in a row is one turn, so are results of
 * tools in a row.
 * @throws TandemError invalid_request with the place, as in `input[0].content[1].text`.
 */
export function readInput(input: unknown): ReadInput {
  const facts: InputFacts = { images: 0, files: 0, fileIds: null, characters: 0, native: null, tools: false };
  if (typeof input === 'string') return { turns: [{ role: 'user', parts: [{ type: 'text', text: input }] }], facts };
  if (!Array.isArray(input)) throw invalid('input', 'must be a string or a list of items');
  const turns: Open[] = [];
  for (let at = 0; at < input.length; at += 1) {
    const item: unknown = input[at];
    const place = `input[${at}]`;
    if (!isObject(item)) throw invalid(place, 'must be an object');
    if (Object.hasOwn(item, '__proto__')) throw invalid(place, 'must not hold __proto__');
    readItem(item, place, turns, facts);
  }
  return { turns, facts };
}

function readItem(item: JsonObject, place: string, turns: Open[], facts: InputFacts): void {
  switch (item['type']) {
    case undefined:
    case null:
    case 'message':
      readMessage(item, place, turns, facts);
      return;
    case 'function_call':
    case 'custom_tool_call':
      facts.tools = true;
      addTo(turns, 'assistant', [toolCall(item, place)]);
      return;
    case 'function_call_output':
    case 'custom_tool_call_output': {
      facts.tools = true;
      const { call_id: callId } = item;
      if (typeof callId !== 'string') throw invalid(`${place}.call_id`, 'must be a string');
      addTo(turns, 'tool', [{ type: 'tool_result', callId, content: resultContent(item['output'], `${place}.output`, facts), isError: false }]);
      return;
    }
    case 'reasoning':
      addTo(turns, 'assistant', readThought(item, place));
      return;
    case 'compaction': {
      const summary = unwrapSummary(item['encrypted_content']);
      if (summary === undefined) addNative(item, place, turns, facts);
      else turns.push({ role: 'developer', parts: [{ type: 'text', text: summaryText(summary) }] });
      return;
    }
    case 'item_reference':
      throw invalid(`${place}.id`, 'names no item that is kept here; send the item itself');
    default:
      addNative(item, place, turns, facts);
  }
}

function readMessage(item: JsonObject, place: string, turns: Open[], facts: InputFacts): void {
  const { role, content } = item;
  if (role !== 'user' && role !== 'assistant' && role !== 'system' && role !== 'developer') throw invalid(`${place}.role`, 'must be user, assistant, system or developer');
  const parts = typeof content === 'string' ? [{ type: 'text', text: content } satisfies TextPart] : readContent(content, `${place}.content`, facts);
  const last = turns.at(-1);
  // What it says after a thought or a call belongs to the same turn; two messages in a row are two.
  const goesOn = role === 'assistant' && last?.role === 'assistant' && (last.parts.some(({ type }) => type === 'tool_call') || last.parts.every(({ type }) => type === 'reasoning'));
  if (goesOn) last.parts.push(...parts);
  else turns.push({ role, parts });
}

function readContent(content: unknown, place: string, facts: InputFacts): Part[] {
  if (!Array.isArray(content)) throw invalid(place, 'must be a string or a list of parts');
  return content.map((part: unknown, at) => readPart(part, `${place}[${at}]`, facts));
}

function readPart(part: unknown, place: string, facts: InputFacts): TextPart | ImagePart | FilePart | Extract<Part, { type: 'refusal' }> {
  if (!isObject(part)) throw invalid(place, 'must be an object');
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text': {
      const { text, annotations } = part;
      if (typeof text !== 'string') throw invalid(`${place}.text`, 'must be a string');
      const kept = Array.isArray(annotations) ? annotations.filter(isObject) : [];
      return { type: 'text', text, ...cacheOf(part), ...(kept.length > 0 && { annotations: kept }) };
    }
    case 'refusal':
      if (typeof part['refusal'] !== 'string') throw invalid(`${place}.refusal`, 'must be a string');
      return { type: 'refusal', text: part['refusal'] };
    case 'input_image':
    case 'input_file': {
      const read = part['type'] === 'input_image' ? imageOf(part, place) : fileOf(part, place);
      facts[read.type === 'image' ? 'images' : 'files'] += 1;
      if (read.source.kind === 'base64') facts.characters += unreadCharacters(read.source.mediaType, read.source.data);
      if (read.source.kind === 'file') (facts.fileIds ??= []).push(read.source.id);
      return { ...read, ...cacheOf(part) };
    }
    default:
      throw invalid(`${place}.type`, 'must be input_text, output_text, refusal, input_image or input_file: nothing else is metered here');
  }
}

function resultContent(output: unknown, place: string, facts: InputFacts): (TextPart | ImagePart | FilePart)[] {
  if (typeof output === 'string') return [{ type: 'text', text: output }];
  const parts = readContent(output, place, facts);
  return parts.map((part, at) => {
    if (part.type !== 'text' && part.type !== 'image' && part.type !== 'file') throw invalid(`${place}[${at}].type`, 'must be input_text, input_image or input_file');
    return part;
  });
}

/** A call of a function or a custom tool. Shared by requests and replies. */
export function toolCall(item: JsonObject, place: string): ToolCallPart {
  const custom = item['type'] === 'custom_tool_call';
  const field = custom ? 'input' : 'arguments';
  const { call_id: id, name, [field]: input } = item;
  if (typeof id !== 'string') throw invalid(`${place}.call_id`, 'must be a string');
  if (typeof name !== 'string') throw invalid(`${place}.name`, 'must be a string');
  if (typeof input !== 'string') throw invalid(`${place}.${field}`, 'must be a string');
  return { type: 'tool_call', id, name: nameIn(item), input, kind: custom ? 'custom' : 'function' };
}

/**
 * The parts of a reasoning item: one for each text, the opaque state on the last. State that another dialect made comes out of
 * its wrapping here.
 */
export function readThought(item: JsonObject, place: string): ReasoningPart[] {
  const texts = (list: unknown, form: ReasoningPart['form'], field: string): ReasoningPart[] => {
    if (list == null) return [];
    if (!Array.isArray(list)) throw invalid(`${place}.${field}`, 'must be a list');
    return list.map((one: unknown, at) => {
      if (!isObject(one) || typeof one['text'] !== 'string') throw invalid(`${place}.${field}[${at}].text`, 'must be a string');
      return { type: 'reasoning', text: one['text'], form };
    });
  };
  const encrypted = item['encrypted_content'];
  if (encrypted != null && typeof encrypted !== 'string') throw invalid(`${place}.encrypted_content`, 'must be a string');
  const parts = [...texts(item['summary'], 'summary', 'summary'), ...texts(item['content'], 'text', 'content')];
  if (parts.length === 0) parts.push({ type: 'reasoning', text: '', form: 'summary' });
  const wrapped = encrypted == null ? undefined : unwrapThought(encrypted);
  const id = wrapped ? wrapped.id : typeof item['id'] === 'string' ? item['id'] : null;
  const sealed = wrapped ? wrapped.sealed : encrypted == null ? null : { dialect: 'responses', kind: 'encrypted', value: encrypted } as const;
  const named = parts.map((part) => (id === null ? part : { ...part, id }));
  if (sealed !== null) named.push({ ...named.pop()!, sealed });
  return named;
}

function cacheOf(part: JsonObject): { cache?: { ttl: '1h' | null } } {
  const mark = part['prompt_cache_breakpoint'];
  return isObject(mark) ? { cache: { ttl: mark['ttl'] === '12h' ? '1h' : null } } : {};
}

function addTo(turns: Open[], role: 'assistant' | 'tool', parts: readonly Part[]): void {
  const last = turns.at(-1);
  // A thought after something was said begins the next turn.
  const begins = parts[0]?.type === 'reasoning' && last?.parts.some(({ type }) => type !== 'reasoning');
  if (last?.role === role && !begins) last.parts.push(...parts);
  else turns.push({ role, parts: [...parts] });
}

function addNative(item: JsonObject, place: string, turns: Open[], facts: InputFacts): void {
  const { type } = item;
  if (typeof type !== 'string') throw invalid(`${place}.type`, 'must be a string');
  const what = `an item of the type ${type}`;
  facts.native ??= what;
  addTo(turns, type.endsWith('_output') ? 'tool' : 'assistant', [{ type: 'native', dialect: 'responses', value: item, what }]);
}
