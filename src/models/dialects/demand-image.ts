import type { StoredMedia } from '../neutral/parts.ts';
import { invalid } from '../request/fields.ts';

/** @throws TandemError invalid_request when a file that stands for an image is none. */
export function demandImage(id: string, { mediaType }: StoredMedia): void {
  if (!mediaType.startsWith('image/')) throw invalid('file_id', `must be an image (PNG, JPEG, GIF or WebP) where an image stands: ${id.slice(0, 100)} is ${mediaType}`);
}
