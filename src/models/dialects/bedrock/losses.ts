import type { Loss } from '../../neutral/request.ts';

const loss = (field: string, effect: Loss['effect'], why: string): Loss => ({ from: 'every', to: 'bedrock', field, effect, why });

/** What Bedrock's Converse has no place for. */
export const BEDROCK_LOSSES: readonly Loss[] = [
  loss('seed', 'dropped', 'it has no such parameter, and a seed is a wish in every dialect'),
  loss('parallel_tool_calls', 'dropped', 'it has no such switch for all of its models'),
  loss('image detail', 'dropped', 'it has no such switch'),
  loss('user, safety_identifier, metadata, client_metadata', 'dropped', 'it takes no words about the caller'),
  loss('prompt_cache_key, prompt_cache_retention, prompt_cache_options', 'dropped', 'it caches at marks only; cache_control becomes a cache point'),
  loss('verbosity', 'dropped', 'it has no such switch'),
  loss('name of a turn', 'dropped', 'its turns have no names'),
  loss('annotations of earlier answers', 'dropped', 'it reads none'),
  loss('reasoning of earlier answers', 'dropped', 'its own signed thoughts go back to it; the state of other vendors does not'),
  loss('system or developer words after the first turn', 'changed', 'they become words of the user: only the beginning has a place of its own'),
  loss('a conversation of system words alone', 'changed', 'they become words of the user: it wants a message'),
  loss('ids of tool calls', 'changed', 'characters other than letters, digits, - and _ become _, and of a long one the last 64 stay'),
  loss('custom tools', 'changed', 'they become functions with one text, `input`; their grammar is told in the description only'),
  loss('arguments of earlier calls that are no JSON object', 'changed', 'they are sent as `{"input": …}`'),
  loss('tool_choice none, tool_choice with several allowed tools', 'changed', 'the other tools are left out of the request'),
  loss('top_k, thinking', 'changed', 'they go into additionalModelRequestFields under Anthropic\'s names'),
  loss('thinking by a budget, after a call of a tool without its signed thought', 'changed', 'the result is answered without another thought: its models demand the first one'),
  loss('name of a file', 'changed', 'it keeps letters, digits, spaces, hyphens and brackets'),
  loss('reasoning.summary', 'dropped', 'whether thoughts are shown is the model\'s own setting'),
  loss('prediction, truncation, max_tool_calls', 'dropped', 'they ask nothing of an answer'),
  loss('other fields without a word in the neutral form', 'refused', 'what they ask for is not known'),
  loss('files and images of a form that it does not read', 'refused', 'it takes PNG, JPEG, GIF and WebP; PDF, CSV, HTML, text, Markdown and office files'),
  loss('n above 1', 'refused', 'it makes one answer'),
  loss('logit_bias, logprobs, frequency_penalty, presence_penalty other than 0', 'refused', 'it has no such parameter'),
  loss('JSON without a schema', 'refused', 'it follows a schema only'),
  loss('tool_choice none after tools were called, earlier calls of tools in a request that has none', 'refused', 'it reads earlier calls only beside their tools'),
  loss('tools that one vendor runs', 'refused', 'only that vendor runs them'),
];
