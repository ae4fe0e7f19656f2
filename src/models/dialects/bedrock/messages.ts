import { exactObject } from '../../neutral/exact-json.ts';
import type { CacheMark, FilePart, ImagePart, Part, Turn } from '../../neutral/parts.ts';
import type { JsonObject } from '../../request/json.ts';
import { plainCallId } from '../call-id.ts';

export interface BedrockMessage {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

/** Turns as Converse's messages, which alternate; words of the system before the first other turn stand apart. */
export function toMessages(turns: readonly Turn[]): { readonly system: readonly JsonObject[]; readonly messages: readonly BedrockMessage[] } {
  const system: JsonObject[] = [];
  const messages: BedrockMessage[] = [];
  const names = new DocumentNames();
  for (const turn of turns) {
    const blocks = turn.parts.flatMap((part) => withMark(block(part, names), 'cache' in part ? part.cache : undefined));
    if (blocks.length === 0) continue;
    if ((turn.role === 'system' || turn.role === 'developer') && messages.length === 0) {
      system.push(...blocks);
      continue;
    }
    const role = turn.role === 'assistant' ? 'assistant' : 'user';
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else messages.push({ role, content: blocks });
  }
  // A prompt of system words alone is one that the user says: Converse wants a message.
  return messages.length === 0 ? { system: [], messages: [{ role: 'user', content: system }] } : { system, messages };
}

/** A mark stands behind what it closes. */
function withMark(blocks: JsonObject[], mark: CacheMark | undefined): JsonObject[] {
  return mark === undefined || blocks.length === 0 ? blocks : [...blocks, cachePoint(mark)];
}

export function cachePoint(mark: CacheMark): JsonObject {
  return { cachePoint: { type: 'default', ...(mark.ttl !== null && { ttl: mark.ttl }) } };
}

function block(part: Part, names: DocumentNames): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      // Converse refuses blank text.
      return part.text.trim() === '' ? [] : [{ text: part.text }];
    case 'image':
      return [image(part)];
    case 'file':
      return [document(part, names)];
    case 'tool_call':
      return [{ toolUse: { toolUseId: plainCallId(part.id), name: part.name, input: inputOf(part.input) } }];
    case 'tool_result':
      return [{
        toolResult: {
          toolUseId: plainCallId(part.callId), status: part.isError ? 'error' : 'success',
          content: part.content.map((one) => (one.type === 'text' ? { text: one.text } : one.type === 'image' ? image(one) : document(one, names))),
        },
      }];
    case 'reasoning':
      if (part.sealed?.dialect !== 'bedrock') return [];
      return [{ reasoningContent: part.sealed.kind === 'redacted' ? { redactedContent: part.sealed.value } : { reasoningText: { text: part.text, signature: part.sealed.value } } }];
    case 'native':
      return [];
  }
}

function image({ source }: ImagePart): JsonObject {
  const type = source.kind === 'base64' ? source.mediaType : 'image/png';
  return { image: { format: type.replace(/^image\//, '').replace('jpg', 'jpeg'), source: { bytes: source.kind === 'base64' ? source.data : '' } } };
}

/** Documents by Converse's words for their form (`DocumentFormat`). */
export const FORMATS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf', 'text/csv': 'csv', 'text/html': 'html', 'text/plain': 'txt', 'text/markdown': 'md', 'application/msword': 'doc', 'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};

function document({ source, name }: FilePart, names: DocumentNames): JsonObject {
  const type = source.kind === 'base64' ? source.mediaType : 'application/pdf';
  return { document: { format: FORMATS[type] ?? 'pdf', name: names.of(name ?? 'document'), source: { bytes: source.kind === 'base64' ? source.data : '' } } };
}

/** Converse takes few characters in a document's name, and each name once. */
class DocumentNames {
  readonly #taken = new Set<string>();

  of(wanted: string): string {
    const plain = wanted.replace(/\.[A-Za-z0-9]+$/, '').replace(/[^A-Za-z0-9()[\]-]+/g, ' ').trim().slice(0, 190) || 'document';
    let name = plain;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${plain} (${number})`;
    this.#taken.add(name);
    return name;
  }
}

function inputOf(input: string): JsonObject {
  return input.trim() === '' ? {} : (exactObject(input) ?? { input });
}
