import { checkUrl } from '../../../base/egress/index.ts';
import type { FilePart, ImagePart, MediaSource } from '../../neutral/parts.ts';
import { invalid } from '../../request/fields.ts';
import type { JsonObject } from '../../request/json.ts';

const INLINE = /^data:([\w.+-]+\/[\w.+-]+);base64,/i;
const DETAILS = new Set(['low', 'high', 'auto', 'original']);

/** An `input_image`. @throws TandemError invalid_request with the place. */
export function imageOf(part: JsonObject, place: string): ImagePart {
  const source = storedOf(part, place, 'image_url') ?? sourceOf(part['image_url'], `${place}.image_url`, 'data:image/…');
  const detail = part['detail'];
  return { type: 'image', source, ...(typeof detail === 'string' && DETAILS.has(detail) && { detail: detail as NonNullable<ImagePart['detail']> }) };
}

/** An `input_file`: its bytes inline, a public address or a file that was uploaded here. @throws TandemError invalid_request with the place. */
export function fileOf(part: JsonObject, place: string): FilePart {
  const inline = part['file_data'] != null;
  const source = storedOf(part, place, inline ? 'file_data' : 'file_url') ?? sourceOf(inline ? part['file_data'] : part['file_url'], `${place}.${inline ? 'file_data' : 'file_url'}`, 'data:application/pdf;base64,…');
  const name = part['filename'];
  return { type: 'file', source, ...(typeof name === 'string' && { name }) };
}

/** A file by its id, which stands alone. */
function storedOf(part: JsonObject, place: string, beside: string): MediaSource | null {
  const id = part['file_id'];
  if (id == null) return null;
  if (typeof id !== 'string' || part[beside] != null) throw invalid(`${place}.file_id`, `must be a string, and stand without ${beside}`);
  return { kind: 'file', id };
}

/**
 * The backend fetches what is named by a URL, from its own network: a closed address is refused here. Names are not resolved,
 * since the backend would resolve them again; backends have settings of their own for that.
 */
function sourceOf(value: unknown, place: string, inline: string): MediaSource {
  if (typeof value !== 'string') throw invalid(place, 'must be a string');
  const head = INLINE.exec(value);
  if (head) return { kind: 'base64', mediaType: head[1]!.toLowerCase(), data: value.slice(head[0].length) };
  try {
    checkUrl(value, { open: [] });
  } catch (error) {
    throw invalid(place, `must be a public https URL or inline data (${inline}): ${error instanceof Error ? error.message.replace(/\.$/, '') : 'it is not a URL'}`);
  }
  return { kind: 'url', url: value };
}

/** A source as a URL, inline where it came inline. Files that were uploaded here are bytes by now. */
export function urlOf(source: MediaSource): string {
  switch (source.kind) {
    case 'base64':
      return `data:${source.mediaType};base64,${source.data}`;
    case 'url':
      return source.url;
    case 'file':
      throw invalid('file_id', 'names no file here');
  }
}
