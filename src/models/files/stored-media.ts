import { TandemError } from '../../base/index.ts';
import type { StoredMedia } from '../neutral/parts.ts';
import type { Principal } from '../ports.ts';
import type { Files } from './files.ts';
import { mediaTypeOf } from './media-type.ts';

/** More would let one small request read and hold as much as it likes. The bytes are what Gemini and Bedrock take in one request at most. */
const MOST_FILES = 20;
const MOST_BYTES = 20 * 1024 * 1024;

/**
 * The files that a request names, read whole. Their sizes are added up before the first byte is read.
 * @throws TandemError content_not_found for what is not there or another project's, invalid_request for too many or too much; what `signal` aborts with.
 */
export async function readStored(files: Pick<Files, 'open'>, principal: Principal, ids: readonly string[], signal: AbortSignal): Promise<Map<string, StoredMedia>> {
  const named = [...new Set(ids)];
  if (named.length > MOST_FILES) throw refused(`At most ${MOST_FILES} files are named by one request.`);
  const opened: (Awaited<ReturnType<Files['open']>> & { readonly id: string })[] = [];
  let bytes = 0;
  for (const id of named) {
    signal.throwIfAborted();
    const one = { id, ...(await files.open(principal, id)) };
    bytes += one.file.bytes;
    if (bytes > MOST_BYTES) throw refused(`The files that one request names have at most ${MOST_BYTES / 1024 / 1024} MiB together.`);
    opened.push(one);
  }
  const found = new Map<string, StoredMedia>();
  for (const { id, file, pieces } of opened) {
    const read: Buffer[] = [];
    for await (const piece of pieces) {
      signal.throwIfAborted();
      read.push(piece);
    }
    const whole = Buffer.concat(read);
    // It was deleted while it was read.
    if (whole.length !== file.bytes) throw new TandemError('content_not_found', { params: { kind: 'file', id } });
    found.set(id, { name: file.filename, mediaType: mediaTypeOf(whole, file.filename), data: whole.toString('base64') });
  }
  return found;
}

function refused(reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param: 'file_id' });
}
