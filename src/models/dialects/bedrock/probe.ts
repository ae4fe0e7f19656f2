import type { BackendProbe } from '../../neutral/dialect.ts';
import { isObject } from '../../request/json.ts';

/**
 * Bedrock's runtime API has no list of models: that stands at another address, which callers' keys often may not read. Its list of
 * asynchronous calls (`ListAsyncInvokes`) is free of charge, and shows whether the address is right and the key is taken. A key that
 * is known but may not see that list is refused with `AccessDeniedException`; one that is not known, with another error
 * (`UnrecognizedClientException`, `InvalidSignatureException`, `ExpiredTokenException`: AWS, "Common errors").
 */
export const bedrockProbe: BackendProbe = {
  path: '/async-invoke?maxResults=1',
  unseen: 'Its address and key are right. Which models it has cannot be asked at this address: call one to see.',
  read({ status, headers, text }) {
    if (status === 200) return isObject(parsed(text)) ? [] : undefined;
    const type = String(headers['x-amzn-errortype'] ?? '').split(':')[0];
    return status === 403 && type === 'AccessDeniedException' ? [] : undefined;
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
