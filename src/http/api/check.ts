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

function fieldOf(issue: z.core.$ZodIssue): string {
  const path: readonly PropertyKey[] = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`)).join('');
}

function sentence(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}
