import { BadReply } from '../../neutral/bad-reply.ts';
import type { Part } from '../../neutral/parts.ts';
import type { NeutralReply } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { customInput, customTools } from './custom-tools.ts';
import { exactObject } from '../../neutral/exact-json.ts';
import { toldFault } from './reply-faults.ts';
import { finishReason } from './stop-reason.ts';
import { readUsage } from './usage.ts';

/** Reads a whole message. @throws BadReply when it is none. */
export function readWhole(text: string, request: NeutralRequest): NeutralReply {
  const reply = exactObject(text);
  if (!reply) throw new BadReply('its answer is not a JSON object');
  if (reply['type'] === 'error' || reply['error'] != null) throw toldFault(reply);
  if (!Array.isArray(reply['content'])) throw new BadReply('its answer has no content');
  const usage = readUsage(reply['usage']);
  const tier = isObject(reply['usage']) ? reply['usage']['service_tier'] : null;
  const stop = reply['stop_sequence'];
  const custom = customTools(request);
  return {
    choices: [{
      parts: reply['content'].filter(isObject).flatMap((block) => partOf(block, custom)), finish: finishReason(reply['stop_reason']) ?? 'stop',
      stopText: typeof stop === 'string' ? stop : null, logprobs: null,
    }],
    usage, native: request.dialect === 'messages' ? reply : null, serviceTier: typeof tier === 'string' ? tier : null,
  };
}

/** What only a caller of the same dialect can read is left out here: that one gets the message as it came. */
function partOf(block: JsonObject, custom: ReadonlySet<string>): Part[] {
  switch (block['type']) {
    case 'text': {
      const { citations } = block;
      return [{ type: 'text', text: String(block['text'] ?? ''), ...(Array.isArray(citations) && citations.length > 0 && { annotations: citations.filter(isObject) }) }];
    }
    case 'thinking': {
      const signature = block['signature'];
      return [{ type: 'reasoning', text: String(block['thinking'] ?? ''), form: 'text', ...(typeof signature === 'string' && signature !== '' && { sealed: { dialect: 'messages', kind: 'signature', value: signature } }) }];
    }
    case 'redacted_thinking':
      return [{ type: 'reasoning', text: '', form: 'text', sealed: { dialect: 'messages', kind: 'redacted', value: String(block['data'] ?? '') } }];
    case 'tool_use': {
      const name = String(block['name'] ?? '');
      const input = JSON.stringify(block['input'] ?? {});
      const kind = custom.has(name) ? 'custom' : 'function';
      return [{ type: 'tool_call', id: String(block['id'] ?? ''), name, input: kind === 'custom' ? customInput(input) : input, kind }];
    }
    default:
      return [];
  }
}
