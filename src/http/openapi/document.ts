import { errorReply } from '../contract/common.ts';
import { routes, type RouteContract } from '../contract/index.ts';
import { modelApiPaths, modelApiSchemas } from './model-api.ts';
import { storedApiPaths } from './stored-api.ts';
import { nameSchemas } from './names.ts';
import type { OpenApiContent, OpenApiDocument, OpenApiOperation } from './form.ts';
import { SchemaWriter, type JsonSchema } from './schema.ts';

/**
 * The OpenAPI 3.1 document of both APIs, made from the contract. The same document is served at
 * /openapi.json and checked in as docs/reference/openapi.json, so it holds nothing of one installation.
 */
export function openApiDocument(): OpenApiDocument {
  const all: RouteContract[] = Object.values(routes);
  const schemas = new SchemaWriter(nameSchemas(all));
  const failure = { default: { description: 'What went wrong and what to do next', content: json(schemas.reply(errorReply)) } };
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of all) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route, schemas, failure);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Tandem', version: '1', description: 'The control API (/api) and the model API (/v1) of Tandem. Amounts are integer picodollars in strings; times are UTC.' },
    servers: [{ url: '/' }],
    paths: { ...modelApiPaths, ...storedApiPaths, ...paths },
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key' },
        keyHeader: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key' },
        session: { type: 'apiKey', in: 'cookie', name: 'tandem_session', description: 'The console\'s session; what changes something also needs the header x-tandem-csrf: 1' },
      },
      schemas: { ...modelApiSchemas, ...sorted(schemas.components) },
    },
  };
}

function operation(route: RouteContract, schemas: SchemaWriter, failure: OpenApiOperation['responses']): OpenApiOperation {
  const reply = route.reply ? schemas.reply(route.reply) : undefined;
  return {
    operationId: route.id,
    tags: [route.id.split('.')[0]],
    summary: route.summary,
    'x-tandem-access': route.access,
    security: route.access === 'public' ? [] : [{ key: [] }, { keyHeader: [] }, { session: [] }],
    ...parameters(route, schemas),
    ...(route.body ? { requestBody: { required: true, content: json(schemas.request(route.body)) } } : {}),
    responses: {
      [route.status]: {
        description: route.stream ? 'Server-sent events; each event\'s data has this form' : 'Done',
        ...(route.file ? { content: Object.fromEntries(route.file.map((type) => [type, { schema: { type: 'string' } }])) } : {}),
        ...(reply ? { content: route.stream ? { 'text/event-stream': { schema: reply } } : json(reply) } : {}),
      },
      ...failure,
    },
  };
}

function parameters(route: RouteContract, schemas: SchemaWriter): Pick<OpenApiOperation, 'parameters'> {
  const places = (['path', 'query'] as const).flatMap((where) => {
    const form = where === 'path' ? route.params : route.query;
    if (!form) return [];
    const { properties = {}, required = [] } = schemas.request(form) as { properties?: Record<string, JsonSchema>; required?: string[] };
    return Object.entries(properties).map(([name, { description, ...schema }]) =>
      ({ name, in: where, required: where === 'path' || required.includes(name), ...(typeof description === 'string' ? { description } : {}), schema }));
  });
  return places.length > 0 ? { parameters: places } : {};
}

function json(schema: JsonSchema): OpenApiContent {
  return { 'application/json': { schema } };
}

function sorted(components: Record<string, JsonSchema>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
}
