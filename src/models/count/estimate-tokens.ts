import type { NeutralRequest } from '../neutral/request.ts';

/** Code and JSON have three to four bytes to a token in the common tokenizers, English more, and other scripts two to three. */
const BYTES_PER_TOKEN = 3;
/** The most that Anthropic counts for an image (API guide "Vision"). */
const IMAGE_TOKENS = 1_600;
/** A page of a document (API guide "PDF support": 1,500 to 3,000), and the characters in base64 that one takes at least. */
const PAGE_TOKENS = 3_000;
const PAGE_CHARACTERS = 40_000;
/** Fields that a model reads. */
const READ = ['messages', 'system', 'tools', 'input', 'instructions'];

/**
 * A guess of a prompt's tokens for models whose tokenizer is not here and whose backend cannot count. It is meant to be rather too
 * high, so that a caller that shortens its prompt by it does so in time; a bill never goes by it.
 */
export function estimateTokens(request: NeutralRequest): number {
  const { images, files, characters } = request.media;
  const read = READ.map((field) => request.body[field]).filter((value) => value != null);
  const textBytes = Math.max(0, Buffer.byteLength(JSON.stringify(read)) - characters);
  const pages = Math.max(files, files === 0 ? 0 : Math.ceil(characters / PAGE_CHARACTERS));
  return Math.ceil(textBytes / BYTES_PER_TOKEN) + images * IMAGE_TOKENS + pages * PAGE_TOKENS;
}
