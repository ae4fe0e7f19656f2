import type { CacheMark, FilePart, ImagePart, Part, TextPart, Turn } from '../../neutral/parts.ts';
import type { Conversation, OutputFormat, Sampling, Tool, ToolChoice } from '../../neutral/request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { signatureOf } from './signed-calls.ts';
import { oldCallId, readCalls } from './tool-calls.ts';

/** Fields that the neutral form has words for, in the conversation or beside it. */
const KNOWN = new Set([
  'model', 'messages', 'max_tokens', 'max_completion_tokens', 'n', 'stream', 'stream_options', 'temperature', 'top_p', 'top_k', 'frequency_penalty', 'presence_penalty', 'seed', 'stop',
  'logit_bias', 'logprobs', 'top_logprobs', 'response_format', 'tools', 'tool_choice', 'parallel_tool_calls', 'functions', 'function_call', 'reasoning_effort', 'verbosity',
  'user', 'safety_identifier', 'prompt_cache_key', 'metadata', 'service_tier', 'store', 'modalities',
]);

/** The neutral form of a checked body of chat completions. */
export function readConversation(body: JsonObject): Conversation {
  const stop = body['stop'];
  const effort = body['reasoning_effort'];
  const rest: Record<string, unknown> = {};
  for (const field in body) if (!KNOWN.has(field) && body[field] !== null) rest[field] = body[field];
  return {
    turns: readTurns(body['messages'] as readonly JsonObject[]),
    tools: readTools(body),
    toolChoice: readToolChoice(body),
    parallelToolCalls: typeof body['parallel_tool_calls'] === 'boolean' ? body['parallel_tool_calls'] : null,
    stop: typeof stop === 'string' ? [stop] : Array.isArray(stop) ? (stop as string[]) : [],
    format: readFormat(body['response_format']),
    sampling: readSampling(body),
    reasoning: typeof effort === 'string' ? { effort, budgetTokens: null, summary: null, mode: null } : null,
    verbosity: typeof body['verbosity'] === 'string' ? body['verbosity'] : null,
    rest,
  };
}

function readTurns(messages: readonly JsonObject[]): Turn[] {
  const turns: { role: Turn['role']; parts: Part[]; name?: string }[] = [];
  for (const message of messages) {
    const role = message['role'];
    if (role === 'tool' || role === 'function') {
      const last = turns.at(-1);
      const callId = role === 'tool' ? String(message['tool_call_id']) : oldCallId(String(message['name'] ?? ''));
      const content = readContent(message['content']).filter((part): part is TextPart | ImagePart | FilePart => part.type === 'text' || part.type === 'image' || part.type === 'file');
      const result: Part = { type: 'tool_result', callId, content, isError: false };
      if (last?.role === 'tool') last.parts.push(result);
      else turns.push({ role: 'tool', parts: [result] });
      continue;
    }
    const name = message['name'];
    turns.push({
      role: role as Turn['role'], ...(typeof name === 'string' && { name }),
      parts: role === 'assistant' ? assistantParts(message) : readContent(message['content']),
    });
  }
  return turns;
}

function assistantParts(message: JsonObject): Part[] {
  const thought = message['reasoning_content'] ?? message['reasoning'];
  const refusal = message['refusal'];
  return [
    ...(typeof thought === 'string' && thought !== '' ? [{ type: 'reasoning', text: thought, form: 'text' } as const] : []),
    ...readContent(message['content']),
    ...(typeof refusal === 'string' && refusal !== '' ? [{ type: 'refusal', text: refusal } as const] : []),
    ...signedCalls(message),
  ];
}

/** Calls, each behind the thought that was signed for it. */
function signedCalls(message: JsonObject): Part[] {
  const given: unknown[] = Array.isArray(message['tool_calls']) ? message['tool_calls'].filter(isObject) : [];
  return readCalls(message).flatMap((call, at): Part[] => {
    const sealed = signatureOf(given[at]);
    return sealed === null ? [call] : [{ type: 'reasoning', text: '', form: 'text', sealed }, call];
  });
}

function readContent(content: unknown): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.filter(isObject).map(readPart) : [];
}

function readPart(part: JsonObject): Part {
  const cache = readCache(part['cache_control']);
  const image = part['image_url'];
  if (part['type'] === 'image_url' && isObject(image)) {
    const detail = image['detail'];
    return { type: 'image', source: readSource(String(image['url'])), ...(isDetail(detail) && { detail }), ...(cache && { cache }) };
  }
  const file = part['file'];
  if (part['type'] === 'file' && isObject(file)) return { type: 'file', source: readFile(file), ...(typeof file['filename'] === 'string' && { name: file['filename'] }), ...(cache && { cache }) };
  if (part['type'] === 'refusal') return { type: 'refusal', text: String(part['refusal']) };
  return { type: 'text', text: String(part['text'] ?? ''), ...(cache && { cache }) };
}

