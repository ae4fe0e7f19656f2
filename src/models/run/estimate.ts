/** Characters of text to a token in the common tokenizers' own documents (English). Used only where a backend gives no count. */
const BYTES_PER_TOKEN = 4;

/** A careful guess of the prompt: a quarter of its bytes and the few tokens that a template puts around each message. */
export function estimateInput(bodyBytes: number, messages: number): number {
  return Math.ceil(bodyBytes / BYTES_PER_TOKEN) + 4 * messages;
}

/** A guess of what was delivered: at least one token for each piece that came with text. */
export function estimateOutput(pieces: number, textBytes: number): number {
  return Math.max(pieces, Math.ceil(textBytes / BYTES_PER_TOKEN));
}
