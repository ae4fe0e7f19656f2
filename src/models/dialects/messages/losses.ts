import type { Loss } from '../../neutral/request.ts';

const to = (field: string, effect: Loss['effect'], why: string, from: Loss['from'] = 'every'): Loss => ({ from, to: 'messages', field, effect, why });
const out = (field: string, effect: Loss['effect'], why: string): Loss => ({ from: 'messages', to: 'every', field, effect, why });

/** What Anthropic's Messages API has no place for, and what of it has no place elsewhere. */
export const MESSAGES_LOSSES: readonly Loss[] = [
  to('system or developer words after the first turn', 'changed', 'they join the system prompt: older models have no place for them in between'),
  to('name of a turn', 'dropped', 'its turns have no names'),
  to('empty texts', 'dropped', 'it refuses them'),
  to('image detail', 'dropped', 'it chooses the resolution'),
  to('ids of tool calls', 'changed', 'characters other than letters, digits, - and _ become _'),
  to('custom tools', 'changed', 'they become functions with one text, `input`, and their calls come back as custom ones; a grammar is told in the description only'),
  to('arguments of earlier calls that are no JSON object', 'changed', 'they are sent as `{"input": …}`'),
  to('tool_choice allowed_tools', 'changed', 'only the allowed tools are sent'),
  to('refusals of earlier answers', 'changed', 'they are sent as text'),
  to('annotations of earlier answers', 'dropped', 'its citations have another form'),
  to('reasoning of earlier answers', 'dropped', 'its own signed or redacted thoughts go back to it; readable thoughts and the state of other vendors do not'),
  to('reasoning effort', 'changed', 'none switches thinking off, minimal becomes low; the others are sent as they are, with adaptive thinking (a backend with the option thinking=budget gets a budget of tokens)'),
  to('reasoning with a tool that must be called', 'dropped', 'it does not think before a call that is forced'),
  to('temperature, top_p and top_k', 'changed', 'a temperature above 1 becomes 1; beside a temperature no top_p is sent, and beside thinking none of the three'),
  to('seed, frequency_penalty, presence_penalty', 'dropped', 'it has no such parameters'),
  to('verbosity', 'dropped', 'it has no such switch'),
  to('name, description and strict of a schema', 'dropped', 'it follows the schema always'),
  to('prompt_cache_key, prompt_cache_retention, metadata (tags and scenario count here)', 'dropped', 'it takes only the user'),
  to('response_format json_object', 'refused', 'it gives JSON by a schema only'),
  to('logprobs, logit_bias', 'refused', 'it has no such parameters'),
  to('n above 1', 'refused', 'it gives one answer'),
  to('tools that another vendor runs', 'refused', 'only that vendor runs them'),
  to('diagnostics', 'dropped', 'it compares with an earlier reply by an id that callers do not see', 'messages'),
  to('anthropic-beta', 'changed', 'only features that change neither price nor place are passed on', 'messages'),
  to('thoughts that another vendor made', 'dropped', 'it checks its own signatures', 'messages'),
  out('anthropic-beta, inference_geo, speed', 'dropped', 'they name settings of Anthropic\'s own service'),
  out('cache_control, context_management', 'dropped', 'other backends cache common prefixes by themselves; long conversations are the caller\'s to shorten'),
  out('documents of plain text or of blocks, search results', 'changed', 'they become text, title first'),
  out('citations of documents', 'dropped', 'other vendors have another form of them'),
  out('settings of a tool (defer_loading, input_examples, allowed_callers, eager_input_streaming)', 'dropped', 'other dialects have no place for them'),
  out('effort max', 'changed', 'it becomes xhigh'),
  out('thinking between_tools', 'changed', 'it counts as adaptive'),
  out('tools that Anthropic defines (bash, text editor, memory, computer)', 'refused', 'only its models know them'),
  out('max_tokens: 0', 'refused', 'only Anthropic fills a cache without an answer'),
  out('usage in message_start', 'changed', 'it is zero where the backend counts at the end; message_delta has the whole figures'),
];
