import type { OpenApiOperation } from './form.ts';
import type { JsonSchema } from './schema.ts';

/**
 * The model API, described by hand: its forms are OpenAI's, checked by the `models` room, and unknown
 * fields travel on to the backend, so there is no closed schema to generate from.
 */
const text = { type: 'string' };
const whole = { type: 'integer', minimum: 0 };

const message: JsonSchema = {
  type: 'object', required: ['role'],
  properties: {
    role: { type: 'string', enum: ['system', 'developer', 'user', 'assistant', 'tool'] },
    content: { anyOf: [text, { type: 'array', items: { type: 'object', additionalProperties: true } }, { type: 'null' }] },
  },
  additionalProperties: true,
};

const usage: JsonSchema = {
  type: 'object', required: ['prompt_tokens', 'completion_tokens', 'total_tokens'],
  properties: {
    prompt_tokens: whole, completion_tokens: whole, total_tokens: whole,
    prompt_tokens_details: { type: 'object', properties: { cached_tokens: whole }, additionalProperties: true },
    completion_tokens_details: { type: 'object', properties: { reasoning_tokens: whole }, additionalProperties: true },
  },
  additionalProperties: true,
};

const receipt: JsonSchema = {
  type: 'object', description: 'Only with the request header x-tandem-receipt: 1',
  required: ['id', 'charge', 'currency', 'lines', 'timings', 'backend', 'alias'],
  properties: {
    id: text, charge: { type: 'string', description: 'Integer picodollars' }, currency: text, backend: text, alias: text,
    lines: { type: 'array', items: { type: 'object', additionalProperties: true } },
    timings: { type: 'object', properties: { queueMs: { type: ['number', 'null'] }, firstTokenMs: { type: ['number', 'null'] }, totalMs: { type: 'number' } } },
  },
};

