import type { TargetFacts } from '../../neutral/dialect.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { unwrapThought } from '../../neutral/sealed.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { lowerBudget, mayThink } from './thinking.ts';

/** Tiers that Anthropic's API knows; the others are this server's own. */
const THEIR_TIERS: ReadonlySet<unknown> = new Set(['auto', 'standard_only']);

/** The caller's body for a backend of the same dialect: its model's name, an output limit that it allows, and nothing that is ours. */
export function nativeBody(request: NeutralRequest, target: Pick<TargetFacts, 'model'>, limit: number): JsonObject {
  const body: { [field: string]: unknown } = { ...request.body, model: target.model, max_tokens: limit };
  if (!THEIR_TIERS.has(body['service_tier'])) delete body['service_tier'];
  delete body['diagnostics'];
  if (request.user !== null) body['metadata'] = { user_id: request.user };
  else delete body['metadata'];
  const { thinking } = body;
  if (isObject(thinking) && typeof thinking['budget_tokens'] === 'number' && request.maxOutputTokens !== null && limit < request.maxOutputTokens) {
    const budget = lowerBudget(thinking['budget_tokens'], limit);
    body['thinking'] = budget === null ? { type: 'disabled' } : { ...thinking, budget_tokens: budget };
  }
  if (Array.isArray(body['messages'])) {
    const own = ownThoughts(body['messages']);
    // What the caller itself left out is Anthropic's to refuse; what was left out here must not be missed there.
    if (own !== body['messages'] && isObject(body['thinking']) && body['thinking']['type'] === 'enabled' && !mayThink(own)) delete body['thinking'];
    body['messages'] = own;
  }
  return body;
}

/** Leaves out thoughts that another vendor made in an earlier turn, whose signature this one would refuse. */
function ownThoughts(messages: readonly unknown[]): readonly unknown[] {
  if (!messages.some((message) => isObject(message) && Array.isArray(message['content']) && message['content'].some(isForeign))) return messages;
  return messages.flatMap((message) => {
    if (!isObject(message) || !Array.isArray(message['content'])) return [message];
    const content = message['content'].filter((block) => !isForeign(block));
    return content.length === 0 ? [] : [{ ...message, content }];
  });
}

function isForeign(block: unknown): boolean {
  if (!isObject(block)) return false;
  const state = block['type'] === 'thinking' ? block['signature'] : block['type'] === 'redacted_thinking' ? block['data'] : undefined;
  return typeof state === 'string' && unwrapThought(state) !== undefined;
}
