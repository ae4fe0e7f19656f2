import type { Hearing } from './callers-hear.ts';

/** One thing that a caller may ask for, in each dialect that has a word for it. */
export interface Wish {
  /** Fields of the body, put over a plain one. */
  readonly body: Readonly<Partial<Record<Hearing, Readonly<Record<string, unknown>>>>>;
  /** What is found in a request that carries it. */
  readonly sent: RegExp;
  /** Finds the row of the losses that tells of it where it is not carried. */
  readonly loss: RegExp;
  /** What it comes with, where a backend that lacks that never comes to the wish itself. */
  readonly with?: RegExp;
}

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ';
const PDF = 'JVBERi0xLjQKJSVFT0YK';
const schema = { type: 'object', properties: { unusual_field: { type: 'string' } }, required: ['unusual_field'], additionalProperties: false };
const parameters = { type: 'object', properties: { zone: { type: 'string' } } };

const inChat = (...content: object[]) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }, ...content] }] });
const inResponses = (...content: object[]) => ({ input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello' }, ...content] }] });
const inMessages = (...content: object[]) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }, ...content] }] });
const chatTool = { tools: [{ type: 'function', function: { name: 'get_time', parameters } }] };
const responsesTool = { tools: [{ type: 'function', name: 'get_time', parameters }] };
const messagesTool = { tools: [{ name: 'get_time', input_schema: parameters }] };
const called = [{ role: 'user', content: 'Look.' }, { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'get_time', input: {} }] }];
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };

/** What the body is without a wish. */
export const PLAIN: Readonly<Record<Hearing, Readonly<Record<string, unknown>>>> = {
  chat: { model: 'team/model', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] },
  responses: { model: 'team/model', max_output_tokens: 50, store: false, input: 'Hello' },
  messages: { model: 'team/model', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] },
};

