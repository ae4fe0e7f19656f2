/** DER (X.690), written only: what is read is read by OpenSSL. Each function returns one whole element. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.of(bytes);
  const digits = trimmed(bytes);
  return Buffer.concat([Buffer.of(0x80 | digits.length), digits]);
}

function trimmed(value: number): Buffer {
  const all = Buffer.alloc(6);
  all.writeUIntBE(value, 0, 6);
  return all.subarray(all.findIndex((byte) => byte !== 0));
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => element(0x31, ...parts);
export const octets = (bytes: Uint8Array): Buffer => element(0x04, bytes);
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text));
export const bool = (value: boolean): Buffer => element(0x01, Buffer.of(value ? 0xff : 0));
/** `[number]`, constructed: wraps a whole element. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer => element(0xa0 | number, ...parts);
/** `[number]`, primitive: stands in the place of the element's own tag. */
export const implicit = (number: number, bytes: Uint8Array): Buffer => element(0x80 | number, bytes);

/** A positive whole number from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.of(0) : bytes.subarray(first);
  // The first bit is the sign.
  return element(0x02, ...(digits[0]! >= 0x80 ? [Buffer.of(0)] : []), digits);
}

/** A bit string; `unused` bits at its end do not count. */
export const bits = (bytes: Uint8Array, unused = 0): Buffer => element(0x03, Buffer.of(unused), bytes);

/** An object identifier in its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(0x80 | (left & 0x7f));
  return digits;
}

/** A time to the second: UTCTime until 2049, GeneralizedTime from then on, as RFC 5280 (4.1.2.5) wants it. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}
