import { PassThrough, Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { passOn } from './join-streams.ts';

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

it('writes what came in one turn in one piece, and passes the end on', async () => {
  const from = new PassThrough().pause();
  const pieces: number[] = [];
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      pieces.push(chunk.length);
      done();
    },
    writev(chunks, done) {
      pieces.push(chunks.reduce((sum, { chunk }) => sum + (chunk as Buffer).length, 0));
      done();
    },
  });
  passOn(from, to);
  for (let number = 0; number < 4; number += 1) from.write(Buffer.alloc(16_384));
  await turn();
  await turn();
  expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(65_536);
  expect(pieces.length).toBe(1);
  const finished = new Promise((resolve) => { to.once('finish', resolve); });
  from.end();
  await finished;
});

it('reads no further than a sink that takes nothing lets it, and goes on with it', async () => {
  let made = 0;
  const from = new Readable({
    read() {
      made += 16_384;
      this.push(Buffer.alloc(16_384));
    },
  });
  let take: (() => void) | undefined;
  let taking = false;
  const to = new Writable({
    highWaterMark: 16_384,
    write(_chunk, _encoding, done) {
      take = done;
      if (taking) setImmediate(done);
    },
  });
  passOn(from, to);
  for (let turns = 0; turns < 100; turns += 1) await turn();
  expect(made).toBeGreaterThan(200_000);
  expect(made).toBeLessThan(500_000);
  const before = made;
  taking = true;
  take!();
  for (let turns = 0; turns < 100; turns += 1) await turn();
  expect(made).toBeGreaterThan(before);
  from.destroy();
});

it('reads and leaves what comes after the sink was cut, so that the end is seen', async () => {
  const from = new PassThrough();
  const to = new Writable({ highWaterMark: 1, write() {} });
  passOn(from, to);
  const ended = new Promise((resolve) => { from.once('end', resolve); });
  for (let number = 0; number < 40; number += 1) from.write(Buffer.alloc(16_384));
  await turn();
  to.destroy();
  from.end(Buffer.alloc(1_000));
  await ended;
});
