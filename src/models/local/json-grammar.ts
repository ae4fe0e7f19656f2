import { TandemError } from '../../base/index.ts';

/** The schema of `response_format: {type: 'json_object'}`: one object of any form. */
export const ANY_OBJECT: object = { type: 'object' };

/** Bounds on a schema, so that compiling and walking the grammar stays cheap. */
const MAX_DEPTH = 24;
const MAX_NODES = 1000;
const MAX_REPEAT = 512;

/** Keywords that say nothing about which values are valid. */
const ANNOTATIONS = new Set(['$schema', '$id', '$comment', '$defs', 'definitions', 'title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly', 'strict', 'name']);

const BASE_RULES: Readonly<Record<string, string>> = {
  'json-char': String.raw`[^"\\\x00-\x1f\x7f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])`,
  'json-string': String.raw`"\"" json-char* "\""`,
  // Digits are bounded: a small model can otherwise write one number until its tokens run out.
  'json-integer': '"-"? ("0" | [1-9] [0-9]{0,14})',
  'json-number': 'json-integer ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
  'json-boolean': '"true" | "false"',
  'json-null': '"null"',
  'json-value': 'json-object | json-array | json-string | json-number | json-boolean | json-null',
  // One blank after a comma and a colon and none elsewhere: free white space invites endless white space.
  'json-member': 'json-string ": " json-value',
  'json-object': '"{" (json-member (", " json-member)*)? "}"',
  'json-array': '"[" (json-value (", " json-value)*)? "]"',
  'json-date': '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])',
  'json-time': '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,3})? ("Z" | [-+] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])',
  'json-hex': '[0-9a-f]',
};

const FORMATS: Readonly<Record<string, string>> = {
  date: String.raw`"\"" json-date "\""`,
  time: String.raw`"\"" json-time "\""`,
  'date-time': String.raw`"\"" json-date "T" json-time "\""`,
  uuid: String.raw`"\"" json-hex{8} "-" json-hex{4} "-" json-hex{4} "-" json-hex{4} "-" json-hex{12} "\""`,
};

type Schema = Readonly<Record<string, unknown>>;

/**
 * A JSON Schema as a GBNF grammar whose texts are all valid under it. Known: type (also a list), enum,
 * const, properties, items, prefixItems, minItems, maxItems, minLength, maxLength, anyOf, oneOf, local
 * $ref, and the formats date, time, date-time and uuid. Every named property is written, in the schema's
 * order, whether required or not; others only where no property is named.
 * @throws TandemError schema_unsupported naming the place: a keyword that cannot be kept is refused, never ignored.
 */
export function jsonGrammar(schema: object): string {
  return new GrammarWriter(schema as Schema).write();
}

class GrammarWriter {
  readonly #root: Schema;
  readonly #rules = new Map<string, string>();
  readonly #references = new Map<string, string>();
  #nodes = 0;

  constructor(root: Schema) {
    this.#root = root;
  }

