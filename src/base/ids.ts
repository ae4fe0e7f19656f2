/** Fills the given bytes with randomness. Passed in, so that tests can repeat themselves. */
export type RandomBytes = (target: Uint8Array) => void;

const systemRandom: RandomBytes = (target) => {
  crypto.getRandomValues(target);
};

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Makes UUIDv7 ids (RFC 9562): 48 bits of milliseconds, then a 12-bit counter that keeps ids of
 * one process and one millisecond in order, then 62 random bits. Ordered ids keep Postgres
 * indexes dense; the id carries the time at which the thing was admitted.
 */
export function createIdSource(nowMs: () => number, random: RandomBytes = systemRandom): () => string {
  // Randomness is drawn in blocks: one call to the system per 512 ids instead of one per id.
  const pool = new Uint8Array(512 * 8);
  let poolAt = pool.length;
  let lastMs = 0;
  let counter = 0;
  let prefix = '';
  let prefixMs = -1;

  return () => {
    let ms = nowMs();
    if (ms > lastMs) {
      counter = 0;
    } else {
      // The clock stood still or went back: stay on the last millisecond and count.
      ms = lastMs;
      counter += 1;
      if (counter > 0xfff) {
        counter = 0;
        ms += 1;
      }
    }
    lastMs = ms;
    if (poolAt === pool.length) {
      random(pool);
      poolAt = 0;
    }
    const r = pool;
    const at = poolAt;
    poolAt += 8;
    if (ms !== prefixMs) {
      const high = Math.floor(ms / 0x10000);
      const low = ms % 0x10000;
      prefix = `${hex(high >>> 24)}${hex(high >>> 16)}${hex(high >>> 8)}${hex(high)}-${hex(low >>> 8)}${hex(low)}-`;
      prefixMs = ms;
    }
    return (
      prefix + hex(0x70 | (counter >>> 8)) + hex(counter) + '-' +
      hex(0x80 | (r[at]! & 0x3f)) + hex(r[at + 1]!) + '-' +
      hex(r[at + 2]!) + hex(r[at + 3]!) + hex(r[at + 4]!) + hex(r[at + 5]!) + hex(r[at + 6]!) + hex(r[at + 7]!)
    );
  };
}

function hex(value: number): string {
  return HEX[value & 0xff]!;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** True for a lower-case UUID in its canonical form, the only form Tandem writes and accepts. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The milliseconds since the epoch that a UUIDv7 carries. */
export function uuidTimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** One id from the system's clock and randomness. */
export const newId: () => string = createIdSource(Date.now);
