import { z } from 'zod';
import { TandemError } from '../../base/index.ts';

/**
 * Checks one part of a request. Fields that the contract does not know are refused: a misspelt
 * `buget` must not become a key without one.
 */
export function strictly(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject ? schema.strict() : schema;
}

/** @throws TandemError invalid_request naming the first wrong field. */
export function check(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = fieldOf(issue);
  const reason = field === '' ? sentence(issue.message) : `${field}: ${sentence(issue.message)}`;
  throw new TandemError('invalid_request', { params: { reason }, ...(field === '' ? {} : { param: field }) });
}

/**
 * The same for the words of an address. A NUL can be in none of them: no name or id holds one, and Postgres takes no text with it.
 * @throws TandemError invalid_request
 */
export function checkWords(schema: z.ZodType, words: unknown): unknown {
  for (const [field, value] of Object.entries(words ?? {})) {
    if (typeof value === 'string' && value.includes('\0')) throw new TandemError('invalid_request', { param: field, params: { reason: `${field}: must hold no control characters.` } });
  }
  return check(schema, words);
}

function fieldOf(issue: z.core.$ZodIssue): string {
  const path: readonly PropertyKey[] = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`)).join('');
}

function sentence(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}
