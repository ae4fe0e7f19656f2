import { safe } from '../answer.ts';
import { ProviderFault, type FaultKind } from '../fault.ts';
import type { ProviderAnswer } from '../provider-client.ts';
import { failure } from './forms.ts';

/** By the list in `dist/scw/errors/error-parser` of @scaleway/sdk-client 2.3.1. */
const BY_TYPE: Readonly<Record<string, FaultKind>> = {
  denied_authentication: 'bad_credentials', permissions_denied: 'bad_credentials', out_of_stock: 'no_capacity', quotas_exceeded: 'quota', not_found: 'not_found', unknown_resource: 'not_found',
  transient_state: 'busy', locked: 'busy', too_many_requests: 'busy', precondition_failed: 'refused', invalid_arguments: 'refused', invalid_request_error: 'refused', expired: 'not_found', already_exists: 'refused',
};
const BY_STATUS: Readonly<Record<number, FaultKind>> = { 401: 'bad_credentials', 403: 'bad_credentials', 404: 'not_found', 409: 'busy', 429: 'busy' };

/** What an answer that is not 2xx means. @param changes whether the request could have changed something. */
export function scalewayFault({ status, text, retryAfterMs }: ProviderAnswer, changes: boolean): ProviderFault {
  const { type, message } = read(text);
  const kind = status >= 500 ? 'provider_down' : BY_TYPE[type ?? ''] ?? BY_STATUS[status] ?? 'refused';
  return new ProviderFault(kind, `Scaleway answered ${status}${message === undefined ? '' : `: ${safe(message)}`}`, { retryAfterMs, unclear: status >= 500 && changes });
}

function read(text: string): { readonly type?: string | undefined; readonly message?: string | undefined } {
  try {
    return failure.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    return {};
  }
}
