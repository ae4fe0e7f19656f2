import { checkUrl } from '../../../base/egress/index.ts';
import type { MediaSource } from '../../neutral/parts.ts';
import { invalid } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/**
 * Checks the `source` of an image or a document. A backend fetches what is named by a URL from its own network, so a closed address is
 * refused here; names are not resolved, since the backend would resolve them again.
 * @returns the characters of inline data, which no model reads as text.
 * @throws TandemError invalid_request with the place.
 */
export function checkSource(source: unknown, place: string): number {
  if (!isObject(source)) throw invalid(`${place}.source`, 'must be an object');
  switch (source['type']) {
    case 'base64':
      if (typeof source['data'] !== 'string') throw invalid(`${place}.source.data`, 'must be a string');
      if (typeof source['media_type'] !== 'string') throw invalid(`${place}.source.media_type`, 'must be a string');
      return source['data'].length;
    case 'url':
      if (typeof source['url'] !== 'string') throw invalid(`${place}.source.url`, 'must be a string');
      demandPublic(source['url'], `${place}.source.url`);
      return 0;
    case 'file':
      // A file's id in the backend's account would reach the files of other callers.
      throw invalid(`${place}.source.type`, 'must be base64 or url: files of the backend\'s account are shared by its callers');
    default:
      throw invalid(`${place}.source.type`, 'must be base64 or url');
  }
}

/** The neutral form of a source that was checked. */
export function sourceOf(source: JsonObject): MediaSource {
  return source['type'] === 'url' ? { kind: 'url', url: String(source['url']) } : { kind: 'base64', mediaType: String(source['media_type']), data: String(source['data']) };
}

function demandPublic(url: string, place: string): void {
  try {
    checkUrl(url, { open: [] });
  } catch (error) {
    throw invalid(place, `must be a public https URL: ${error instanceof Error ? error.message.replace(/\.$/, '') : 'it is not a URL'}`);
  }
}
