import { isObject } from '../request/json.ts';

/** What Node 24 has beside TypeScript's library: the source text of values (ECMAScript proposal "JSON.parse source text access"). */
interface ExactJson {
  rawJSON(text: string): unknown;
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
}

const exact = JSON as unknown as ExactJson;
/** Numbers that may not be what they were after being parsed and written anew. */
const LONG_NUMBER = /\d{16}|\d\.\d*0\b|[\d.][eE]|-0/;

/**
 * Parses JSON so that `JSON.stringify` writes its numbers as they stood, longer ones than JavaScript's included. For what is passed
 * on without being calculated with: arguments of tools.
 */
export function exactJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as unknown;
  return exact.parse(text, (_, value, { source }) => (typeof value === 'number' && source !== undefined && String(value) !== source ? exact.rawJSON(source) : value));
}

/** The same for an object; undefined for text that is none. */
export function exactObject(text: string): Readonly<Record<string, unknown>> | undefined {
  // What is none, such as most results of tools, costs no failed parse; and a long number by itself is kept in an object, too.
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value = exactJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const LONG_INTEGER = /\d{16}/;
/** Where they matter: arguments of calls, and schemas. Looking for these words costs a tenth of looking for the digits. */
const HOLDERS = ['"tool', '"schema"'] as const;

/**
 * What keeps integers that JavaScript would round as they stand, for parsers that take a reviver; null for text without any. Where a
 * number is calculated with, such a one is no number: then it is refused, as it would be for its size.
 */
export function keepsIntegers(text: string): ((key: string, value: unknown, context?: { readonly source?: string }) => unknown) | null {
  return HOLDERS.some((word) => text.includes(word)) && LONG_INTEGER.test(text) ? keptInteger : null;
}

function keptInteger(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source !== undefined ? exact.rawJSON(context.source) : value;
}
