import type { StoredMedia } from '../../neutral/parts.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { mapParts } from '../../request/map-parts.ts';

/** A body with the bytes of files in the place of their ids. */
export function withFiles(body: JsonObject, files: ReadonlyMap<string, StoredMedia>): JsonObject {
  return {
    ...body,
    messages: mapParts(body['messages'], (part) => {
      const file = part['file'];
      const found = part['type'] === 'file' && isObject(file) ? files.get(String(file['file_id'])) : undefined;
      return found === undefined ? part : { ...part, file: { filename: found.name, file_data: `data:${found.mediaType};base64,${found.data}` } };
    }),
  };
}
