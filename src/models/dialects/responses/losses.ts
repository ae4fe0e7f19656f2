import type { Loss } from '../../neutral/request.ts';

const to = 'responses' as const;

/** What a request of another dialect loses when it is written for a backend that speaks Responses (SDK 7.57, `ResponseCreateParams`). */
export const RESPONSES_LOSSES: readonly Loss[] = [
  { from: 'responses', to: 'every', field: 'namespaces of tools', effect: 'changed', why: 'Their tools get names that hold the namespace, as in crm__find, and their calls come back in it; what is said of a namespace is said of its first tool.' },
  { from: 'every', to, field: 'stop texts', effect: 'refused', why: 'The Responses API has no stop texts; leaving them out would change the answer.' },
  { from: 'every', to, field: 'n above 1', effect: 'refused', why: 'One response is one answer.' },
  { from: 'every', to, field: 'logit_bias', effect: 'refused', why: 'The Responses API has none.' },
  { from: 'every', to, field: 'presence_penalty, frequency_penalty', effect: 'refused', why: 'OpenAI\'s Responses API has none; other than zero they are refused.' },
  { from: 'every', to, field: 'seed', effect: 'dropped', why: 'The Responses API has none, and a seed is a wish by its own documentation.' },
  { from: 'every', to, field: 'top_k', effect: 'dropped', why: 'The Responses API has none.' },
  { from: 'every', to, field: 'cache marks', effect: 'dropped', why: 'Backends of this dialect cache by themselves; not all know explicit breakpoints.' },
  { from: 'every', to, field: 'name of a turn', effect: 'dropped', why: 'Messages have no names.' },
  { from: 'every', to, field: 'the result of a custom tool', effect: 'changed', why: 'It is written as a function_call_output; the neutral form does not tell the two apart.' },
  { from: 'messages', to, field: 'tool_result.is_error', effect: 'dropped', why: 'The output of a function has no such mark; the text says it.' },
  { from: 'messages', to, field: 'thinking.budget_tokens', effect: 'changed', why: 'It becomes the effort that comes nearest: below 4,096 low, below 16,384 medium, else high.' },
  { from: 'every', to, field: 'citations', effect: 'dropped', why: 'Annotations of another dialect name places that this one does not have.' },
  { from: 'every', to, field: 'opaque reasoning state of another dialect', effect: 'dropped', why: 'Only the backend that made it can read it.' },
  { from: 'every', to, field: 'fields without a word in the neutral form (prediction and the like)', effect: 'dropped', why: 'Their meaning there is not known.' },
];