  write(): string {
    this.#rules.set('root', this.#value(this.#root, '$', 0));
    const lines = [...this.#rules].map(([name, body]) => `${name} ::= ${body}`);
    const base = Object.entries(BASE_RULES).map(([name, body]) => `${name} ::= ${body}`);
    return [...lines, ...base].join('\n');
  }

  #value(node: unknown, path: string, depth: number): string {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) refuse(path, `it has more than ${MAX_NODES} parts`);
    if (depth > MAX_DEPTH) refuse(path, `it is nested deeper than ${MAX_DEPTH}`);
    if (node === true) return 'json-value';
    if (typeof node !== 'object' || node === null || Array.isArray(node)) refuse(path, 'a schema is an object');
    const schema = node as Schema;

    if (schema['$ref'] !== undefined) return this.#reference(only(schema, path, '$ref')['$ref'], path, depth);
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      if (schema[keyword] === undefined) continue;
      const choices = choiceList(only(schema, path, keyword, 'type')[keyword], `${path}.${keyword}`);
      return alternatives(choices.map((choice, index) => this.#value(choice, `${path}.${keyword}[${index}]`, depth + 1)));
    }
    if (schema['const'] !== undefined) return literal(only(schema, path, 'const', 'type')['const'], path);
    if (schema['enum'] !== undefined) {
      return alternatives(choiceList(only(schema, path, 'enum', 'type')['enum'], `${path}.enum`).map((value) => literal(value, `${path}.enum`)));
    }
    const types = schema['type'] === undefined ? impliedTypes(schema) : Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
    if (types === undefined) {
      only(schema, path);
      return 'json-value';
    }
    if (types.length === 0) refuse(`${path}.type`, 'it names no type');
    // A list of types shares one object of keywords, so all keywords of any of them are allowed.
    only(schema, path, 'type', ...types.flatMap((type) => KEYWORDS[String(type)] ?? []));
    return alternatives(types.map((type) => this.#typed(type, schema, path, depth)));
  }

  #typed(type: unknown, schema: Schema, path: string, depth: number): string {
    switch (type) {
      case 'object': return this.#object(schema, path, depth);
      case 'array': return this.#array(schema, path, depth);
      case 'string': return stringRule(schema, path);
      case 'integer': return 'json-integer';
      case 'number': return 'json-number';
      case 'boolean': return 'json-boolean';
      case 'null': return 'json-null';
      default: return refuse(`${path}.type`, 'it is object, array, string, integer, number, boolean or null');
    }
  }

  #object(schema: Schema, path: string, depth: number): string {
    const properties = schema['properties'] ?? {};
    if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) refuse(`${path}.properties`, 'it is an object');
    const named = Object.entries(properties as Schema);
    for (const required of list(schema['required'] ?? [], `${path}.required`)) {
      if (!named.some(([name]) => name === required)) refuse(`${path}.required`, `it requires "${String(required)}", which properties does not describe`);
    }
    const more = schema['additionalProperties'];
    if (named.length === 0) {
      if (more === false) return '"{}"';
      if (more === undefined || more === true) return 'json-object';
      const value = this.#value(more, `${path}.additionalProperties`, depth + 1);
      const member = this.#rule(`json-string ": " ${value}`);
      return `"{" (${member} (", " ${member})*)? "}"`;
    }
    const members = named.map(([name, property]) => {
      const value = this.#value(property, `${path}.properties.${name}`, depth + 1);
      return `${quoted(`${JSON.stringify(name)}: `)} ${value}`;
    });
    return this.#rule(`"{" ${members.join(' ", " ')} "}"`);
  }

  #array(schema: Schema, path: string, depth: number): string {
    const first = list(schema['prefixItems'] ?? [], `${path}.prefixItems`).map((item, index) => this.#value(item, `${path}.prefixItems[${index}]`, depth + 1));
    const least = bound(schema, 'minItems', path) ?? 0;
    const most = bound(schema, 'maxItems', path);
    if (most !== undefined && most < least) refuse(`${path}.maxItems`, 'it is less than minItems');
    if (most !== undefined && most < first.length) refuse(`${path}.maxItems`, 'it is less than the number of prefixItems');
    if (schema['items'] === false || most === first.length) {
      if (least > first.length) refuse(`${path}.minItems`, 'there are fewer prefixItems, and no items');
      return `"[" ${first.join(' ", " ')} "]"`;
    }
    const item = schema['items'] === undefined ? 'json-value' : this.#value(schema['items'], `${path}.items`, depth + 1);
    const named = this.#rule(item);
    const leastRest = Math.max(0, least - first.length);
    const mostRest = most === undefined ? '' : String(most - first.length - (first.length === 0 ? 1 : 0));
    if (first.length > 0) return this.#rule(`"[" ${first.join(' ", " ')} (", " ${named}){${leastRest},${mostRest}} "]"`);
    const some = `${named} (", " ${named}){${Math.max(0, leastRest - 1)},${mostRest}}`;
    return this.#rule(leastRest === 0 ? `"[" (${some})? "]"` : `"[" ${some} "]"`);
  }

