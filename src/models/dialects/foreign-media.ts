import type { FilePart, ImagePart, Part } from '../neutral/parts.ts';
import type { NeutralRequest } from '../neutral/request.ts';

/**
 * The first inline image or file that a backend has no word for, named for a refusal; null: there is none. What is named by an address
 * is judged when it was fetched.
 * @param takes whether it takes files of a media type.
 */
export function foreignMedia(request: NeutralRequest, takes: { readonly image: (mediaType: string) => boolean; readonly file: (mediaType: string) => boolean }): string | null {
  if (request.media.images === 0 && request.media.files === 0) return null;
  for (const { parts } of request.conversation().turns) {
    for (const { type, source } of parts.flatMap(mediaOf)) {
      if (source.kind === 'base64' && !takes[type](source.mediaType.toLowerCase())) return `${type === 'image' ? 'an image' : 'a file'} of the type ${source.mediaType.slice(0, 100)}`;
    }
  }
  return null;
}

function mediaOf(part: Part): (ImagePart | FilePart)[] {
  if (part.type === 'image' || part.type === 'file') return [part];
  return part.type === 'tool_result' ? part.content.flatMap(mediaOf) : [];
}
