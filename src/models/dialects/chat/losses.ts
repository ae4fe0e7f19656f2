import type { Loss } from '../../neutral/request.ts';

/** What other dialects say that chat completions have no word for. */
export const CHAT_LOSSES: readonly Loss[] = [
  { from: 'responses', to: 'chat', field: 'the role developer', effect: 'changed', why: 'it becomes system: most servers that speak chat completions know no other' },
  { from: 'every', to: 'chat', field: 'cache marks', effect: 'dropped', why: 'servers that speak chat completions cache prefixes by themselves' },
  { from: 'every', to: 'chat', field: 'sealed reasoning (signature, encrypted content)', effect: 'dropped', why: 'only the backend that made it can read it' },
  { from: 'every', to: 'chat', field: 'summaries of reasoning in the conversation', effect: 'dropped', why: 'a message has a field for thoughts only' },
  { from: 'every', to: 'chat', field: 'ids of reasoning parts', effect: 'dropped', why: 'thoughts have no ids' },
  { from: 'every', to: 'chat', field: 'images and files in a tool\'s result', effect: 'changed', why: 'a tool\'s message is text: they follow in a message of the user' },
  { from: 'every', to: 'chat', field: 'files that are named by an address', effect: 'refused', why: 'a file goes as inline data' },
  { from: 'every', to: 'chat', field: 'reasoning.summary', effect: 'dropped', why: 'whether thoughts are shown is the server\'s setting' },
  { from: 'every', to: 'chat', field: 'prompt_cache_key', effect: 'dropped', why: 'many servers refuse fields that they do not know' },
  { from: 'every', to: 'chat', field: 'metadata', effect: 'dropped', why: 'OpenAI takes it beside store alone, and other servers refuse it; labels count here' },
  { from: 'every', to: 'chat', field: 'fields without a word in the neutral form (truncation, max_tool_calls and the like)', effect: 'dropped', why: 'their meaning there is not known' },
  { from: 'messages', to: 'chat', field: 'is_error of a tool\'s result', effect: 'dropped', why: 'the result\'s text says it' },
  { from: 'messages', to: 'chat', field: 'thinking.budget_tokens', effect: 'changed', why: 'becomes reasoning_effort: low up to 2,048 tokens, medium up to 16,384, else high' },
  { from: 'messages', to: 'chat', field: 'annotations of text', effect: 'dropped', why: 'they belong to the dialect that made them' },
];
