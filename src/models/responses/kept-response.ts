import { isObject, type JsonObject } from '../request/json.ts';

/** A response as it is kept, sealed, under its own id. */
export interface KeptResponse {
  /** With the opaque state of thoughts, whether it is shown or not. */
  readonly response: JsonObject;
  /** What this call itself put in, each with an id; what came before stands in the response before. */
  readonly input: readonly JsonObject[];
  /** While it waits or runs in the background: the whole body that is to be answered. */
  readonly body?: JsonObject;
  /** Whether its events are kept, so that they can be read again. */
  readonly streamed?: boolean;
}

/** @throws SyntaxError when the bytes are not what was kept. */
export function readKept(value: Buffer): KeptResponse {
  return JSON.parse(value.toString()) as KeptResponse;
}

const PREFIX: Readonly<Record<string, string>> = { message: 'msg', function_call: 'fc', custom_tool_call: 'ctc', reasoning: 'rs' };
/** Numbers of input items begin here, so that they are told from those of the output. */
const FIRST_INPUT = 0x8000;

/** The input of a call as a list of items in their full form, each with an id. */
export function inputItems(input: unknown, callId: string): JsonObject[] {
  const items: unknown[] = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : Array.isArray(input) ? input : [];
  return items.filter(isObject).map((item, at) => {
    const type = typeof item['type'] === 'string' ? item['type'] : 'message';
    const id = typeof item['id'] === 'string' && item['id'] !== '' ? item['id'] : `${PREFIX[type] ?? 'item'}_${callId.replaceAll('-', '')}${(FIRST_INPUT + at).toString(16)}`;
    return type === 'message' ? { ...item, id, type, status: item['status'] ?? 'completed', content: fullContent(item) } : { ...item, id, type };
  });
}

function fullContent({ role, content }: JsonObject): unknown {
  if (typeof content !== 'string') return content;
  return [role === 'assistant' ? { type: 'output_text', text: content, annotations: [] } : { type: 'input_text', text: content }];
}

export function outputItems({ response }: Pick<KeptResponse, 'response'>): JsonObject[] {
  return Array.isArray(response['output']) ? response['output'].filter(isObject) : [];
}
