import type { OpenApiContent, OpenApiDocument, OpenApiOperation } from '../../src/http/openapi/form.ts';

/**
 * TypeScript types from our own OpenAPI document, in the shape that openapi-typescript made familiar
 * (`paths`, `operations`, `components`). The document comes from zod and uses few words of JSON Schema;
 * a word that is not known here stops the generation instead of becoming `unknown`.
 */
type Schema = Readonly<Record<string, unknown>>;

/** The source of `schema.ts`, which the CLI and the console share. */
export function typesOf(document: OpenApiDocument): string {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  return [
    '// Generated from the API contract by `npm run generate`. Do not edit.',
    '',
    '/** Path and method → operation. */',
    'export interface paths {',
    ...Object.entries(document.paths).flatMap(([path, methods]) => [
      `  ${quote(path)}: {`,
      ...Object.entries(methods).map(([method, operation]) => `    ${method}: operations[${quote(operation.operationId)}];`),
      '  };',
    ]),
    '}',
    '',
    '/** The forms that recur. */',
    'export interface components {',
    '  schemas: {',
    ...Object.entries(document.components.schemas).map(([name, schema]) => `    ${name}: ${typeOf(schema, 4)};`),
    '  };',
    '}',
    '',
    '/** Operation id → what it takes and gives. */',
    'export interface operations {',
    ...operations.flatMap(operationLines),
    '}',
    '',
  ].join('\n');
}

function operationLines(operation: OpenApiOperation): string[] {
  return [
    `  /** ${operation.summary} */`,
    `  ${quote(operation.operationId)}: {`,
    '    parameters: {',
    ...['query', 'header', 'path', 'cookie'].map((where) => parameterLine(operation, where)),
    '    };',
    operation.requestBody ? `    requestBody: { content: ${contentType(operation.requestBody.content, 4)} };` : '    requestBody?: never;',
    '    responses: {',
    ...Object.entries(operation.responses).map(([status, { content }]) => `      ${status}: ${content ? `{ content: ${contentType(content, 6)} }` : '{ content?: never }'};`),
    '    };',
    '  };',
  ];
}

function parameterLine(operation: OpenApiOperation, where: string): string {
  const found = (operation.parameters ?? []).filter((parameter) => parameter.in === where);
  if (found.length === 0) return `      ${where}?: never;`;
  const optional = found.every((parameter) => !parameter.required);
  const properties = Object.fromEntries(found.map(({ name, description, schema }) => [name, description === undefined ? schema : { ...schema, description }]));
  const required = found.filter((parameter) => parameter.required).map((parameter) => parameter.name);
  return `      ${where}${optional ? '?' : ''}: ${typeOf({ type: 'object', properties, required }, 6)};`;
}

function contentType(content: OpenApiContent, indent: number): string {
  return `{ ${Object.entries(content).map(([type, { schema }]) => `${quote(type)}: ${typeOf(schema, indent)}`).join('; ')} }`;
}

/** One schema as a TypeScript type; `indent` is that of the line on which it starts. */
function typeOf(schema: Schema, indent: number): string {
  const reference = schema['$ref'];
  if (typeof reference === 'string') return `components['schemas'][${quote(reference.slice(reference.lastIndexOf('/') + 1))}]`;
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => (typeof value === 'string' ? quote(value) : JSON.stringify(value))).join(' | ');
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices)) return [...new Set(choices.map((choice: Schema) => typeOf(choice, indent)))].join(' | ');
  const type = schema['type'];
  if (Array.isArray(type)) return type.map((one: string) => typeOf({ ...schema, type: one }, indent)).join(' | ');
  switch (type) {
    case 'string': return 'string';
    case 'integer':
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': return arrayOf(typeOf((schema['items'] ?? {}) as Schema, indent));
    case 'object': return objectType(schema, indent);
    case undefined:
      if (Object.keys(schema).every((word) => word === 'description' || word === 'default')) return 'unknown';
  }
  throw new Error(`the client generator does not know this schema: ${JSON.stringify(schema)}`);
}

function objectType(schema: Schema, indent: number): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  const required = new Set((schema['required'] ?? []) as string[]);
  const more = schema['additionalProperties'];
  const pad = ' '.repeat(indent + 2);
  const lines = properties.flatMap(([name, inner]) => {
    const line = `${pad}${/^[A-Za-z_]\w*$/.test(name) ? name : quote(name)}${required.has(name) ? '' : '?'}: ${typeOf(inner, indent + 2)};`;
    return typeof inner['description'] === 'string' ? [`${pad}/** ${inner['description']} */`, line] : [line];
  });
  if (more !== undefined && more !== false) {
    lines.push(`${pad}[key: string]: ${properties.length > 0 || more === true ? 'unknown' : typeOf(more as Schema, indent + 2)};`);
  }
  return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('\n')}\n${' '.repeat(indent)}}`;
}

function arrayOf(item: string): string {
  return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
