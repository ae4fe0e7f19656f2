import type { StoredMedia } from '../../neutral/parts.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { mapParts } from '../../request/map-parts.ts';
import { demandImage } from '../demand-image.ts';

/** A body with the bytes of files in the place of their ids. @throws TandemError invalid_request for an image that is none. */
export function withFiles(body: JsonObject, files: ReadonlyMap<string, StoredMedia>): JsonObject {
  return { ...body, messages: mapParts(body['messages'], (block) => withFile(block, files)) };
}

function withFile(block: JsonObject, files: ReadonlyMap<string, StoredMedia>): JsonObject {
  const { type, source } = block;
  if ((type !== 'image' && type !== 'document') || !isObject(source) || source['type'] !== 'file') return block;
  const id = String(source['file_id']);
  const found = files.get(id);
  if (found === undefined) return block;
  if (type === 'document') return { ...block, title: block['title'] ?? found.name, source: documentSource(found) };
  demandImage(id, found);
  return { ...block, source: { type: 'base64', media_type: found.mediaType, data: found.data } };
}

/** Plain text has a form of its own in Anthropic's API, which takes no other bytes than a PDF's. */
export function documentSource({ mediaType, data }: Pick<StoredMedia, 'mediaType' | 'data'>): JsonObject {
  if (mediaType.startsWith('text/') || mediaType === 'application/json') return { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString() };
  return { type: 'base64', media_type: mediaType, data };
}
