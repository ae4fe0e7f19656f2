import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/**
 * JSON Schemas of zod forms, for OpenAPI 3.1. Named forms become references into
 * `#/components/schemas`, collected in `components` as they are met.
 */
export class SchemaWriter {
  readonly components: Record<string, JsonSchema> = {};
  readonly #metadata: z.core.$ZodRegistry<Record<string, unknown>>;

  constructor(names: ReadonlyMap<z.core.$ZodType, string>) {
    // Descriptions stay where zod keeps them; the names are laid over them without touching its registry.
    this.#metadata = {
      get: (schema: z.core.$ZodType) => {
        const described = z.globalRegistry.get(schema);
        const name = names.get(schema);
        return name === undefined ? described : { ...described, id: name };
      },
      has: (schema: z.core.$ZodType) => names.has(schema) || z.globalRegistry.has(schema),
    } as z.core.$ZodRegistry<Record<string, unknown>>;
  }

  /** What a caller sends: fields with a default may be absent. */
  request(schema: z.core.$ZodType): JsonSchema {
    return this.#write(schema, 'input');
  }

  /** What the server answers: every field is there; later versions may add fields. */
  reply(schema: z.core.$ZodType): JsonSchema {
    return this.#write(schema, 'output');
  }

  #write(schema: z.core.$ZodType, io: 'input' | 'output'): JsonSchema {
    const written = z.toJSONSchema(schema, {
      io, target: 'draft-2020-12', metadata: this.#metadata,
      override: ({ jsonSchema }) => tidy(jsonSchema),
    }) as JsonSchema;
    const { $schema: _, $defs, ...rest } = relink(written) as JsonSchema;
    for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
      const { id: _id, ...plain } = definition;
      this.components[name] = plain;
    }
    const { id, ...inline } = rest;
    if (typeof id !== 'string') return rest;
    this.components[id] = inline;
    return { $ref: `#/components/schemas/${id}` };
  }
}

/** Takes out what readers and client generators stumble over; the server's own check stays the strict one. */
function tidy(schema: JsonSchema): void {
  // A date's pattern is half a screen long and says what `format` says.
  if (schema['format'] !== undefined) delete schema['pattern'];
  if (schema['additionalProperties'] === false) delete schema['additionalProperties'];
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  if (schema['minimum'] === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
  const keys = (schema['propertyNames'] as JsonSchema | undefined)?.['enum'];
  if (Array.isArray(keys) && schema['additionalProperties'] !== undefined && schema['required'] === undefined) {
    // A record over known keys reads better as optional fields.
    const value = schema['additionalProperties'];
    schema['properties'] = Object.fromEntries(keys.map((key) => [String(key), structuredClone(value)]));
    delete schema['propertyNames'];
    delete schema['additionalProperties'];
  }
}

function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
    [key, key === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : relink(inner)]));
}