  #reference(reference: unknown, path: string, depth: number): string {
    if (typeof reference !== 'string' || (reference !== '#' && !reference.startsWith('#/'))) refuse(`${path}.$ref`, 'only references within the schema are followed (#/$defs/…)');
    const known = this.#references.get(reference as string);
    if (known !== undefined) return known;
    let target: unknown = this.#root;
    for (const part of (reference as string).split('/').slice(1)) {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      target = typeof target === 'object' && target !== null && Object.hasOwn(target, name) ? (target as Schema)[name] : undefined;
    }
    if (target === undefined) refuse(`${path}.$ref`, `there is nothing at ${reference as string}`);
    // Named before it is written, so that a schema may refer to itself.
    const rule = `ref-${this.#references.size + 1}`;
    this.#references.set(reference as string, rule);
    const body = this.#value(target, reference as string, depth + 1);
    if (body === rule) refuse(`${path}.$ref`, 'it refers to itself and nothing else');
    this.#rules.set(rule, body);
    return rule;
  }

  #rule(body: string): string {
    if (/^[a-z0-9-]+$/.test(body)) return body;
    const name = `part-${this.#rules.size + 1}-${this.#nodes}`;
    this.#rules.set(name, body);
    return name;
  }
}

const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'format'],
};

function impliedTypes(schema: Schema): readonly string[] | undefined {
  const type = Object.keys(KEYWORDS).find((name) => KEYWORDS[name]!.some((keyword) => schema[keyword] !== undefined));
  return type === undefined ? undefined : [type];
}

function stringRule(schema: Schema, path: string): string {
  const least = bound(schema, 'minLength', path);
  const most = bound(schema, 'maxLength', path);
  const format = schema['format'];
  if (format !== undefined) {
    const rule = typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
    if (rule === undefined || least !== undefined || most !== undefined) refuse(`${path}.format`, `it is one of ${Object.keys(FORMATS).join(', ')}, without minLength and maxLength`);
    return rule as string;
  }
  if (least === undefined && most === undefined) return 'json-string';
  if (most !== undefined && most < (least ?? 0)) refuse(`${path}.maxLength`, 'it is less than minLength');
  return String.raw`"\"" json-char{${least ?? 0},${most ?? ''}} "\""`;
}

function bound(schema: Schema, keyword: string, path: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_REPEAT) refuse(`${path}.${keyword}`, `it is a whole number from 0 to ${MAX_REPEAT}`);
  return value as number;
}

function list(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) refuse(path, 'it is a list');
  return value as readonly unknown[];
}

function choiceList(value: unknown, path: string): readonly unknown[] {
  const choices = list(value, path);
  if (choices.length === 0) refuse(path, 'it holds nothing to choose from');
  return choices;
}

/** Refuses every keyword that is neither named here nor a mere annotation. */
function only(schema: Schema, path: string, ...known: readonly string[]): Schema {
  for (const keyword of Object.keys(schema)) {
    if (!known.includes(keyword) && !ANNOTATIONS.has(keyword)) refuse(`${path}.${keyword}`, 'this keyword is not supported here');
  }
  return schema;
}

function literal(value: unknown, path: string): string {
  if (value !== null && typeof value === 'object') refuse(path, 'only strings, numbers, booleans and null can be listed');
  return quoted(JSON.stringify(value));
}

function alternatives(rules: readonly string[]): string {
  if (rules.length === 1) return rules[0]!;
  return `(${[...new Set(rules)].join(' | ')})`;
}

/** A text as a GBNF literal. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(/[\u0000-\u001f\u007f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

function refuse(path: string, reason: string): never {
  throw new TandemError('schema_unsupported', { params: { path, reason }, param: 'response_format.json_schema.schema' });
}
