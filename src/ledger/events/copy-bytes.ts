/** Bytes that grow, with the values of Postgres' binary COPY: each field is its length as i32 (−1: null) and its bytes, big endian. */
export class CopyBytes {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written. The buffer is given away: nothing is to be added after it. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room: none of the writers below looks for itself. */
  reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  bytes(source: Buffer): void {
    this.#length += source.copy(this.#bytes, this.#length);
  }

  int16(value: number): void {
    this.#length = this.#bytes.writeInt16BE(value, this.#length);
  }

  nothing(): void {
    this.#int32(-1);
  }

  /** 36 characters of a uuid. @throws RangeError for anything else. */
  uuid(text: string): void {
    this.#int32(16);
    if (text.length !== 36) throw new RangeError('a uuid has 36 characters');
    let bad = 0;
    for (let at = 0; at < 36; at += 2) {
      if (at === 8 || at === 13 || at === 18 || at === 23) at += 1;
      const byte = ((NIBBLES[text.charCodeAt(at)] ?? NONE) << 4) | (NIBBLES[text.charCodeAt(at + 1)] ?? NONE);
      bad |= byte;
      this.#bytes[this.#length] = byte;
      this.#length += 1;
    }
    if (bad > 255) throw new RangeError('a uuid is made of hexadecimal digits');
  }

  text(value: string): void {
    this.#written(this.#bytes.write(value, this.#length + 4, 'utf8'));
  }

  /** One character a byte. */
  latin1(value: string): void {
    this.#written(this.#bytes.write(value, this.#length + 4, 'latin1'));
  }

  /** JSON for a jsonb column: its version, then the text. */
  json(value: string): void {
    this.#bytes[this.#length + 4] = 1;
    this.#written(1 + this.#bytes.write(value, this.#length + 5, 'utf8'));
  }

  /** A whole number from 0 below 2^53. */
  int64(value: number): void {
    this.#int32(8);
    this.#length = this.#bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), this.#length);
    this.#length = this.#bytes.writeUInt32BE(value % 0x1_0000_0000, this.#length);
  }

  /** A time after 2000 (UTC milliseconds, whole), for a timestamptz column: microseconds since then. */
  time(atMs: number): void {
    this.int64((atMs - POSTGRES_START_MS) * 1_000);
  }

  /** A whole number, for a numeric column: groups of four decimal digits. @throws RangeError below 0. */
  numeric(value: bigint): void {
    if (value < 0n) throw new RangeError('an amount that is copied is not negative');
    const groups: number[] = [];
    let rest = value;
    // BigInt is divided only as long as the number is no plain one.
    for (; rest > MOST_PLAIN; rest /= 10_000n) groups.push(Number(rest % 10_000n));
    for (let plain = Number(rest); plain > 0; plain = Math.floor(plain / 10_000)) groups.push(plain % 10_000);
    this.#int32(8 + groups.length * 2);
    this.int16(groups.length);
    this.int16(groups.length - 1);
    this.int16(0);
    this.int16(0);
    for (let at = groups.length - 1; at >= 0; at -= 1) this.int16(groups[at]!);
  }

  #written(length: number): void {
    this.#bytes.writeInt32BE(length, this.#length);
    this.#length += 4 + length;
  }

  #int32(value: number): void {
    this.#length = this.#bytes.writeInt32BE(value, this.#length);
  }
}

const MOST_PLAIN = BigInt(Number.MAX_SAFE_INTEGER);
const POSTGRES_START_MS = Date.UTC(2000, 0, 1);

const NONE = 0x1000;
/** Value of a hexadecimal digit by its character's code. */
const NIBBLES = Uint16Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? NONE : value;
});