export const WISHES: Readonly<Record<string, Wish>> = {
  'an image': {
    body: { chat: inChat({ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }), responses: inResponses({ type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' }), messages: inMessages(image) },
    sent: new RegExp(PNG), loss: /^images?$/,
  },
  'an image\'s detail': {
    body: { chat: inChat({ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } }), responses: inResponses({ type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'low' }) },
    sent: /"detail":"low"/, loss: /image detail/, with: /^images/,
  },
  'a file': {
    body: {
      chat: inChat({ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } }), responses: inResponses({ type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` }),
      messages: inMessages({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } }),
    },
    sent: new RegExp(PDF), loss: /^files?$/,
  },
  'an image in the result of a tool': {
    body: {
      responses: { ...responsesTool, input: [{ role: 'user', content: 'Look.' }, { type: 'function_call', call_id: 't1', name: 'get_time', arguments: '{}' }, { type: 'function_call_output', call_id: 't1', output: [{ type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' }] }] },
      messages: { ...messagesTool, messages: [...called, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [image] }] }] },
    },
    sent: new RegExp(PNG), loss: /images and files/, with: /^tools, /,
  },
  'the mark that a tool failed': {
    body: { messages: { ...messagesTool, messages: [...called, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'no', is_error: true }] }] } },
    sent: /"is_error":true|"status":"error"|"response":\{"error"/, loss: /is_error/, with: /^tools, /,
  },
  'JSON by a schema': {
    body: { chat: { response_format: { type: 'json_schema', json_schema: { name: 's', schema } } }, responses: { text: { format: { type: 'json_schema', name: 's', schema } } }, messages: { output_config: { format: { type: 'json_schema', schema } } } },
    sent: /unusual_field/, loss: /^JSON by a schema/,
  },
  'JSON without a schema': {
    body: { chat: { response_format: { type: 'json_object' } }, responses: { text: { format: { type: 'json_object' } } } }, sent: /json_object|application\/json|"jsonObject":true/, loss: /json_object|JSON without a schema/,
  },
  'a stop text': { body: { chat: { stop: 'END-OF-IT' }, messages: { stop_sequences: ['END-OF-IT'] } }, sent: /END-OF-IT/, loss: /stop texts/ },
  'a seed': { body: { chat: { seed: 424_242 } }, sent: /424242/, loss: /seed/ },
  'log probabilities': {
    body: { chat: { logprobs: true, top_logprobs: 3 }, responses: { include: ['message.output_text.logprobs'], top_logprobs: 3 } }, sent: /"(top_logprobs|logprobs)":3/, loss: /logprobs/,
  },
  'a temperature': { body: { chat: { temperature: 0.25 }, responses: { temperature: 0.25 }, messages: { temperature: 0.25 } }, sent: /"temperature":0.25/, loss: /temperature/ },
  'top_p': { body: { chat: { top_p: 0.75 }, responses: { top_p: 0.75 }, messages: { top_p: 0.75 } }, sent: /"top_?p":0.75/i, loss: /top_p/ },
  'top_k': { body: { chat: { top_k: 17 }, messages: { top_k: 17 } }, sent: /"top_?k":17/i, loss: /top_k/ },
  'penalties': { body: { chat: { frequency_penalty: 0.5 }, responses: { frequency_penalty: 0.5 } }, sent: /"frequency_?penalty":0.5/i, loss: /frequency_penalty/ },
  'a bias': { body: { chat: { logit_bias: { 5: 2 } } }, sent: /"logit_bias":\{"5":2\}/, loss: /logit_bias/ },
  'several answers': { body: { chat: { n: 2 } }, sent: /"n":2|"candidateCount":2/, loss: /n above 1/ },
  'an effort': { body: { chat: { reasoning_effort: 'low' }, responses: { reasoning: { effort: 'low' } }, messages: { output_config: { effort: 'low' } } }, sent: /"low"|"LOW"/, loss: /effort/ },
  'a budget for thinking': { body: { messages: { max_tokens: 900, thinking: { type: 'enabled', budget_tokens: 1_024 } } }, sent: /1024|"low"/, loss: /thinking/ },
  'a summary of thoughts': { body: { responses: { reasoning: { effort: 'low', summary: 'auto' } } }, sent: /"summary":"auto"|"display":"summarized"|"includeThoughts":true/, loss: /summary/, with: /^reasoning effort other/ },
  'one tool at a time': {
    body: { chat: { ...chatTool, parallel_tool_calls: false }, responses: { ...responsesTool, parallel_tool_calls: false }, messages: { ...messagesTool, tool_choice: { type: 'auto', disable_parallel_tool_use: true } } },
    sent: /"parallel_tool_calls":false|"disable_parallel_tool_use":true/, loss: /parallel_tool_calls/, with: /^tools, /,
  },
  'a tool that must be called': {
    body: { chat: { ...chatTool, tool_choice: 'required' }, responses: { ...responsesTool, tool_choice: 'required' }, messages: { ...messagesTool, tool_choice: { type: 'any' } } },
    sent: /"tool_choice":"required"|"type":"any"|"mode":"ANY"|"any":\{\}/, loss: /^tool_choice required/, with: /^tools, /,
  },
  'a strict tool': {
    body: { chat: { tools: [{ type: 'function', function: { name: 'get_time', parameters, strict: true } }] }, responses: { tools: [{ type: 'function', name: 'get_time', parameters, strict: true }] }, messages: { tools: [{ name: 'get_time', input_schema: parameters, strict: true }] } },
    sent: /"strict":true/, loss: /^strict/, with: /^tools, /,
  },
  'a custom tool': { body: { chat: { tools: [{ type: 'custom', custom: { name: 'free_text' } }] }, responses: { tools: [{ type: 'custom', name: 'free_text' }] } }, sent: /free_text/, loss: /custom tools/, with: /^tools, / },
  'a mark for the prompt cache': {
    body: { chat: inChat({ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral' } }), responses: inResponses({ type: 'input_text', text: 'Long.', prompt_cache_breakpoint: { mode: 'explicit' } }), messages: inMessages({ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral' } }) },
    sent: /cache_control|cachePoint|prompt_cache_breakpoint/, loss: /cache marks|cache_control/,
  },
  'a key for the prompt cache': { body: { chat: { prompt_cache_key: 'key-of-a-cache' }, responses: { prompt_cache_key: 'key-of-a-cache' } }, sent: /key-of-a-cache/, loss: /prompt_cache_key/ },
  'a user': { body: { chat: { safety_identifier: 'user-7' }, responses: { safety_identifier: 'user-7' }, messages: { metadata: { user_id: 'user-7' } } }, sent: /user-7/, loss: /^user/ },
  'labels': { body: { chat: { metadata: { team: 'blue' } }, responses: { metadata: { team: 'blue' } }, messages: { metadata: { team: 'blue' } } }, sent: /"team":"blue"/, loss: /metadata/ },
  'words of Codex about itself': { body: { responses: { client_metadata: { installation: 'words-of-codex' } } }, sent: /words-of-codex/, loss: /client_metadata|without a word/ },
  'options of the prompt cache': { body: { chat: { prompt_cache_options: { mode: 'implicit' } }, responses: { prompt_cache_options: { mode: 'implicit' } } }, sent: /prompt_cache_options/, loss: /prompt_cache_options|without a word/ },
  'a verbosity': { body: { chat: { verbosity: 'low' }, responses: { text: { verbosity: 'low' } } }, sent: /"verbosity":"low"/, loss: /verbosity/ },
  'a name of a turn': { body: { chat: { messages: [{ role: 'user', name: 'bob', content: 'Hello' }] } }, sent: /"name":"bob"/, loss: /name of a turn/ },
  'system words in the middle': {
    body: { chat: { messages: [{ role: 'user', content: 'a' }, { role: 'system', content: 'Now in French.' }, { role: 'user', content: 'b' }] }, responses: { input: [{ role: 'user', content: 'a' }, { role: 'developer', content: 'Now in French.' }, { role: 'user', content: 'b' }] } },
    sent: /Now in French/, loss: /system or developer words/,
  },
  'a prediction': { body: { chat: { prediction: { type: 'content', content: 'foreseen' } } }, sent: /foreseen/, loss: /prediction/ },
  'a way to shorten the prompt': { body: { responses: { truncation: 'auto' } }, sent: /"truncation":"auto"/, loss: /truncation/ },
  'a bound on calls of tools': { body: { responses: { ...responsesTool, max_tool_calls: 3 } }, sent: /"max_tool_calls":3/, loss: /max_tool_calls/, with: /^tools, / },
  'a field that nobody knows': { body: { chat: { brand_new_field: 1 }, responses: { brand_new_field: 1 }, messages: { brand_new_field: 1 } }, sent: /brand_new_field/, loss: /without a word/ },
};
