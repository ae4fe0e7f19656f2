import type { z } from 'zod';
import { printable } from '../../base/index.ts';
import { ProviderFault } from './fault.ts';
import type { ProviderAnswer } from './provider-client.ts';

/** A good answer's JSON in the form that is needed of it; fields that nobody needs may be anything. @throws ProviderFault provider_down, unclear. */
export function readJson<T extends z.ZodType>(form: T, { text }: Pick<ProviderAnswer, 'text'>): z.infer<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProviderFault('provider_down', 'its answer is not valid JSON', { unclear: true });
  }
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ProviderFault('provider_down', `its answer is not of the documented form at ${issue?.path.join('.') ?? 'its top'}`, { unclear: true });
}

/** Words of a provider for people: bounded, without control characters. Names there may be chosen by anybody who has the account. */
export function safe(text: string | null | undefined, most = 200): string {
  return printable(text ?? '').slice(0, most);
}

/** An id that will stand in the path of a request: what is no plain id is not followed. */
export function plainId(id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) throw new ProviderFault('not_found', 'that is no id of a machine');
  return id;
}

/** A time as ISO 8601; null where there is none or it cannot be read. */
export function timeMs(text: string | null | undefined): number | null {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? null : at;
}
