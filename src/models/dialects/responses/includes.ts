import type { JsonObject } from '../../request/json.ts';

/** Whether the caller asked for more than a response shows by itself. */
export function includes(body: JsonObject, what: 'reasoning.encrypted_content' | 'message.output_text.logprobs'): boolean {
  return Array.isArray(body['include']) && body['include'].includes(what);
}

/**
 * An item as a caller sees it: opaque state only where it was asked for. What is kept for the next call has it always.
 * @param encrypted whether it was asked for.
 */
export function shownItem(item: unknown, encrypted: boolean): unknown {
  if (encrypted || typeof item !== 'object' || item === null || !('encrypted_content' in item) || !('type' in item) || item.type !== 'reasoning') return item;
  const { encrypted_content: _kept, ...shown } = item;
  return shown;
}
