import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TERMINAL, TerminalReader, readSize, sizeFrame, terminalFrames, type TerminalKind } from './terminal-frames.ts';

it('gives back what was said, however it is cut up on its way', () => {
  const said = fc.array(fc.record({ kind: fc.constantFrom(...Object.values(TERMINAL)), payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) }), { maxLength: 20 });
  fc.assert(fc.property(said, fc.integer({ min: 1, max: 64 }), (frames, step) => {
    const bytes = Buffer.concat(frames.flatMap(({ kind, payload }) => [...terminalFrames(kind, payload)]));
    const reader = new TerminalReader();
    const heard: { kind: TerminalKind; payload: Buffer }[] = [];
    for (let at = 0; at < bytes.length; at += step) for (const frame of reader.read(bytes.subarray(at, at + step))) heard.push({ kind: frame.kind, payload: Buffer.from(frame.payload) });
    expect(heard).toEqual(frames);
  }));
});

it('cuts what is long, and refuses what is none of its frames', () => {
  const long = Buffer.alloc(200_000, 'x');
  const reader = new TerminalReader();
  const back = [...terminalFrames(TERMINAL.data, long)].flatMap((frame) => [...reader.read(frame)].map(({ payload }) => Buffer.from(payload)));
  expect(Buffer.concat(back).equals(long)).toBe(true);
  for (const wrong of [[0, 0, 0, 0, 0], [9, 0, 0, 0, 0], [1, 0xff, 0, 0, 0]]) expect(() => [...new TerminalReader().read(Buffer.from(wrong))]).toThrow(/no terminal sends/);
});

it('keeps a size within what a screen can have', () => {
  const [frame] = [...new TerminalReader().read(sizeFrame({ columns: 65_535, rows: 0 }))];
  expect(readSize(frame!.payload)).toEqual({ columns: 500, rows: 1 });
  expect(() => readSize(Buffer.alloc(3))).toThrow(/four bytes/);
});
