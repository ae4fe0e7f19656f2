import type { z } from 'zod';
import { TandemError } from '../base/index.ts';

/**
 * Reads this room's part of the operator's file.
 * @throws TandemError setting_invalid naming the field, never its value: it could be a secret.
 */
export function parseOperatorPart<T extends z.ZodType>(name: string, form: T, part: unknown): z.output<T> {
  const result = form.safeParse(part);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = [name, ...(issue?.path ?? [])].join('.');
  throw new TandemError('setting_invalid', { params: { name: `TANDEM_CONFIG (${field})`, reason: issue?.message ?? 'it has the wrong form' } });
}
