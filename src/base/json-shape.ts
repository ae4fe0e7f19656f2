/** How deep JSON may be nested: far more than any client sends, far less than what a parser's stack bears. */
export const MAX_DEPTH = 64;

/**
 * How many objects, lists and separators one body may hold. Parsed, an empty object of three bytes takes about 120 bytes of memory
 * and of the event loop's time its share: 16 MB of them held 600 MB and stopped the server for 2.7 s. Texts cost only their length.
 */
export const MAX_PARTS = 500_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What is wrong with the shape of JSON before it is parsed, if anything. */
export type ShapeFault = 'deep' | 'many';

/**
 * Tells JSON that is nested deeper than `maxDepth` or holds more than `maxParts` brackets and commas outside of texts. One pass, no
 * memory, so that a body of 100,000 brackets is refused before a recursive reader meets it. It does not check anything else.
 */
export function shapeFault(bytes: Uint8Array, maxDepth: number, maxParts: number): ShapeFault | undefined {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      parts += 1;
      if (depth > maxDepth) return 'deep';
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    } else if (byte === 0x2c) {
      parts += 1;
    }
    if (parts > maxParts) return 'many';
  }
  return undefined;
}

/** The index of the quote that closes the string opened at `open`, or the end of the bytes. */
function endOfString(bytes: Uint8Array, open: number): number {
  let at = bytes.indexOf(QUOTE, open + 1);
  while (at !== -1) {
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
    at = bytes.indexOf(QUOTE, at + 1);
  }
  return bytes.length;
}
