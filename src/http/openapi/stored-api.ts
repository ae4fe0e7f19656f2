import type { OpenApiOperation } from './form.ts';
import type { JsonSchema } from './schema.ts';

/** Files, batches and feedback, described by hand as the rest of the model API is. */
const text: JsonSchema = { type: 'string' };
const object: JsonSchema = { type: 'object', additionalProperties: true };
const security = [{ key: [] }, { keyHeader: [] }, { session: [] }];
const failure = { default: { description: 'What went wrong, in the envelope of OpenAI', content: { 'application/json': { schema: { $ref: '#/components/schemas/ModelApiError' } } } } };
const answer = (description: string, schema: JsonSchema = object) => ({ 200: { description, content: { 'application/json': { schema } } }, ...failure });
const id = { name: 'id', in: 'path', required: true, schema: text } as const;
const query = (name: string, schema: JsonSchema, description?: string) => ({ name, in: 'query', schema, ...(description === undefined ? {} : { description }) }) as const;
const operation = (operationId: string, summary: string, rest: Pick<OpenApiOperation, 'parameters' | 'requestBody' | 'responses'>): OpenApiOperation => ({ operationId, tags: ['model API'], summary, security, ...rest });
const json = (schema: JsonSchema) => ({ required: true, content: { 'application/json': { schema } } });

const newBatch: JsonSchema = {
  type: 'object', required: ['input_file_id', 'endpoint', 'completion_window'],
  properties: { input_file_id: text, endpoint: text, completion_window: { type: 'string', enum: ['24h'] }, metadata: { type: 'object', additionalProperties: text }, output_expires_after: object },
};
const newFeedback: JsonSchema = {
  type: 'object', required: ['id'],
  properties: {
    id: { ...text, description: 'Of a reply, in any dialect' }, rating: { anyOf: [{ type: 'number', minimum: -1, maximum: 1 }, { type: 'string', enum: ['up', 'down'] }, { type: 'boolean' }] },
    outcome: text, comment: text, edit: { ...text, description: 'What the reply should have been' }, scenario: text, author: text, kind: text,
  },
};

export const storedApiPaths: Record<string, Record<string, OpenApiOperation>> = {
  '/v1/files': {
    get: operation('files.list', 'Files, newest first', { parameters: [query('after', text), query('limit', { type: 'integer', minimum: 1, maximum: 10_000 }), query('order', { type: 'string', enum: ['asc', 'desc'] }), query('purpose', text)], responses: answer('A page of files') }),
    post: operation('files.create', 'Upload a file; it is kept sealed', {
      requestBody: { required: true, content: { 'multipart/form-data': { schema: { type: 'object', required: ['file', 'purpose'], properties: { file: { type: 'string', format: 'binary' }, purpose: text, 'expires_after[anchor]': text, 'expires_after[seconds]': { type: 'integer' } } } } } },
      responses: answer('The file'),
    }),
  },
  '/v1/files/{id}': {
    get: operation('files.show', 'One file', { parameters: [id], responses: answer('The file') }),
    delete: operation('files.remove', 'Delete a file', { parameters: [id], responses: answer('That it is deleted') }),
  },
  '/v1/files/{id}/content': {
    get: operation('files.content', 'A file\'s bytes', { parameters: [id], responses: { 200: { description: 'OK', content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } }, ...failure } }),
  },
  '/v1/batches': {
    get: operation('batches.list', 'Batches, newest first', { parameters: [query('after', text), query('limit', { type: 'integer', minimum: 1, maximum: 100 })], responses: answer('A page of batches') }),
    post: operation('batches.create', 'Run the requests of a file within 24 hours, on spare capacity', { requestBody: json(newBatch), responses: answer('The batch') }),
  },
  '/v1/batches/{id}': { get: operation('batches.show', 'One batch', { parameters: [id], responses: answer('The batch') }) },
  '/v1/batches/{id}/cancel': { post: operation('batches.cancel', 'Cancel a batch: lines that run end, the others are not begun', { parameters: [id], responses: answer('The batch') }) },
  '/v1/feedback': { post: operation('feedback.give', 'Say how a reply was; said again, it replaces what was said', { requestBody: json(newFeedback), responses: answer('What was noted') }) },
};
