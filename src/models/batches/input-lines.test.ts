import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linesOf } from './input-lines.ts';

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
const read = (text: string, sizes: readonly number[], most = 1_000) => Array.fromAsync(linesOf(inPieces(Buffer.from(text), sizes), most));

it('finds the same lines however the bytes are cut', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\r\n\ufeff]/.test(text) && text.trim() === text && text.isWellFormed());
  await fc.assert(fc.asyncProperty(fc.array(line, { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }), fc.constantFrom('\n', '\r\n'), async (lines, sizes, end) => {
    const expected = lines.map((text, index) => ({ number: index + 1, text })).filter(({ text }) => text !== '');
    expect(await read(lines.join(end), sizes)).toEqual(expected);
  }));
});

it('counts a line that is too long or no text, and keeps none of it', async () => {
  expect(await read(`{}\n${'x'.repeat(50)}\n{}`, [7], 20)).toEqual([{ number: 1, text: '{}' }, { number: 2, text: null }, { number: 3, text: '{}' }]);
  expect(await Array.fromAsync(linesOf(inPieces(Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), [4]), 20))).toEqual([{ number: 1, text: null }]);
});
