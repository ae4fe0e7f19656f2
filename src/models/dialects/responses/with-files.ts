import type { StoredMedia } from '../../neutral/parts.ts';
import type { JsonObject } from '../../request/json.ts';
import { mapParts } from '../../request/map-parts.ts';
import { demandImage } from '../demand-image.ts';

/** A body with the bytes of files in the place of their ids. @throws TandemError invalid_request for an image that is none. */
export function withFiles(body: JsonObject, files: ReadonlyMap<string, StoredMedia>): JsonObject {
  return { ...body, input: mapParts(body['input'], (part) => withFile(part, files)) };
}

function withFile(part: JsonObject, files: ReadonlyMap<string, StoredMedia>): JsonObject {
  const { type, file_id: id, ...rest } = part;
  if ((type !== 'input_image' && type !== 'input_file') || typeof id !== 'string') return part;
  const found = files.get(id);
  if (found === undefined) return part;
  const url = `data:${found.mediaType};base64,${found.data}`;
  if (type === 'input_file') return { type, ...rest, filename: found.name, file_data: url };
  demandImage(id, found);
  return { type, ...rest, image_url: url };
}
