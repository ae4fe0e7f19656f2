import { createHash, randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeyShaped, keyHash, makeKey } from './key-format.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const seeded = (bytes: Uint8Array) => (target: Uint8Array) => {
  randomFillSync(target);
  target.set(bytes.subarray(0, target.length));
};
const anyKey = fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => makeKey(seeded(bytes)));

describe('key format', () => {
  it('is told from other text by itself, and leaves only its hash and prefix', () => {
    fc.assert(fc.property(anyKey, ({ secret, prefix, hash }) => {
      expect(secret).toMatch(/^tdm_[0-9A-Za-z]{38}$/);
      expect(isKeyShaped(secret)).toBe(true);
      expect(secret.startsWith(prefix)).toBe(true);
      expect(prefix).toHaveLength(12);
      expect(hash).toEqual(createHash('sha256').update(secret).digest());
      expect(keyHash(secret)).toBe(hash.toString('base64'));
    }));
  });

  it('finds every change of a single character', () => {
    fc.assert(fc.property(anyKey, fc.nat({ max: 41 }), fc.constantFrom(...BASE62), ({ secret }, place, letter) => {
      const changed = secret.slice(0, place) + letter + secret.slice(place + 1);
      expect(isKeyShaped(changed)).toBe(changed === secret);
    }), { numRuns: 2_000 });
  });

  it('finds two neighbours that changed places', () => {
    fc.assert(fc.property(anyKey, fc.integer({ min: 4, max: 40 }), ({ secret }, place) => {
      const swapped = secret.slice(0, place) + secret[place + 1]! + secret[place]! + secret.slice(place + 2);
      expect(isKeyShaped(swapped)).toBe(swapped === secret);
    }));
  });

  it('refuses any other text without throwing', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      expect(isKeyShaped(text)).toBe(false);
      expect(keyHash(text)).toHaveLength(44);
    }));
  });

  it('draws its characters evenly', () => {
    const counts = new Map<string, number>();
    for (let n = 0; n < 2_000; n += 1) {
      for (const letter of makeKey((target) => void randomFillSync(target)).secret.slice(4, 36)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    // 64,000 characters over 62 letters: 1,032 each with a standard deviation of 32; six of those is never.
    for (const letter of BASE62) expect(Math.abs((counts.get(letter) ?? 0) - 1_032)).toBeLessThan(6 * 32);
  });
});
