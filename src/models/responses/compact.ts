import { TandemError } from '../../base/index.ts';
import { wrapSummary } from '../dialects/responses/summary.ts';
import { invalid } from '../request/fields.ts';
import { isObject, type JsonObject } from '../request/json.ts';
import { outputItems } from './kept-response.ts';

const INSTRUCTION = 'Sum up the conversation above for a model that goes on with it and sees nothing else of it. Keep every fact, decision, name, number, open task and result of a tool that may matter later, and the wishes of the user in their own words. Write the summary only.';

/** Fields of a compaction that the call behind it has too. */
const CARRIED = ['model', 'instructions', 'prompt_cache_key', 'service_tier'] as const;

/**
 * The call that makes a summary of a conversation.
 * @param items the whole conversation.
 * @throws TandemError invalid_request
 */
export function summaryCall(body: JsonObject, items: readonly JsonObject[]): JsonObject {
  if (items.length === 0) throw invalid('input', 'must hold something to sum up');
  const carried = Object.fromEntries(CARRIED.filter((field) => body[field] != null).map((field) => [field, body[field]]));
  return { ...carried, store: false, input: [...items, { type: 'message', role: 'user', content: INSTRUCTION }] };
}

/**
 * The compacted conversation: what users said, and one item for all the rest.
 * @param response the answer to `summaryCall`.
 * @throws TandemError backend_failed when it holds no text.
 */
export function compacted(response: JsonObject, items: readonly JsonObject[], id: string): JsonObject {
  const text = outputItems({ response }).flatMap((item) => (item['type'] === 'message' && Array.isArray(item['content']) ? item['content'] : []))
    .map((part: unknown) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
  if (text.trim() === '') throw new TandemError('backend_failed', { params: { backend: String(response['model']), reason: 'it made no summary' } });
  return {
    id: `resp_${id}`, object: 'response.compaction', created_at: response['created_at'],
    output: [...items.filter(isFromUser), { type: 'compaction', id: `cmp_${id.replaceAll('-', '')}0000`, encrypted_content: wrapSummary(text) }],
    usage: response['usage'],
  };
}

function isFromUser(item: JsonObject): boolean {
  return item['type'] === 'message' && item['role'] === 'user';
}
