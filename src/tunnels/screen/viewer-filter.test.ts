import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ViewerFilter } from './viewer-filter.ts';

const u16 = (value: number) => Buffer.of(value >> 8, value & 0xff);
const u32 = (value: number) => { const bytes = Buffer.alloc(4); bytes.writeInt32BE(value); return bytes; };
const body = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));

/** Messages of RFC 6143 and its registry, and whether a viewer's pass. */
const message = fc.oneof(
  body(19).map((rest) => ({ passes: true, bytes: Buffer.concat([Buffer.of(0), rest]) })),
  fc.integer({ min: 0, max: 9 }).chain((count) => body(4 * count).map((rest) => ({ passes: true, bytes: Buffer.concat([Buffer.of(2, 0), u16(count), rest]) }))),
  body(9).map((rest) => ({ passes: true, bytes: Buffer.concat([Buffer.of(3), rest]) })),
  body(7).map((rest) => ({ passes: false, bytes: Buffer.concat([Buffer.of(4), rest]) })),
  body(5).map((rest) => ({ passes: false, bytes: Buffer.concat([Buffer.of(5), rest]) })),
  fc.integer({ min: -40, max: 40 }).chain((length) => body(Math.abs(length)).map((rest) => ({ passes: false, bytes: Buffer.concat([Buffer.of(6, 0, 0, 0), u32(length), rest]) }))),
  body(9).map((rest) => ({ passes: true, bytes: Buffer.concat([Buffer.of(150), rest]) })),
  fc.integer({ min: 0, max: 64 }).chain((length) => body(length).map((rest) => ({ passes: true, bytes: Buffer.concat([Buffer.of(248, 0, 0, 0, 0, 0, 0, 0, length), rest]) }))),
  fc.constant({ passes: false, bytes: Buffer.of(250, 0, 1, 2) }),
  fc.integer({ min: 0, max: 3 }).chain((screens) => body(16 * screens).map((rest) => ({ passes: false, bytes: Buffer.concat([Buffer.of(251, 0, 1, 1, 1, 1, screens, 0), rest]) }))),
  body(11).map((rest) => ({ passes: false, bytes: Buffer.concat([Buffer.of(255), rest]) })),
);

async function through(chunks: readonly Buffer[]): Promise<Buffer> {
  const filter = new ViewerFilter();
  const out: Buffer[] = [];
  filter.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = new Promise<void>((resolve, reject) => void filter.on('end', resolve).on('error', reject));
  for (const chunk of chunks) filter.write(chunk);
  filter.end();
  await ended;
  return Buffer.concat(out);
}

test('what looks passes and what touches does not, wherever the bytes are cut', async () => {
  await fc.assert(fc.asyncProperty(fc.array(message, { maxLength: 12 }), fc.array(fc.nat(400), { maxLength: 8 }), fc.constantFrom(0, 1), async (messages, cuts, shared) => {
    const bytes = Buffer.concat([Buffer.of(shared), ...messages.map((one) => one.bytes)]);
    const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
    const passed = await through(places.slice(0, -1).map((place, at) => bytes.subarray(place, places[at + 1])));
    expect(passed).toEqual(Buffer.concat([Buffer.of(1), ...messages.filter((one) => one.passes).map((one) => one.bytes)]));
  }));
});

test.each([['what is not known', Buffer.of(1, 77)], ['more than it may', Buffer.concat([Buffer.of(1, 6, 0, 0, 0), u32(0x7fffffff)])]])('a viewer that sends %s is cut off', async (_what, bytes) => {
  await expect(through([bytes])).rejects.toThrow(/the viewer sent/);
});
