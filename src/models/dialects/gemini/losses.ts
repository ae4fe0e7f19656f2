import type { Loss } from '../../neutral/request.ts';

const loss = (field: string, effect: Loss['effect'], why: string): Loss => ({ from: 'every', to: 'gemini', field, effect, why });

/** What Gemini's generateContent has no place for. */
export const GEMINI_LOSSES: readonly Loss[] = [
  loss('parallel_tool_calls', 'dropped', 'it decides by itself how many tools it calls at once'),
  loss('strict (tools, schema)', 'dropped', 'it has no such switch; it follows a response schema always'),
  loss('cache_control', 'dropped', 'it caches common prefixes by itself'),
  loss('image detail', 'dropped', 'it chooses the resolution'),
  loss('user, safety_identifier, metadata, client_metadata', 'dropped', 'it takes no words about the caller'),
  loss('prompt_cache_key, prompt_cache_retention, prompt_cache_options', 'dropped', 'it caches common prefixes by itself'),
  loss('verbosity', 'dropped', 'it has no such switch'),
  loss('name of a turn', 'dropped', 'its turns have no names'),
  loss('annotations of earlier answers', 'dropped', 'it reads none'),
  loss('system or developer words after the first turn', 'changed', 'they become words of the user: only the beginning has a place of its own'),
  loss('a conversation of system words alone', 'changed', 'they become words of the user: it wants contents'),
  loss('custom tools', 'changed', 'they become functions with one text, `input`; their grammar is told in the description only'),
  loss('arguments of earlier calls that are no JSON object', 'changed', 'they are sent as `{"input": …}`'),
  loss('images and files in the result of a tool', 'changed', 'they follow the result as parts of the same turn'),
  loss('effort xhigh', 'changed', 'it becomes high'),
  loss('calls of tools that it did not sign', 'changed', 'from its third generation on they are marked as made by another model: it refuses calls without a signature'),
  loss('reasoning of earlier answers', 'dropped', 'its own opaque signatures go back to it; readable thoughts and the state of other vendors do not'),
  loss('prediction, truncation, max_tool_calls', 'dropped', 'they ask nothing of an answer'),
  loss('other fields without a word in the neutral form', 'refused', 'what they ask for is not known'),
  loss('logit_bias', 'refused', 'it has no such parameter'),
  loss('tools that one vendor runs', 'refused', 'only that vendor runs them'),
];
