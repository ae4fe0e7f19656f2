import { createHash, randomBytes } from 'node:crypto';
import { Writable, type Duplex } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cuttingPair } from '../testing/cutting-pair.ts';
import { MOST_KEPT_BYTES, Resumable } from './resumable.ts';

const hash = (bytes: readonly Buffer[]): string => createHash('sha256').update(Buffer.concat(bytes)).digest('hex');

/** An end, and what came out of it. */
function end(): { readonly resumable: Resumable; readonly heard: Buffer[]; readonly done: Promise<void> } {
  const heard: Buffer[] = [];
  const done = Promise.withResolvers<void>();
  const output = new Writable({ write: (chunk: Buffer, _encoding, written) => setImmediate(() => { heard.push(Buffer.from(chunk)); written(); }) });
  output.once('finish', done.resolve);
  return { resumable: new Resumable(output), heard, done: done.promise };
}

/** Both ends go on over a new line, each with what the other has read. */
function join(one: Resumable, other: Resumable, cuts: readonly number[]): readonly [Duplex, Duplex] {
  const lines = cuttingPair(cuts);
  const [oneRead, otherRead] = [one.read, other.read];
  one.attach(lines[0], otherRead);
  other.attach(lines[1], oneRead);
  return lines;
}
const turns = async (count: number): Promise<void> => {
  for (let at = 0; at < count; at += 1) await new Promise((resolve) => { setImmediate(resolve); });
};

it('both ends hear all that the other said, in order and once, whatever lines are lost and when', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 8 });
  // Heads are cut too; one large piece in each round keeps a run short.
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }).map((small) => [...small, 20_000]);
  await fc.assert(fc.asyncProperty(sizes, sizes, pieces, fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { maxLength: 8 }), async (there, back, cuts, losses) => {
    const [one, other] = [end(), end()];
    const said = [there, back].map((list) => list.map((bytes) => randomBytes(bytes)));
    let lines = join(one.resumable, other.resumable, cuts);
    for (const [at, { resumable }] of [one, other].entries()) {
      for (const chunk of said[at]!) resumable.input.write(chunk);
      resumable.input.end();
    }
    for (const [after, byOne] of losses) {
      await turns(after);
      // One end may notice long before the other does.
      (byOne ? lines[0] : lines[1]).destroy();
      await turns(after % 3);
      if (one.resumable.over && other.resumable.over) break;
      lines = join(one.resumable, other.resumable, cuts);
    }
    await Promise.all([one.done, other.done]);
    expect([hash(other.heard), hash(one.heard)]).toEqual(said.map(hash));
    while (!(one.resumable.over && other.resumable.over)) await turns(1);
  }), { numRuns: 40 });
});

it('keeps no more than it may while there is no line, and goes on when there is one', async () => {
  const [one, other] = [end(), end()];
  let taken = 0;
  const chunk = randomBytes(64 * 1024);
  const all = 3 * MOST_KEPT_BYTES;
  for (let bytes = 0; bytes < all; bytes += chunk.length) one.resumable.input.write(chunk, () => { taken += chunk.length; });
  one.resumable.input.end();
  await turns(50);
  expect(taken).toBeLessThan(MOST_KEPT_BYTES + 1);
  join(one.resumable, other.resumable, [16_000]);
  await other.done;
  expect(Buffer.concat(other.heard).length).toBe(all);
});

it('takes no line of an end that has read what was never said or has forgotten, and ends one that says no frames', async () => {
  const [one, other] = [end(), end()];
  expect(() => one.resumable.attach(cuttingPair()[0], 1)).toThrow('do not agree');
  join(one.resumable, other.resumable, []);
  // More than is read before the other end tells of it by itself.
  one.resumable.input.write(randomBytes(1_200_000));
  await turns(50);
  expect(() => one.resumable.attach(cuttingPair()[0], 0)).toThrow('do not agree');
  for (const bytes of [Buffer.of(9, 0, 0, 0, 0), Buffer.of(2, 0, 0, 0, 1), Buffer.from('SSH-2.0-x\r\n'), Buffer.of(1, 0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 255)]) {
    const [near, far] = cuttingPair();
    one.resumable.attach(near, 1_200_000);
    const lost = new Promise<void>((resolve) => { one.resumable.onLost = resolve; });
    far.write(bytes);
    await lost;
  }
});

it('says how far it has read along with what it says anyway, and by itself only after much', async () => {
  const [one, other] = [end(), end()];
  const [near] = join(one.resumable, other.resumable, []);
  const said: Buffer[] = [];
  near.on('data', (chunk: Buffer) => said.push(Buffer.from(chunk)));
  const READ_FRAME = 13;
  const much = async (bytes: number): Promise<void> => {
    const before = one.resumable.read + other.resumable.read;
    one.resumable.input.write(randomBytes(bytes));
    while (one.resumable.read + other.resumable.read < before + bytes) await turns(1);
    await turns(10);
  };
  await much(200_000);
  expect(Buffer.concat(said)).toHaveLength(0);
  other.resumable.input.write('x');
  await turns(10);
  // The number, and a frame of one byte.
  expect(Buffer.concat(said)).toHaveLength(READ_FRAME + 6);
  other.resumable.input.write('x');
  await turns(10);
  expect(Buffer.concat(said)).toHaveLength(READ_FRAME + 12);
  for (let at = 0; at < 11; at += 1) await much(100_000);
  expect(Buffer.concat(said)).toHaveLength(2 * READ_FRAME + 12);
});
