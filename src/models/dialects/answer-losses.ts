import type { Loss } from '../neutral/request.ts';

const loss = (from: Loss['from'], to: Loss['to'], field: string, effect: Loss['effect'], why: string): Loss => ({ of: 'answer', from, to, field, effect, why });

/** What an answer loses on its way from a backend to a caller of another dialect. */
export const ANSWER_LOSSES: readonly Loss[] = [
  loss('every', 'chat', 'tokens that were written to a cache', 'changed', 'they count as any other of the prompt: its usage has no field for them'),
  loss('every', 'chat', 'state of thoughts (signature, encrypted content)', 'dropped', 'a message has a field for readable thoughts only; what Gemini signs beside a call of a tool stands in extra_content of the call'),
  loss('every', 'responses', 'the stop text that was met', 'dropped', 'it knows no stop texts'),
  loss('messages', 'chat', 'a refusal', 'changed', 'its words are the text, and finish_reason is content_filter: Anthropic has no field of its own for them'),
  loss('messages', 'responses', 'a refusal', 'changed', 'its words are the text, and the response is incomplete for the reason content_filter'),
  loss('messages', 'every', 'citations', 'changed', 'they stand among the annotations in Anthropic\'s own form'),
  loss('every', 'messages', 'a refusal', 'changed', 'its words are the text; stop_reason is refusal'),
  loss('every', 'messages', 'an end by a filter', 'changed', 'stop_reason is refusal: there is no other word for it'),
  loss('every', 'messages', 'annotations', 'dropped', 'its citations have another form'),
  loss('every', 'messages', 'audio and image tokens', 'changed', 'they count as any other: its usage has no field for them'),
  loss('responses', 'every', 'which stop text was met', 'dropped', 'its API knows no stop texts'),
  loss('gemini', 'every', 'which stop text was met', 'dropped', 'it says STOP for every end of its own'),
  loss('bedrock', 'every', 'which of several stop texts was met', 'dropped', 'where the model does not tell it (stop_sequence in additionalModelResponseFields)'),
  loss('bedrock', 'every', 'the count of thoughts', 'changed', 'it stands within the output: Converse tells one sum'),
  loss('bedrock', 'every', 'citations', 'dropped', 'they have another form; the text itself is told'),
];
