import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, KIND, MAX_DATA_BYTES, frameHead, type Frame } from './frame.ts';

/** Pieces of data frames put together again. */
const whole = (frames: readonly Frame[]): Frame[] => frames.reduce<Frame[]>((all, frame) => (frame.begins ? [...all, frame] : [...all.slice(0, -1), { ...all.at(-1)!, payload: Buffer.concat([all.at(-1)!.payload, frame.payload]) }]), []);
const bytesOf = ({ kind, stream, payload }: Pick<Frame, 'kind' | 'stream' | 'payload'>): Buffer => Buffer.concat([frameHead(kind, stream, payload.length), payload]);
const frame = fc.oneof(
  fc.record({ kind: fc.constantFrom(KIND.request, KIND.event, KIND.data, KIND.hello), stream: fc.nat(0xffff_ffff), payload: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)) }),
  fc.record({ kind: fc.constantFrom(KIND.end), stream: fc.nat(0xffff_ffff), payload: fc.constant(Buffer.alloc(0)) }),
);

describe('frames', () => {
  it('come out as they went in, however they are cut on the way', () => {
    fc.assert(fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 }), (frames, cuts) => {
      const all = Buffer.concat(frames.map(bytesOf));
      const reader = new FrameReader();
      const out: Frame[] = [];
      for (let at = 0, turn = 0; at < all.length; turn += 1) {
        const end = at + cuts[turn % cuts.length]!;
        out.push(...reader.push(all.subarray(at, end)));
        at = end;
      }
      expect(whole(out).map(({ kind, stream, payload }) => [kind, stream, payload.toString('hex')])).toEqual(frames.map(({ kind, stream, payload }) => [kind, stream, payload.toString('hex')]));
    }));
  });

  it('that are too long or of no kind are refused by their head alone', () => {
    const head = (length: number, kind: number): Buffer => {
      const bytes = Buffer.alloc(9);
      bytes.writeUInt32BE(length, 0);
      bytes.writeUInt8(kind, 4);
      return bytes;
    };
    for (const [length, kind] of [[5 + MAX_DATA_BYTES + 1, KIND.data], [0xffff_ffff, KIND.request], [4, KIND.data], [5, 0], [5, 12], [6, KIND.end], [14, KIND.ping]] as const) {
      expect(() => new FrameReader().push(head(length, kind)), `${length} ${kind}`).toThrow(expect.objectContaining({ name: 'WireError' }));
    }
    expect(() => frameHead(KIND.data, 1, MAX_DATA_BYTES + 1)).toThrow('a frame of kind 6');
  });

  it('never hang or hold more than one frame, whatever bytes come', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 30 }), (chunks) => {
      const reader = new FrameReader();
      try {
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
      } catch (error) {
        expect((error as Error).name).toBe('WireError');
      }
    }));
  });
});
