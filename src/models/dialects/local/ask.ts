import { TandemError } from '../../../base/index.ts';
import type { ChatMessage } from '../../local/index.ts';
import type { Part, Turn } from '../../neutral/parts.ts';
import type { Conversation, NeutralRequest } from '../../neutral/request.ts';
import { ChatRequest } from '../../request/chat-request.ts';
import { chatAsk, type LocalAsk } from './chat-ask.ts';

/**
 * What the local engine is asked for a request of any dialect. It reads and writes text: what else is asked for is refused by name,
 * before money is held.
 * @throws TandemError unsupported_parameter naming the first thing that it cannot do.
 */
export function localAsk(request: NeutralRequest): LocalAsk {
  if (request instanceof ChatRequest) return chatAsk(request);
  const conversation = request.conversation();
  const lacking = firstLacking(request, conversation);
  if (lacking !== null) throw new TandemError('unsupported_parameter', { param: lacking.field, params: { field: lacking.field, model: request.model, reason: lacking.reason } });
  const { sampling, stop, format, turns } = conversation;
  return {
    messages: turns.map((turn) => plainMessage(turn, request)),
    ...(sampling.temperature !== undefined && { temperature: sampling.temperature }), ...(sampling.topP !== undefined && { topP: sampling.topP }),
    ...(sampling.seed !== undefined && { seed: sampling.seed }), ...(sampling.frequencyPenalty !== undefined && { frequencyPenalty: sampling.frequencyPenalty }),
    ...(sampling.presencePenalty !== undefined && { presencePenalty: sampling.presencePenalty }), ...(stop.length > 0 && { stop }),
    ...(format.type === 'schema' && { jsonSchema: format.schema }), ...(format.type === 'json' && { jsonObject: true }),
  };
}

/** What follows is named as the caller's dialect names it. */
function firstLacking({ needs, choices, dialect }: NeutralRequest, { tools, toolChoice, reasoning, sampling }: Conversation): { field: string; reason: string } | null {
  const cannot = 'the local engine cannot do that';
  if (needs.native) return { field: needs.native.what, reason: cannot };
  if (tools.length > 0 && toolChoice?.mode !== 'none') return { field: 'tools', reason: cannot };
  if (choices !== 1) return { field: 'n', reason: cannot };
  if (sampling.logprobs) return { field: 'logprobs', reason: cannot };
  if (sampling.logitBias && Object.keys(sampling.logitBias).length > 0) return { field: 'logit_bias', reason: cannot };
  if (sampling.topK !== undefined) return { field: 'top_k', reason: cannot };
  if (reasoning && (reasoning.budgetTokens !== null || reasoning.mode === 'enabled' || (reasoning.effort !== null && reasoning.effort !== 'none'))) return { field: dialect === 'messages' ? 'thinking' : 'reasoning', reason: cannot };
  return null;
}

const KINDS: Readonly<Record<Part['type'], string | null>> = {
  text: null, refusal: null, reasoning: null, image: 'an image', file: 'a file', tool_call: 'a call of a tool', tool_result: 'the result of a tool', native: 'a part that only one dialect knows',
};

function plainMessage({ role, parts }: Turn, { model }: NeutralRequest): ChatMessage {
  const strange = parts.find((part) => KINDS[part.type] !== null);
  if (strange) {
    const what = strange.type === 'native' ? strange.what : KINDS[strange.type]!;
    throw new TandemError('unsupported_parameter', { param: 'messages', params: { field: what, model, reason: 'the local engine reads text only' } });
  }
  // Thoughts of an earlier answer are not read again.
  const texts = parts.flatMap((part) => (part.type === 'text' || part.type === 'refusal' ? [part.text] : []));
  return { role: role === 'assistant' || role === 'user' ? role : 'system', content: texts.join('\n') };
}