function readSource(url: string): ImagePart['source'] {
  const inline = /^data:([^;,]+);base64,/i.exec(url);
  return inline ? { kind: 'base64', mediaType: inline[1]!, data: url.slice(inline[0].length) } : { kind: 'url', url };
}

function readFile(file: JsonObject): FilePart['source'] {
  return typeof file['file_id'] === 'string' ? { kind: 'file', id: file['file_id'] } : readSource(String(file['file_data']));
}

/** OpenAI's own form has no such field; gateways and SDKs pass Anthropic's on in it. */
function readCache(given: unknown): CacheMark | undefined {
  if (!isObject(given) || given['type'] !== 'ephemeral') return undefined;
  return { ttl: given['ttl'] === '5m' || given['ttl'] === '1h' ? given['ttl'] : null };
}

function isDetail(value: unknown): value is 'low' | 'high' | 'auto' | 'original' {
  return value === 'low' || value === 'high' || value === 'auto' || value === 'original';
}

/** `functions` is the form before `tools`. */
function readTools(body: JsonObject): Tool[] {
  const old = Array.isArray(body['functions']) ? body['functions'].map((given: unknown) => ({ type: 'function', function: given })) : [];
  const tools: unknown[] = [...(Array.isArray(body['tools']) ? body['tools'] : []), ...old];
  return tools.filter(isObject).map((tool): Tool => {
    const given = tool['function'];
    if (tool['type'] === 'function' && isObject(given)) {
      const cache = readCache(tool['cache_control']);
      return {
        type: 'function', name: String(given['name'] ?? ''), ...(typeof given['description'] === 'string' && { description: given['description'] }),
        ...(isObject(given['parameters']) && { parameters: given['parameters'] }), ...(typeof given['strict'] === 'boolean' && { strict: given['strict'] }), ...(cache && { cache }),
      };
    }
    const custom = tool['custom'];
    if (tool['type'] === 'custom' && isObject(custom)) {
      return {
        type: 'custom', name: String(custom['name'] ?? ''), ...(typeof custom['description'] === 'string' && { description: custom['description'] }),
        ...(isObject(custom['format']) && { format: custom['format'] }),
      };
    }
    return { type: 'native', dialect: 'chat', value: tool, what: `a tool of the type ${String(tool['type'])}` };
  });
}

function readToolChoice(body: JsonObject): ToolChoice | null {
  const given = body['tool_choice'] ?? body['function_call'];
  if (given === 'auto' || given === 'none' || given === 'required') return { mode: given };
  if (!isObject(given)) return null;
  const allowed = given['allowed_tools'];
  if (isObject(allowed)) {
    const tools: unknown[] = Array.isArray(allowed['tools']) ? allowed['tools'] : [];
    return { mode: 'allowed', names: tools.filter(isObject).map((tool) => nameOf(tool)), required: allowed['mode'] === 'required' };
  }
  return { mode: 'one', name: nameOf(given) };
}

function nameOf(tool: JsonObject): string {
  const said = tool['function'] ?? tool['custom'] ?? tool;
  return isObject(said) ? String(said['name'] ?? '') : '';
}

function readFormat(given: unknown): OutputFormat {
  if (!isObject(given) || given['type'] === 'text') return { type: 'text' };
  const schema = given['json_schema'];
  if (given['type'] !== 'json_schema' || !isObject(schema)) return { type: 'json' };
  return {
    type: 'schema', name: String(schema['name']), schema: isObject(schema['schema']) ? schema['schema'] : {}, strict: typeof schema['strict'] === 'boolean' ? schema['strict'] : null,
    ...(typeof schema['description'] === 'string' && { description: schema['description'] }),
  };
}

function readSampling(body: JsonObject): Sampling {
  const number = (field: string): number | undefined => (typeof body[field] === 'number' ? body[field] : undefined);
  const temperature = number('temperature');
  const topP = number('top_p');
  const topK = number('top_k');
  const frequencyPenalty = number('frequency_penalty');
  const presencePenalty = number('presence_penalty');
  const seed = number('seed');
  return {
    ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { topP }), ...(topK !== undefined && { topK }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }), ...(presencePenalty !== undefined && { presencePenalty }), ...(seed !== undefined && { seed }),
    ...(isObject(body['logit_bias']) && { logitBias: body['logit_bias'] as Record<string, number> }),
    ...(body['logprobs'] === true && { logprobs: { top: number('top_logprobs') ?? 0 } }),
  };
}
