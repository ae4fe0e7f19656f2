import type { FilePart, ImagePart, Part, TextPart, Turn } from '../../neutral/parts.ts';
import type { JsonObject } from '../../request/json.ts';
import { urlOf } from './media.ts';

/**
 * Turns as the input items of a request. The first turn's plain words of the system are `instructions`; opaque state of other
 * dialects is left out, since nobody but its maker can read it.
 */
export function writeInput(turns: readonly Turn[]): { readonly instructions: string | null; readonly input: readonly JsonObject[] } {
  const [first, ...rest] = turns;
  const [words, ...more] = first?.parts ?? [];
  if (first?.role === 'system' && words?.type === 'text' && more.length === 0) return { instructions: words.text, input: rest.flatMap(itemsOf) };
  return { instructions: null, input: turns.flatMap(itemsOf) };
}

function itemsOf({ role, parts }: Turn): JsonObject[] {
  const items: JsonObject[] = [];
  let message: Message | null = null;
  let thought: Thought | null = null;
  for (const part of parts) {
    if (part.type === 'reasoning') {
      message = null;
      const own = part.sealed?.dialect === 'responses' && part.sealed.kind === 'encrypted' ? part.sealed.value : undefined;
      // A thought that another dialect sealed, or nobody, cannot be checked by the backend: it is told to nobody.
      if (own === undefined && part.id === undefined) continue;
      if (thought === null || thought.id !== part.id) items.push((thought = { type: 'reasoning', ...(part.id !== undefined && { id: part.id }), summary: [] }));
      if (part.text !== '') addText(thought, part.form, part.text);
      if (own !== undefined) thought.encrypted_content = own;
      continue;
    }
    thought = null;
    const written = writePart(part, role);
    if (written.item) {
      message = null;
      items.push(written.item);
    } else {
      if (message === null) items.push((message = { type: 'message', role: role === 'tool' ? 'user' : role, content: [] }));
      message.content.push(written.content);
    }
  }
  return items.filter((item) => item['type'] !== 'reasoning' || item['encrypted_content'] !== undefined);
}

type Message = { type: 'message'; role: string; content: JsonObject[] };
type Thought = { type: 'reasoning'; id?: string; summary: JsonObject[]; content?: JsonObject[]; encrypted_content?: string };

function addText(thought: Thought, form: 'text' | 'summary', text: string): void {
  if (form === 'summary') thought.summary.push({ type: 'summary_text', text });
  else (thought.content ??= []).push({ type: 'reasoning_text', text });
}

type Written = { readonly item: JsonObject; readonly content?: never } | { readonly content: JsonObject; readonly item?: never };

function writePart(part: Exclude<Part, { type: 'reasoning' }>, role: Turn['role']): Written {
  switch (part.type) {
    case 'tool_call':
      return { item: part.kind === 'custom' ? { type: 'custom_tool_call', call_id: part.id, name: part.name, input: part.input } : { type: 'function_call', call_id: part.id, name: part.name, arguments: part.input } };
    case 'tool_result':
      return { item: { type: 'function_call_output', call_id: part.callId, output: writeResult(part.content) } };
    case 'native':
      return { item: part.value };
    case 'refusal':
      return { content: { type: 'refusal', refusal: part.text } };
    default:
      return { content: writeContent(part, role) };
  }
}

function writeContent(part: TextPart | ImagePart | FilePart, role: Turn['role']): JsonObject {
  switch (part.type) {
    case 'text':
      return role === 'assistant' ? { type: 'output_text', text: part.text, annotations: [] } : { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', image_url: urlOf(part.source), detail: part.detail ?? 'auto' };
    case 'file':
      return { type: 'input_file', ...(part.source.kind === 'url' ? { file_url: part.source.url } : { file_data: urlOf(part.source), filename: part.name ?? 'file.pdf' }) };
  }
}

function writeResult(content: readonly (TextPart | ImagePart | FilePart)[]): unknown {
  const [only, ...more] = content;
  return only?.type === 'text' && more.length === 0 ? only.text : content.map((part) => writeContent(part, 'user'));
}
