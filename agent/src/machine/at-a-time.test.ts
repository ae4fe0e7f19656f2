import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Device } from '../leases/gpus/devices.ts';
import { plantInCards } from '../leases/wipe/card-memory.ts';
import { wipeGpus } from '../leases/wipe/gpu.ts';
import { AT_A_TIME, atATime } from './at-a-time.ts';

/** Ends each piece of work when asked, in any order, and counts how many are under way. */
class Work {
  readonly #ends: (() => void)[] = [];
  begun = 0;
  most = 0;

  one(): Promise<void> {
    this.begun += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ends.push(resolve);
    this.most = Math.max(this.most, this.#ends.length);
    return promise;
  }

  async endAll(pick: (open: number) => number): Promise<void> {
    while (this.#ends.length > 0) {
      this.#ends.splice(pick(this.#ends.length), 1)[0]!();
      await new Promise(setImmediate);
    }
  }
}

test('everything is worked on once, no more at a time than may be, whatever ends first', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.integer(), { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), fc.infiniteStream(fc.nat()), async (items, most, dice) => {
    const work = new Work();
    const done = atATime(items, most, async (item) => {
      await work.one();
      return item * 2;
    });
    await work.endAll((open) => (dice.next().value as number) % open);
    expect(await done).toEqual(items.map((item) => item * 2));
    expect([work.begun, work.most]).toEqual([items.length, Math.min(most, items.length)]);
  }), { numRuns: 100 });
});

test('64 slices that begin and end together start as many programs at a time as there are processors', async () => {
  const devices = Array.from({ length: 64 }, (_, at): Device => ({ unit: `gpu-${at}`, vendor: 'nvidia', uuid: `GPU-${at}`, mig: `MIG-${at}` }));
  const work = new Work();
  // A stand-in of the program: it prints that it wrote and read all.
  const run = async (): Promise<{ code: number; out: string; err: string }> => {
    await work.one();
    return { code: 0, out: '{"free":1048576,"done":1048576,"found":0,"filled":1048576,"late":false,"why":null}', err: '' };
  };
  const planted = plantInCards(devices, 'token', [], run);
  await work.endAll(() => 0);
  expect((await planted).map(({ unit, bytes }) => [unit, bytes])).toEqual(devices.map(({ unit }) => [unit, 1_048_576]));
  const looked = wipeGpus(devices, { token: 'token', places: [], atMs: 0, cards: await planted }, { run, wait: async () => {} });
  await new Promise(setImmediate);
  await work.endAll((open) => open - 1);
  expect((await looked).evidence.filter((one) => one.includes('no canary'))).toHaveLength(64);
  expect([work.begun, work.most]).toEqual([128, Math.min(64, AT_A_TIME)]);
});