export const modelApiSchemas: Record<string, JsonSchema> = {
  ChatMessage: message,
  ChatUsage: usage,
  ChatReceipt: receipt,
  ChatRequest: {
    type: 'object', required: ['model', 'messages'],
    properties: {
      model: { ...text, description: 'An alias from GET /v1/models, such as tandem/local' },
      messages: { type: 'array', minItems: 1, items: { $ref: '#/components/schemas/ChatMessage' } },
      stream: { type: 'boolean' },
      stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
      max_completion_tokens: { type: 'integer', minimum: 1 }, max_tokens: { type: 'integer', minimum: 1 },
      temperature: { type: 'number', minimum: 0, maximum: 2 }, top_p: { type: 'number', minimum: 0, maximum: 1 },
      seed: { type: 'integer' }, stop: { anyOf: [text, { type: 'array', items: text, maxItems: 4 }] },
      response_format: { type: 'object', additionalProperties: true },
    },
    additionalProperties: true,
  },
  EmbeddingsRequest: {
    type: 'object', required: ['model', 'input'],
    properties: {
      model: text, input: { anyOf: [text, { type: 'array', items: text }, { type: 'array', items: whole }, { type: 'array', items: { type: 'array', items: whole } }] },
      encoding_format: { type: 'string', enum: ['float', 'base64'] }, dimensions: { type: 'integer', minimum: 1 }, user: text,
    },
    additionalProperties: true,
  },
  Embeddings: {
    type: 'object', required: ['object', 'data', 'model', 'usage'],
    properties: {
      object: { type: 'string', enum: ['list'] }, model: text, usage: { type: 'object', properties: { prompt_tokens: whole, total_tokens: whole } },
      data: { type: 'array', items: { type: 'object', properties: { object: text, index: whole, embedding: { anyOf: [text, { type: 'array', items: { type: 'number' } }] } } } },
    },
  },
  Status: {
    type: 'object', required: ['object', 'now', 'state', 'data'],
    properties: {
      object: { type: 'string', enum: ['status'] }, now: text, state: { type: 'string', enum: ['ok', 'degraded', 'down'] },
      data: { type: 'array', items: { type: 'object', additionalProperties: true, properties: {
        id: text, state: text, reason: { type: ['string', 'null'] }, routes: { type: 'object', properties: { open: whole, all: whole } }, first_token_ms: { type: ['number', 'null'] }, running: whole,
      } } },
    },
  },
  ChatCompletion: {
    type: 'object', required: ['id', 'object', 'created', 'model', 'choices'],
    properties: {
      id: text, object: { type: 'string', enum: ['chat.completion'] }, created: { type: 'integer' }, model: text,
      choices: { type: 'array', items: { type: 'object', required: ['index', 'message', 'finish_reason'],
        properties: { index: whole, message: { $ref: '#/components/schemas/ChatMessage' }, finish_reason: { type: ['string', 'null'] } }, additionalProperties: true } },
      usage: { $ref: '#/components/schemas/ChatUsage' }, tandem: { $ref: '#/components/schemas/ChatReceipt' },
    },
    additionalProperties: true,
  },
  ChatChunk: {
    type: 'object', required: ['id', 'object', 'created', 'model', 'choices'],
    properties: {
      id: text, object: { type: 'string', enum: ['chat.completion.chunk'] }, created: { type: 'integer' }, model: text,
      choices: { type: 'array', items: { type: 'object', required: ['index', 'delta'],
        properties: { index: whole, delta: { type: 'object', properties: { role: text, content: { type: ['string', 'null'] } }, additionalProperties: true }, finish_reason: { type: ['string', 'null'] } }, additionalProperties: true } },
      usage: { anyOf: [{ $ref: '#/components/schemas/ChatUsage' }, { type: 'null' }] }, tandem: { $ref: '#/components/schemas/ChatReceipt' },
    },
    additionalProperties: true,
  },
  ResponseRequest: {
    type: 'object', required: ['model', 'input'],
    properties: {
      model: text, input: { anyOf: [text, { type: 'array', items: { type: 'object', additionalProperties: true } }] }, instructions: { type: ['string', 'null'] },
      previous_response_id: { ...text, description: 'Goes on from a kept response' }, store: { type: 'boolean', description: 'Default: true, for 30 days' },
      background: { type: 'boolean', description: 'Answers at once; the response is fetched later' }, stream: { type: 'boolean' },
      max_output_tokens: { type: 'integer', minimum: 1 }, temperature: { type: 'number', minimum: 0, maximum: 2 }, top_p: { type: 'number', minimum: 0, maximum: 1 },
      tools: { type: 'array', items: { type: 'object', additionalProperties: true } }, text: { type: 'object', additionalProperties: true }, reasoning: { type: 'object', additionalProperties: true },
      include: { type: 'array', items: text }, metadata: { type: 'object', additionalProperties: text },
    },
    additionalProperties: true,
  },
  Response: {
    type: 'object', required: ['id', 'object', 'created_at', 'status', 'model', 'output'],
    properties: {
      id: text, object: { type: 'string', enum: ['response'] }, created_at: { type: 'integer' }, model: text,
      status: { type: 'string', enum: ['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'] },
      output: { type: 'array', items: { type: 'object', additionalProperties: true } }, usage: { anyOf: [{ type: 'object', additionalProperties: true }, { type: 'null' }] },
    },
    additionalProperties: true,
  },
  ResponseCompaction: {
    type: 'object', required: ['id', 'object', 'created_at', 'output', 'usage'],
    properties: { id: text, object: { type: 'string', enum: ['response.compaction'] }, created_at: { type: 'integer' }, output: { type: 'array', items: { type: 'object', additionalProperties: true } }, usage: { type: 'object', additionalProperties: true } },
    additionalProperties: true,
  },
  ResponseItems: {
    type: 'object', required: ['object', 'data', 'first_id', 'last_id', 'has_more'],
    properties: { object: { type: 'string', enum: ['list'] }, data: { type: 'array', items: { type: 'object', additionalProperties: true } }, first_id: { type: ['string', 'null'] }, last_id: { type: ['string', 'null'] }, has_more: { type: 'boolean' } },
  },
  ModelCard: {
    type: 'object', required: ['id', 'object', 'created', 'owned_by'],
    properties: { id: text, object: { type: 'string', enum: ['model'] }, created: { type: 'integer' }, owned_by: text },
    additionalProperties: true,
  },
  ModelApiError: {
    type: 'object', required: ['error'],
    properties: { error: { type: 'object', required: ['message', 'type', 'param', 'code'],
      properties: { message: text, type: text, param: { type: ['string', 'null'] }, code: { type: ['string', 'null'] } } } },
  },
};

const json = (name: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } });
const failure = { default: { description: 'What went wrong, in the envelope of OpenAI', content: json('ModelApiError') } };
const security = [{ key: [] }, { keyHeader: [] }, { session: [] }];

const responseId = { name: 'id', in: 'path', required: true, schema: text } as const;

