import type { ReasoningPart } from '../../neutral/parts.ts';
import { unwrapThought, wrapThought } from '../../neutral/sealed.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

type Sealed = NonNullable<ReasoningPart['sealed']>;

/**
 * Gemini signs the first call of each step, and from its third generation on refuses a call that comes back without. A message has no
 * field for that, so it stands where Google's own endpoint for OpenAI's clients has it (Gemini API, "OpenAI compatibility"), beside the
 * call: clients that keep messages as they got them bring it back. Nothing for the state of any other vendor.
 */
export function signedBy(sealed: Sealed | undefined): JsonObject {
  return sealed?.dialect === 'gemini' ? { extra_content: { google: { thought_signature: wrapThought({ sealed, id: null }) } } } : {};
}

/** What stands beside a call that a caller brings back; null: nothing, or another vendor's. What was not wrapped here is Google's own. */
export function signatureOf(call: unknown): Sealed | null {
  const given = givenIn(call);
  if (given === null) return null;
  const wrapped = unwrapThought(given);
  if (wrapped === undefined) return { dialect: 'gemini', kind: 'signature', value: given };
  return wrapped.sealed?.dialect === 'gemini' ? wrapped.sealed : null;
}

/** Messages without what was put beside calls here: other servers refuse fields that they do not know. The same list where there is nothing. */
export function unsigned(messages: readonly unknown[]): readonly unknown[] {
  if (!messages.some((message) => callsOf(message).some(isOurs))) return messages;
  return messages.map((message) => (isObject(message) && callsOf(message).some(isOurs) ? { ...message, tool_calls: callsOf(message).map((call) => (isOurs(call) ? without(call) : call)) } : message));
}

function callsOf(message: unknown): readonly unknown[] {
  return isObject(message) && Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
}

function isOurs(call: unknown): call is JsonObject {
  const given = givenIn(call);
  return given !== null && unwrapThought(given) !== undefined;
}

function without({ extra_content: _ours, ...call }: JsonObject): JsonObject {
  return call;
}

function givenIn(call: unknown): string | null {
  const extra = isObject(call) ? call['extra_content'] : undefined;
  const google = isObject(extra) ? extra['google'] : undefined;
  const signature = isObject(google) ? google['thought_signature'] : undefined;
  return typeof signature === 'string' && signature !== '' ? signature : null;
}
