import type { Part, ReasoningPart } from '../../neutral/parts.ts';
import { wrapThought } from '../../neutral/sealed.ts';
import { isObject } from '../../request/json.ts';

/**
 * A part of an answer as a content block of a whole message, as JSON text: a tool's input is put in as the model wrote it, so that
 * long numbers in it stay what they are. Null for what has no block.
 */
export function blockJson(part: Part): string | null {
  switch (part.type) {
    // Citations of another dialect have another form, and Anthropic's own never come this way.
    case 'text':
    case 'refusal':
      return part.text === '' ? null : JSON.stringify({ type: 'text', text: part.text, citations: null });
    case 'reasoning':
      return part.sealed?.kind === 'redacted' ? JSON.stringify({ type: 'redacted_thinking', data: stateOf(part) }) : JSON.stringify({ type: 'thinking', thinking: part.text, signature: stateOf(part) });
    case 'tool_call':
      return `{"type":"tool_use","id":${JSON.stringify(part.id)},"name":${JSON.stringify(part.name)},"input":${inputJson(part.input)},"caller":{"type":"direct"}}`;
    case 'native':
      return part.dialect === 'messages' ? JSON.stringify(part.value) : null;
    default:
      return null;
  }
}

/** The opaque state as the caller keeps it: Anthropic's own as it is, another dialect's wrapped, so that it finds back. */
export function stateOf({ sealed, id }: { readonly sealed?: ReasoningPart['sealed'] | undefined; readonly id?: string | undefined }): string {
  return sealed?.dialect === 'messages' ? sealed.value : wrapThought({ sealed: sealed ?? null, id: id ?? null });
}

/** Arguments as the JSON text of an object; what is none stands in one under the name `input`. */
export function inputJson(input: string): string {
  if (input.trim() === '') return '{}';
  try {
    if (isObject(JSON.parse(input))) return input;
  } catch {
    // Models write arguments that end in the middle: the caller gets them as text.
  }
  return JSON.stringify({ input });
}
