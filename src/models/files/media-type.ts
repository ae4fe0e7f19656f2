/** What a file begins with, by its media type: PNG, JPEG, GIF and PDF by their own specifications; WebP says so after eight bytes. */
const BEGINNINGS: readonly (readonly [mediaType: string, bytes: string])[] = [
  ['image/png', '\x89PNG\r\n\x1a\n'], ['image/jpeg', '\xff\xd8\xff'], ['image/gif', 'GIF87a'], ['image/gif', 'GIF89a'], ['application/pdf', '%PDF-'],
];
/** Files of these forms are archives: only their names tell them apart. */
const ARCHIVES: Readonly<Record<string, string>> = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
};
const TEXTS: Readonly<Record<string, string>> = { csv: 'text/csv', html: 'text/html', htm: 'text/html', md: 'text/markdown', json: 'application/json' };

/** The media type of a file by its first bytes, and of archives and texts by its name. What nothing is known of is `application/octet-stream`. */
export function mediaTypeOf(bytes: Buffer, name: string): string {
  const head = bytes.toString('latin1', 0, 12);
  const found = BEGINNINGS.find(([, beginning]) => head.startsWith(beginning));
  if (found) return found[0];
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'image/webp';
  const ending = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (head.startsWith('PK\x03\x04')) return ARCHIVES[ending] ?? 'application/zip';
  return isText(bytes) ? (TEXTS[ending] ?? 'text/plain') : 'application/octet-stream';
}

/** UTF-8 without the bytes that no text has. */
function isText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
