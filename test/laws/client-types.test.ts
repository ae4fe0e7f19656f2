import { describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '../../src/http/openapi/form.ts';
import { typesOf } from '../../scripts/generate/types.ts';

const document = (schema: Record<string, unknown>): OpenApiDocument => ({
  paths: { '/things/{id}': { get: { operationId: 'things.show', summary: 'One thing', parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    responses: { 200: { description: 'Done', content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } } } } } },
  components: { securitySchemes: {}, schemas: { Thing: schema } },
});

describe('the client\'s types', () => {
  it('say what the schemas say', () => {
    const text = typesOf(document({
      type: 'object', required: ['id', 'kind'],
      properties: {
        id: { type: 'string', description: 'UUIDv7' }, kind: { enum: ['a', 'b\'c'] }, size: { type: ['integer', 'null'] }, parts: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'boolean' }] } },
        more: { type: 'object', additionalProperties: { type: 'number' } }, 'odd-name': { const: true }, whatever: {},
      },
    })).replace(/\s+/g, ' ');
    expect(text).toContain('/** UUIDv7 */ id: string; kind: \'a\' | \'b\\\'c\'; size?: number | null; parts?: (string | boolean)[]; more?: { [key: string]: number; }; \'odd-name\'?: true; whatever?: unknown;');
    expect(text).toContain('\'/things/{id}\': { get: operations[\'things.show\']; }');
    expect(text).toContain('path: { id: string; };');
    expect(text).toContain('200: { content: { \'application/json\': components[\'schemas\'][\'Thing\'] } };');
  });

  it('stop at a word that the generator does not know', () => {
    expect(() => typesOf(document({ not: { type: 'string' } }))).toThrow(/does not know this schema/);
  });
});
