import { checkUrl } from '../../../base/egress/index.ts';
import { unreadCharacters } from '../../neutral/bounds.ts';
import type { MediaSource } from '../../neutral/parts.ts';
import { invalid } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import type { BlockFacts } from './blocks.ts';

/**
 * Checks the `source` of an image or a document. A backend fetches what is named by a URL from its own network, so a closed address is
 * refused here; names are not resolved, since the backend would resolve them again.
 * @throws TandemError invalid_request with the place.
 */
export function checkSource(source: unknown, place: string, facts: Pick<BlockFacts, 'characters' | 'fileIds'>): void {
  if (!isObject(source)) throw invalid(`${place}.source`, 'must be an object');
  switch (source['type']) {
    case 'base64':
      if (typeof source['data'] !== 'string') throw invalid(`${place}.source.data`, 'must be a string');
      if (typeof source['media_type'] !== 'string') throw invalid(`${place}.source.media_type`, 'must be a string');
      facts.characters += unreadCharacters(source['media_type'], source['data']);
      return;
    case 'url':
      if (typeof source['url'] !== 'string') throw invalid(`${place}.source.url`, 'must be a string');
      demandPublic(source['url'], `${place}.source.url`);
      return;
    case 'file':
      // One of those that were uploaded here. The backend's account is shared by its callers, so it gets the bytes and no id.
      if (typeof source['file_id'] !== 'string') throw invalid(`${place}.source.file_id`, 'must be a string');
      (facts.fileIds ??= []).push(source['file_id']);
      return;
    default:
      throw invalid(`${place}.source.type`, 'must be base64, url or file');
  }
}

/** The neutral form of a source that was checked. */
export function sourceOf(source: JsonObject): MediaSource {
  if (source['type'] === 'file') return { kind: 'file', id: String(source['file_id']) };
  return source['type'] === 'url' ? { kind: 'url', url: String(source['url']) } : { kind: 'base64', mediaType: String(source['media_type']), data: String(source['data']) };
}

function demandPublic(url: string, place: string): void {
  try {
    checkUrl(url, { open: [] });
  } catch (error) {
    throw invalid(place, `must be a public https URL: ${error instanceof Error ? error.message.replace(/\.$/, '') : 'it is not a URL'}`);
  }
}
