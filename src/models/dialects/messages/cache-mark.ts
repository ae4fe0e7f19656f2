import type { CacheMark } from '../../neutral/parts.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** A block's `cache_control` as a field to spread into a part; nothing where there is none. */
export function cacheMark(block: JsonObject): { readonly cache?: CacheMark } {
  const control = block['cache_control'];
  if (!isObject(control)) return {};
  const { ttl } = control;
  return { cache: { ttl: ttl === '5m' || ttl === '1h' ? ttl : null } };
}

/** The other way. */
export function cacheControl(cache: CacheMark | undefined): { readonly cache_control?: JsonObject } {
  return cache === undefined ? {} : { cache_control: { type: 'ephemeral', ...(cache.ttl !== null && { ttl: cache.ttl }) } };
}
