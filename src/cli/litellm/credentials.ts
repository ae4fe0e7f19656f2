import { isRecord, textIn, type Fields } from './fields.ts';

/** `credential_list`: keys and addresses under a name, which models give as `litellm_credential_name` (docs.litellm.ai/docs/proxy/configs, 2026-10). */
export function readCredentials(list: unknown): ReadonlyMap<string, Fields> {
  const found = new Map<string, Fields>();
  for (const one of Array.isArray(list) ? (list as unknown[]) : []) {
    const name = isRecord(one) ? textIn(one, 'credential_name') : undefined;
    if (isRecord(one) && name !== undefined) found.set(name, isRecord(one['credential_values']) ? one['credential_values'] : {});
  }
  return found;
}

/** A model's fields with those of the credential that it names; undefined: the file has no such credential. What the model says itself stands. */
export function withCredential(params: Fields, credentials: ReadonlyMap<string, Fields>): Fields | undefined {
  const { litellm_credential_name: name, ...own } = params;
  if (typeof name !== 'string') return own;
  const values = credentials.get(name);
  return values === undefined ? undefined : { ...values, ...own };
}
