import fc from 'fast-check';
import type { JsonSchema } from '../openapi/schema.ts';

/** Texts that break what does not expect them: control characters, half surrogates, numbers that are none, other languages' syntax. */
const HOSTILE = ['', '\0', 'a\0b', '\r\nset-cookie: x=1', '\ud800', '\u202ename', 'NaN', 'Infinity', '1e308', '-1', '0x10', '9007199254740993', '__proto__', 'constructor',
  '\'; drop table api_keys; --', '../../etc/passwd', '%00', '${jndi:x}', '\u{1f4a9}'.repeat(40), 'x'.repeat(5_000), 'ﬁ', '2026-02-30', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z'];

const hostileText = fc.constantFrom(...HOSTILE);
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(hostileText, fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 2 ** 53, 1e308, [], {}, [[[]]]), fc.jsonValue({ maxDepth: 2 }));

/** Values of a schema, now and then with something hostile in their place. */
export function almost(schema: JsonSchema, hostility = 0.1): fc.Arbitrary<unknown> {
  const weight = Math.round(hostility * 100);
  return fc.oneof({ weight: 100 - weight, arbitrary: valid(schema, hostility) }, { weight, arbitrary: hostileValue });
}

function valid(schema: JsonSchema, hostility: number): fc.Arbitrary<unknown> {
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices)) return fc.oneof(...choices.map((choice: JsonSchema) => valid(choice, hostility)));
  switch (schema['type']) {
    case 'null': return fc.constant(null);
    case 'boolean': return fc.boolean();
    case 'integer':
    case 'number': return fc.integer({ min: Math.ceil(Number(schema['minimum'] ?? 0)), max: Math.floor(Math.min(Number(schema['maximum'] ?? 1_000), 1_000_000)) });
    case 'string': return text(schema);
    case 'array': return fc.array(almost((schema['items'] ?? {}) as JsonSchema, hostility), { minLength: Number(schema['minItems'] ?? 0), maxLength: 3 });
    case 'object': return object(schema, hostility);
    default: return hostileValue;
  }
}

function text(schema: JsonSchema): fc.Arbitrary<string> {
  switch (schema['format']) {
    case 'uuid': return fc.uuid({ version: 7 });
    case 'date-time': return fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }).map((date) => date.toISOString());
    case 'email': return fc.constantFrom('a@example.com', 'ä@example.com', '"x y"@example.com');
    case 'uri': return fc.constantFrom('https://example.com/v1', 'http://127.0.0.1/', 'http://169.254.169.254/latest', 'file:///etc/passwd', 'http://2130706433/');
  }
  const pattern = schema['pattern'];
  if (typeof pattern === 'string' && pattern.includes('\\d')) return fc.constantFrom('0', '1', '00', '99999999999999999999999999999999999999', '-1', '2026-11', '1999-12');
  // A hostile text of the right type gets further than a value of the wrong one.
  return fc.oneof({ weight: 2, arbitrary: fc.constantFrom('tandem/local', 'USD', 'a name', 'api_keys') }, { weight: 2, arbitrary: hostileText.filter((value) => value.length <= Number(schema['maxLength'] ?? Infinity)) }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) });
}

function object(schema: JsonSchema, hostility: number): fc.Arbitrary<Record<string, unknown>> {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = new Set((schema['required'] ?? []) as string[]);
  const fields = fc.record(Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, almost(inner, hostility)])), { requiredKeys: [...required] });
  const more = schema['additionalProperties'];
  if (typeof more !== 'object' || more === null) return fields;
  return fc.dictionary(fc.oneof(fc.constantFrom('gpt-4o', 'input'), hostileText), almost(more as JsonSchema, hostility), { maxKeys: 3 });
}
