import { exactJson, exactObject } from '../../neutral/exact-json.ts';
import type { JsonObject } from '../../request/json.ts';
import type { MediaSource, Part, ToolResultPart, Turn } from '../../neutral/parts.ts';

/** One turn on Gemini's wire: `role` is `user` or `model`. */
export interface GeminiContent {
  readonly role: 'user' | 'model';
  readonly parts: JsonObject[];
}

/**
 * Stands for the signature of a call that Gemini did not make, or whose signature the caller did not keep: its third generation
 * refuses calls without one, but for this word (Gemini API, "Thought signatures", of histories that other models made).
 */
const UNSIGNED = 'skip_thought_signature_validator';

/**
 * Turns as Gemini's contents. Words of the system before the first other turn go to `systemInstruction`.
 * Turns of the same side that follow each other become one, since Gemini wants them to alternate.
 * @param signed whether the model demands a signature on the first call of each turn.
 */
export function toContents(turns: readonly Turn[], signed: boolean): { readonly system: readonly JsonObject[]; readonly contents: readonly GeminiContent[] } {
  const names = new Map<string, string>();
  const system: JsonObject[] = [];
  const contents: GeminiContent[] = [];
  for (const turn of turns) {
    const isSystem = turn.role === 'system' || turn.role === 'developer';
    if (isSystem && contents.length === 0) {
      system.push(...turn.parts.flatMap(wordsOf));
      continue;
    }
    const role = turn.role === 'assistant' ? 'model' : 'user';
    const parts = turn.role === 'assistant' ? modelParts(turn.parts, names, signed) : turn.parts.flatMap((part) => userParts(part, names));
    if (parts.length === 0) continue;
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else contents.push({ role, parts });
  }
  // A prompt of system words alone is one that the user says: Gemini wants contents.
  return contents.length === 0 ? { system: [], contents: [{ role: 'user', parts: system }] } : { system, contents };
}

function wordsOf(part: Part): JsonObject[] {
  return part.type === 'text' || part.type === 'refusal' ? [{ text: part.text }] : [];
}

/** A signature belongs to the part after it; one at the end stands alone beside no text. */
function modelParts(parts: readonly Part[], names: Map<string, string>, signed: boolean): JsonObject[] {
  const made: JsonObject[] = [];
  let called = false;
  let signature: string | undefined;
  const add = (part: JsonObject) => {
    made.push(signature === undefined ? part : { ...part, thoughtSignature: signature });
    signature = undefined;
  };
  for (const part of parts) {
    if (part.type === 'reasoning') {
      if (part.sealed?.dialect !== 'gemini') continue;
      if (signature !== undefined) add({ text: '' });
      signature = part.sealed.value;
    } else if (part.type === 'text' || part.type === 'refusal') {
      if (part.text !== '') add({ text: part.text });
    } else if (part.type === 'tool_call') {
      names.set(part.id, part.name);
      // Of calls that were made at once the first alone is signed.
      if (signed && !called) signature ??= UNSIGNED;
      called = true;
      add({ functionCall: { id: part.id, name: part.name, args: argumentsOf(part.input) } });
    } else if (part.type === 'image' || part.type === 'file') {
      add(media(part.source));
    }
  }
  if (signature !== undefined) add({ text: '' });
  return made;
}

function userParts(part: Part, names: ReadonlyMap<string, string>): JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ text: part.text }];
    case 'image':
    case 'file':
      return [media(part.source)];
    case 'tool_result':
      return result(part, names);
    default:
      return [];
  }
}

function result(part: ToolResultPart, names: ReadonlyMap<string, string>): JsonObject[] {
  const text = part.content.filter((one) => one.type === 'text').map((one) => one.text).join('\n');
  const rest = part.content.filter((one) => one.type !== 'text').map((one) => media(one.source));
  return [{ functionResponse: { id: part.callId, name: names.get(part.callId) ?? part.callId, response: part.isError ? { error: text } : answer(text) } }, ...rest];
}

/** A result that is a JSON object stands as it is; everything else is Gemini's `output`. */
function answer(text: string): JsonObject {
  const object = exactObject(text);
  if (object !== undefined) return object;
  const value = parsed(text);
  return { output: value === undefined ? text : value };
}

function argumentsOf(input: string): JsonObject {
  if (input.trim() === '') return {};
  return exactObject(input) ?? { input };
}

function parsed(text: string): unknown {
  try {
    return exactJson(text);
  } catch {
    return undefined;
  }
}

/** Addresses were fetched before: see `needsBytes`. */
function media(source: MediaSource): JsonObject {
  if (source.kind === 'base64') return { inlineData: { mimeType: source.mediaType, data: source.data } };
  return { fileData: { fileUri: source.kind === 'url' ? source.url : source.id } };
}
