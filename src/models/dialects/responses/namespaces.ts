import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '../../request/json.ts';

/** A tool by its namespace and its name there. */
export interface SpacedName {
  readonly namespace: string;
  readonly name: string;
}

/** What OpenAI's chat completions, Gemini and Bedrock take as a tool's name at most. */
const MOST_CHARACTERS = 64;
const DIGEST_CHARACTERS = 8;

/** The name of a tool of a namespace for dialects without namespaces: it tells the model both. */
export function flatName({ namespace, name }: SpacedName): string {
  const both = `${namespace}__${name}`;
  if (both.length <= MOST_CHARACTERS) return both;
  return `${both.slice(0, MOST_CHARACTERS - DIGEST_CHARACTERS - 1)}_${createHash('sha256').update(both).digest('hex').slice(0, DIGEST_CHARACTERS)}`;
}

/** The name under which a call or a choice names its tool there. */
export function nameIn({ namespace, name }: JsonObject): string {
  return typeof namespace === 'string' && namespace !== '' ? flatName({ namespace, name: String(name) }) : String(name);
}

/** Tools of a body's namespaces by their flat names, so that calls of them go back as they are known. A tool outside of any namespace keeps its name. */
export function spacedNames(tools: unknown): ReadonlyMap<string, SpacedName> {
  const found = new Map<string, SpacedName>();
  if (!Array.isArray(tools)) return found;
  for (const tool of tools as unknown[]) {
    if (!isObject(tool) || tool['type'] !== 'namespace' || typeof tool['name'] !== 'string' || !Array.isArray(tool['tools'])) continue;
    for (const inner of tool['tools'] as unknown[]) {
      if (!isObject(inner) || typeof inner['name'] !== 'string') continue;
      const name = { namespace: tool['name'], name: inner['name'] };
      found.set(flatName(name), name);
    }
  }
  for (const tool of tools as unknown[]) if (isObject(tool) && tool['type'] !== 'namespace' && typeof tool['name'] === 'string') found.delete(tool['name']);
  return found;
}
