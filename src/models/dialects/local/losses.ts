import type { Loss } from '../../neutral/request.ts';

const loss = (field: string, effect: Loss['effect'], why: string, from: Loss['from'] = 'every'): Loss => ({ from, to: 'local', field, effect, why });

/** What the local engine does not do. */
export const LOCAL_LOSSES: readonly Loss[] = [
  loss('images', 'refused', 'it reads text only'),
  loss('files', 'refused', 'it reads text only'),
  loss('tools, tool_choice, calls of tools and their results', 'refused', 'it writes text only'),
  loss('n above 1', 'refused', 'it makes one answer'),
  loss('logprobs', 'refused', 'it tells none'),
  loss('logit_bias', 'refused', 'it has no such parameter'),
  loss('top_k', 'refused', 'it has no such parameter'),
  loss('reasoning effort other than none, thinking with a budget', 'refused', 'its models do not think apart from their answer'),
  loss('verbosity, prediction and fields without a word in the neutral form', 'refused', 'it has no such switches', 'chat'),
  loss('verbosity, truncation and fields without a word in the neutral form', 'dropped', 'it has no such switches', 'responses'),
  loss('fields without a word in the neutral form', 'dropped', 'it has no such switches', 'messages'),
  loss('cache marks, prompt_cache_key, prompt_cache_options', 'dropped', 'it caches common prefixes by itself'),
  loss('user, metadata', 'dropped', 'they count here; a model does not read them'),
  loss('name of a turn', 'dropped', 'its template has no place for it'),
];
