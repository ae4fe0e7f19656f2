/**
 * Replies as OpenAI's API reference publishes them (platform.openai.com/docs/api-reference/chat: "The chat completion
 * object" and "The chat completion chunk object"), and as vLLM 0.10 and llama.cpp's server write them, shortened in
 * the text of the answer only.
 */
export const COMPLETION = {
  id: 'chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG', object: 'chat.completion', created: 1741570283, model: 'gpt-4o-2024-08-06',
  choices: [{
    index: 0, message: { role: 'assistant', content: 'The image shows a wooden boardwalk path.', refusal: null, annotations: [] }, logprobs: null, finish_reason: 'stop',
  }],
  usage: {
    prompt_tokens: 1117, completion_tokens: 46, total_tokens: 1163, prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
  service_tier: 'default', system_fingerprint: 'fp_fc9f1d7035',
};

const chunk = (delta: object, finish: string | null) => ({
  id: 'chatcmpl-123', object: 'chat.completion.chunk', created: 1694268190, model: 'gpt-4o-mini', system_fingerprint: 'fp_44709d6fcb',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
});
const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;

/** With `stream_options.include_usage`: null on every chunk, and the usage in one of its own. */
export const STREAM = [
  event({ ...chunk({ role: 'assistant', content: '' }, null), usage: null }),
  event({ ...chunk({ content: 'Hello' }, null), usage: null }),
  event({ ...chunk({ content: ' wörld' }, null), usage: null }),
  event({ ...chunk({}, 'stop'), usage: null }),
  event({ ...chunk({}, null), choices: [], usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 5 } } }),
  'data: [DONE]\n\n',
];

/** llama.cpp's server: usage on the last chunk with choices, and timings of its own. */
export const LLAMA_CPP_STREAM = [
  event({ choices: [{ finish_reason: null, index: 0, delta: { role: 'assistant', content: null } }], created: 1741570283, id: 'chatcmpl-x', model: 'gguf', system_fingerprint: 'b4000', object: 'chat.completion.chunk' }),
  event({ choices: [{ finish_reason: null, index: 0, delta: { content: 'Paris' } }], created: 1741570283, id: 'chatcmpl-x', model: 'gguf', object: 'chat.completion.chunk' }),
  event({ choices: [{ finish_reason: 'stop', index: 0, delta: {} }], created: 1741570283, id: 'chatcmpl-x', model: 'gguf', object: 'chat.completion.chunk', usage: { completion_tokens: 1, prompt_tokens: 30, total_tokens: 31 }, timings: { predicted_ms: 3 } }),
  'data: [DONE]\n\n',
];

/** A server that knows nothing of `include_usage`, with CRLF and comments, as some gateways send. */
export const NO_USAGE_STREAM = [
  ': ping\r\n\r\n', `data: ${JSON.stringify(chunk({ content: 'four' }, null))}\r\n\r\n`, `data: ${JSON.stringify(chunk({ content: ' words' }, 'stop'))}\r\n\r\n`, 'data: [DONE]\r\n\r\n',
];

export const ERROR_401 = { error: { message: 'Incorrect API key provided: sk-backend-secret. You can find your API key at https://platform.openai.com/account/api-keys.', type: 'invalid_request_error', param: null, code: 'invalid_api_key' } };
export const ERROR_429 = { error: { message: 'Rate limit reached for gpt-4o', type: 'tokens', param: null, code: 'rate_limit_exceeded' } };
/** vLLM's form of an error has no envelope. */
export const VLLM_400 = { object: 'error', message: 'This model\'s maximum context length is 4096 tokens.', type: 'BadRequestError', param: null, code: 400 };
