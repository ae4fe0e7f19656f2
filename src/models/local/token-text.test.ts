import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenText } from './token-text.ts';

/** A tokenizer whose tokens are runs of bytes, as byte-pair encoding makes them. */
const bytesText = () => new TokenText<Uint8Array>((tokens) => Buffer.concat(tokens).toString('utf8'));

test('a character over four tokens comes once, whole', () => {
  const text = bytesText();
  const bytes = Buffer.from('a🎉b');
  const shown = [...bytes].map((byte) => text.push(Uint8Array.of(byte)));
  expect(shown).toEqual(['a', '', '', '', '🎉', 'b']);
});

test('a token with the end of one character and the beginning of the next shows the first at once', () => {
  const text = bytesText();
  const bytes = Buffer.from('é€');
  expect([text.push(bytes.subarray(0, 1)), text.push(bytes.subarray(1, 3)), text.push(bytes.subarray(3))]).toEqual(['', 'é', '€']);
});

test('bytes that never become a character do not hold the text up for ever', () => {
  const text = bytesText();
  const shown = Array.from({ length: 30 }, () => text.push(Uint8Array.of(0xf0))).join('');
  expect(shown).toContain('\ufffd');
});

test('however a text is cut into tokens, it comes out as it was', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 100 }), (source, cuts) => {
    const bytes = Buffer.from(source);
    const text = bytesText();
    let shown = '';
    for (let at = 0, index = 0; at < bytes.length; index += 1) {
      const length = cuts[index % cuts.length]!;
      const piece = text.push(bytes.subarray(at, at + length));
      expect(piece).not.toContain('\ufffd');
      shown += piece;
      at += length;
    }
    expect(shown).toBe(source);
  }));
});
