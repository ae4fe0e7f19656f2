import type { BackendProbe } from '../neutral/dialect.ts';
import { isObject } from '../request/json.ts';

/**
 * A list of models as OpenAI's API gives it (`GET /models`), and Anthropic's and Google's in their own words.
 * @param list the field that holds it.
 * @param name the field of each that holds its name.
 */
export function listedIn(path: string, list: string, name: string): BackendProbe {
  return {
    path,
    read({ status, text }) {
      if (status !== 200) return undefined;
      const models = objectIn(text)?.[list];
      // Google writes `models/` before each name, and calls take it with and without.
      return Array.isArray(models) ? models.flatMap((model) => (isObject(model) && typeof model[name] === 'string' ? [model[name].replace(/^models\//, '')] : [])) : undefined;
    },
  };
}

/** What servers that speak one of OpenAI's dialects have. */
export const openaiModels = listedIn('/models', 'data', 'id');

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
