import type { ToolCallPart } from '../../neutral/parts.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** The calls of an assistant's message; `function_call` is the form before `tool_calls`, which has no ids. */
export function readCalls(message: JsonObject): ToolCallPart[] {
  const calls: ToolCallPart[] = [];
  const given = message['tool_calls'];
  for (const call of Array.isArray(given) ? given : []) {
    if (!isObject(call)) continue;
    const custom = isObject(call['custom']) ? call['custom'] : null;
    const said = custom ?? (isObject(call['function']) ? call['function'] : {});
    calls.push({ type: 'tool_call', id: text(call['id']), name: text(said['name']), input: text(custom ? said['input'] : said['arguments']), kind: custom ? 'custom' : 'function' });
  }
  const old = message['function_call'];
  if (isObject(old)) calls.push({ type: 'tool_call', id: oldCallId(text(old['name'])), name: text(old['name']), input: text(old['arguments']), kind: 'function' });
  return calls;
}

export function writeCall(part: ToolCallPart): JsonObject {
  return part.kind === 'custom'
    ? { id: part.id, type: 'custom', custom: { name: part.name, input: part.input } }
    : { id: part.id, type: 'function', function: { name: part.name, arguments: part.input } };
}

/** The id that stands for a `function_call` and for the message of the role `function` that answers it. */
export function oldCallId(name: string): string {
  return `function_${name}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