export const modelApiPaths: Record<string, Record<string, OpenApiOperation>> = {
  '/v1/chat/completions': {
    post: {
      operationId: 'chat.complete', tags: ['model API'], summary: 'Answer a conversation, streamed or whole', security,
      parameters: [
        { name: 'idempotency-key', in: 'header', schema: { type: 'string', maxLength: 255 }, description: 'A repeated call gets the same reply and is charged once' },
        { name: 'x-tandem-receipt', in: 'header', schema: { type: 'string', enum: ['1'] }, description: 'Adds what the call cost and how long it took' },
      ],
      requestBody: { required: true, content: json('ChatRequest') },
      responses: {
        200: { description: 'The answer; with stream: true, server-sent events that end with [DONE]',
          content: { ...json('ChatCompletion'), 'text/event-stream': { schema: { $ref: '#/components/schemas/ChatChunk' } } } },
        ...failure,
      },
    },
  },
  '/v1/responses': {
    post: {
      operationId: 'responses.create', tags: ['model API'], summary: 'Answer a conversation that may be kept, gone on from, and run in the background', security,
      requestBody: { required: true, content: json('ResponseRequest') },
      responses: { 200: { description: 'The response; with stream: true, its events', content: { ...json('Response'), 'text/event-stream': { schema: { type: 'object', additionalProperties: true } } } }, ...failure },
    },
  },
  '/v1/responses/compact': {
    post: {
      operationId: 'responses.compact', tags: ['model API'], summary: 'Sum a conversation up in one item', security,
      requestBody: { required: true, content: json('ResponseRequest') }, responses: { 200: { description: 'OK', content: json('ResponseCompaction') }, ...failure },
    },
  },
  '/v1/responses/{id}': {
    get: {
      operationId: 'responses.show', tags: ['model API'], summary: 'A kept response, or its events from one of them on', security,
      parameters: [
        responseId, { name: 'stream', in: 'query', schema: { type: 'string', enum: ['true'] }, description: 'Only for those made with background and stream' },
        { name: 'starting_after', in: 'query', schema: whole }, { name: 'include', in: 'query', schema: text },
      ],
      responses: { 200: { description: 'OK', content: json('Response') }, ...failure },
    },
    delete: {
      operationId: 'responses.remove', tags: ['model API'], summary: 'Remove a kept response', security, parameters: [responseId],
      responses: { 200: { description: 'OK', content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } } }, ...failure },
    },
  },
  '/v1/responses/{id}/cancel': {
    post: { operationId: 'responses.cancel', tags: ['model API'], summary: 'End a response that runs in the background', security, parameters: [responseId], responses: { 200: { description: 'OK', content: json('Response') }, ...failure } },
  },
  '/v1/responses/{id}/input_items': {
    get: {
      operationId: 'responses.items', tags: ['model API'], summary: 'What a response was made from', security,
      parameters: [responseId, { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100 } }, { name: 'order', in: 'query', schema: { type: 'string', enum: ['asc', 'desc'] } }, { name: 'after', in: 'query', schema: text }],
      responses: { 200: { description: 'OK', content: json('ResponseItems') }, ...failure },
    },
  },
  '/v1/models': {
    get: {
      operationId: 'chat.models', tags: ['model API'], summary: 'The models that this key may call', security,
      responses: {
        200: { description: 'OK', content: { 'application/json': { schema: { type: 'object', required: ['object', 'data'],
          properties: { object: { type: 'string', enum: ['list'] }, data: { type: 'array', items: { $ref: '#/components/schemas/ModelCard' } } } } } } },
        ...failure,
      },
    },
  },
  '/v1/status': {
    get: {
      operationId: 'chat.status', tags: ['model API'], summary: 'How the models that this key may call are doing: state, first token, what runs, price', security,
      responses: { 200: { description: 'OK', content: json('Status') }, ...failure },
    },
  },
  '/v1/embeddings': {
    post: {
      operationId: 'chat.embeddings', tags: ['model API'], summary: 'Embeddings, in OpenAI\'s form', security,
      requestBody: { required: true, content: json('EmbeddingsRequest') },
      responses: { 200: { description: 'OK', content: json('Embeddings') }, ...failure },
    },
  },
  '/v1/models/{id}': {
    get: {
      operationId: 'chat.model', tags: ['model API'], summary: 'One model; slashes in its id may be written as they are', security,
      parameters: [{ name: 'id', in: 'path', required: true, schema: text }],
      responses: { 200: { description: 'OK', content: json('ModelCard') }, ...failure },
    },
  },
};
