import { BadReply } from '../../neutral/bad-reply.ts';
import type { Part, TextPart } from '../../neutral/parts.ts';
import type { FinishReason, NeutralChoice, NeutralReply } from '../../neutral/reply.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { readThought, toolCall } from './read-items.ts';
import { readUsage } from './usage.ts';

/** Why a response ended. A call of a tool waits for its result, though the response itself is complete. */
export function finishOf(response: JsonObject): FinishReason {
  const output = Array.isArray(response['output']) ? response['output'].filter(isObject) : [];
  if (response['status'] === 'incomplete') {
    const reason = isObject(response['incomplete_details']) ? response['incomplete_details']['reason'] : undefined;
    return reason === 'content_filter' ? 'content_filter' : 'length';
  }
  if (output.some(({ type }) => type === 'function_call' || type === 'custom_tool_call')) return 'tool_calls';
  const refused = output.some(({ content }) => Array.isArray(content) && content.some((part: unknown) => isObject(part) && part['type'] === 'refusal'));
  return refused ? 'refusal' : 'stop';
}

/** @throws BadReply when it is no whole answer. */
export function readResponse(text: string, native: boolean): NeutralReply {
  let response: unknown;
  try {
    response = JSON.parse(text);
  } catch {
    throw new BadReply('its answer is not valid JSON');
  }
  if (!isObject(response)) throw new BadReply('its answer is not a JSON object');
  if (response['error'] != null || response['status'] === 'failed') throw failure(response['error']);
  const { output, status, service_tier: tier } = response;
  if (!Array.isArray(output)) throw new BadReply('its answer has no output');
  if (status !== undefined && status !== 'completed' && status !== 'incomplete') throw new BadReply('its answer is not complete');
  return {
    choices: [choiceOf(response, output, native)], usage: readUsage(response['usage']), native: native ? response : null,
    serviceTier: typeof tier === 'string' ? tier : null,
  };
}

/** Codes of OpenAI's that find the request wrong (SDK 7.57, `ResponseError`): the prompt, or an image of it. */
const REFUSALS = /^invalid_prompt$|image/;

/** An error that stands inside an answer. */
export function failure(error: unknown): BadReply {
  const message = isObject(error) && typeof error['message'] === 'string' && error['message'] !== '' ? error['message'] : undefined;
  const { code, type } = isObject(error) ? error : {};
  const refused = type === 'invalid_request_error' || (typeof code === 'string' && REFUSALS.test(code));
  return new BadReply('it reported an error', { ...(message !== undefined && { said: message }), busy: code === 'rate_limit_exceeded', refused });
}

function choiceOf(response: JsonObject, output: readonly unknown[], native: boolean): NeutralChoice {
  const logprobs: unknown[] = [];
  const parts = output.flatMap((item): Part[] => (isObject(item) ? partsOf(item, logprobs, native) : []));
  return { parts, finish: finishOf(response), stopText: null, logprobs: logprobs.length > 0 ? { content: logprobs } : null };
}

function partsOf(item: JsonObject, logprobs: unknown[], native: boolean): Part[] {
  switch (item['type']) {
    case 'message': {
      const content = Array.isArray(item['content']) ? item['content'].filter(isObject) : [];
      return content.flatMap((part): Part[] => {
        if (part['type'] === 'refusal') return typeof part['refusal'] === 'string' ? [{ type: 'refusal', text: part['refusal'] }] : [];
        if (typeof part['text'] !== 'string') return [];
        if (Array.isArray(part['logprobs'])) logprobs.push(...part['logprobs']);
        const annotations = Array.isArray(part['annotations']) ? part['annotations'].filter(isObject) : [];
        return [{ type: 'text', text: part['text'], ...(annotations.length > 0 && { annotations }) } satisfies TextPart];
      });
    }
    case 'function_call':
    case 'custom_tool_call':
      return [checked(() => toolCall(item, 'its output'))];
    case 'reasoning':
      return checked(() => readThought(item, 'its output'));
    default:
      if (native) return [];
      throw new BadReply('its answer holds an item that no other dialect knows');
  }
}

function checked<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new BadReply('an item of its answer is malformed');
  }
}
