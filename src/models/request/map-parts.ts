import { isObject, type JsonObject } from './json.ts';

/** Where the parts of messages and items stand, in every dialect. What a tool was called with is no part. */
const HOLDERS = ['content', 'output', 'source'] as const;

/** Messages or items with each part, however deep it stands, replaced by what `replace` makes of it. */
export function mapParts(value: unknown, replace: (part: JsonObject) => JsonObject): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => mapParts(one, replace));
  if (!isObject(value)) return value;
  const made: { [field: string]: unknown } = { ...replace(value) };
  for (const field of HOLDERS) if (typeof made[field] === 'object' && made[field] !== null) made[field] = mapParts(made[field], replace);
  return made;
}
