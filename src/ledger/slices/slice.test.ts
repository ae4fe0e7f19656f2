import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { ManualClock, silentLogger } from '../../base/index.ts';
import { Counter } from '../limits/counter.ts';
import { IDLE_MS, Slice } from './slice.ts';
import { Slices } from './slices.ts';
import type { SliceStore } from './store.ts';

const KEY = { organisationId: 'o', ownerId: 'b', counted: '', windowStartMs: 0, windowEndMs: null };

/** A stand-in for Postgres: one window, leased from as the real statement does but without others. */
function storeOf(rest: bigint): SliceStore & { rest: bigint; leases: number } {
  return {
    rest, leases: 0,
    async lease(_key, { least, demand, wish }) {
      this.leases += 1;
      if (this.rest < least) return { granted: 0n, rest: this.rest };
      const ahead = demand > this.rest / 4n ? demand : this.rest / 4n;
      const granted = [this.rest, wish, ahead].reduce((a, b) => (a < b ? a : b));
      this.rest -= granted;
      return { granted, rest: this.rest };
    },
    async giveBack(_key, amount) {
      this.rest += amount;
    },
    holders: async () => [],
    window: async () => ({ amount: 0n, spent: 0n, leased: 0n }),
  };
}

const database = { listen: async () => async () => {}, notify: async () => {}, unscoped: () => undefined as never };

test('grants grow with the pace and shrink near the end of the budget', async () => {
  const clock = new ManualClock();
  const store = storeOf(1_000_000n);
  const slices = new Slices({ database, store, channel: 'slices', epochId: 'e', clock, log: silentLogger });
  const slice = slices.of(KEY);
  for (let call = 0; call < 5_000; call += 1) {
    expect(await slices.take([slice], 100n)).toBeNull();
    slice.end(100n, 100n);
    clock.advance(1);
  }
  expect(store.leases).toBeLessThan(60);
  for (let call = 0; call < 5_000; call += 1) {
    expect(await slices.take([slice], 100n)).toBeNull();
    slice.end(100n, 100n);
  }
  expect(await slices.take([slice], 1n)).toBe(slice);
  expect(store.rest + slice.available).toBe(0n);
});

test('what lies idle for minutes goes back', async () => {
  const clock = new ManualClock();
  const store = storeOf(1_000n);
  const slices = new Slices({ database, store, channel: 'slices', epochId: 'e', clock, log: silentLogger });
  await slices.start();
  const slice = slices.of(KEY);
  await slices.take([slice], 10n);
  slice.end(10n, 4n);
  expect(store.rest).toBeLessThan(996n);
  for (let waited = 0; waited <= IDLE_MS + 30_000; waited += 30_000) {
    clock.advance(30_000);
    await new Promise(setImmediate);
  }
  expect(store.rest).toBe(996n);
  await slices.stop();
});

test('a slice that was forgotten while it lay idle is asked for again, so that others can still call it back', async () => {
  const clock = new ManualClock();
  const store = storeOf(1_000n);
  const slices = new Slices({ database, store, channel: 'slices', epochId: 'e', clock, log: silentLogger });
  await slices.start();
  const limit = { id: KEY.ownerId, organisationId: 'o', scopeKind: 'project', scopeId: 'p', successors: [], subjectKind: null, subject: null, metric: 'parallel', amount: 1_000n } as const;
  const counter = new Counter(limit, null, '', slices);
  const before = counter.at(clock.nowMs());
  await slices.take([before], 1n);
  before.end(1n, 0n);
  for (let waited = 0; waited <= IDLE_MS + 30_000; waited += 30_000) {
    clock.advance(30_000);
    await new Promise(setImmediate);
  }
  expect(store.rest).toBe(1_000n);
  expect(slices.totals().slices).toBe(0);
  const after = counter.at(clock.nowMs());
  expect(after).not.toBe(before);
  expect(after).toBe(slices.of({ ...KEY }));
  await slices.take([after], 1n);
  after.end(1n, 0n);
  await slices.giveBackAll();
  expect(store.rest).toBe(1_000n);
  await slices.stop();
});

test('a slice is never above what was leased', () => {
  const slice = new Slice(KEY, new ManualClock());
  slice.granted(100n);
  slice.take(60n);
  expect(slice.empty()).toBe(40n);
  slice.end(60n, 25n);
  expect(slice).toMatchObject({ available: 35n, held: 0n });
});

test('a budget that was lowered while calls ran is leased anew: what they did not use goes back, whichever ends first', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ hold: fc.bigInt({ min: 1n, max: 90n }), used: fc.nat({ max: 100 }) }), { minLength: 1, maxLength: 25 }), fc.bigInt({ min: 0n, max: 2_000n }), fc.nat(), async (before, lowered, order) => {
    const store = storeOf(10_000n);
    const slices = new Slices({ database, store, channel: 'slices', epochId: 'e', clock: new ManualClock(), log: silentLogger });
    const slice = slices.of(KEY);
    let charged = 0n;
    for (const { hold } of before) expect(await slices.take([slice], hold)).toBeNull();
    // As the real statement counts: what is leased or spent beyond the new amount leaves no rest, and what comes back goes there first.
    store.rest -= 10_000n - lowered;
    await slices.recall(() => true);
    expect(slice.available).toBe(0n);
    const running = [...before];
    while (running.length > 0) {
      const [{ hold, used }] = running.splice(order % running.length, 1) as [(typeof before)[number]];
      const charge = (hold * BigInt(used)) / 100n;
      slice.end(hold, charge);
      charged += charge;
      // Somebody asks at each moment: what is admitted never goes beyond the new amount by more than those that ran before it was.
      if (await slices.take([slice], 10n) === null) {
        expect(slice.held + charged).toBeLessThanOrEqual(lowered);
        slice.end(10n, 10n);
        charged += 10n;
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
    // Nothing got lost: what is not charged is there again.
    expect(store.rest + slice.available + slice.held).toBe(lowered - charged);
  }), { numRuns: 200 });
});

test('what was taken of the amount before, while other names of the budget went back, goes back too', async () => {
  const store = storeOf(10_000n);
  const sent = Promise.withResolvers<void>();
  const giveBack = store.giveBack.bind(store);
  store.giveBack = async (key, amount) => {
    if (key.counted === 'first') await sent.promise;
    await giveBack(key, amount);
  };
  const slices = new Slices({ database, store, channel: 'slices', epochId: 'e', clock: new ManualClock(), log: silentLogger });
  const [first, second] = ['first', 'second'].map((counted) => slices.of({ ...KEY, counted })) as [Slice, Slice];
  for (const slice of [first, second]) expect(await slices.take([slice], 10n)).toBeNull();
  const recalled = slices.recall(() => true);
  expect(slices.tryTake([second], 10n)).toBe(true);
  sent.resolve();
  await recalled;
  for (const slice of [first, second, second]) slice.end(10n, 0n);
  expect([first.available, second.available]).toEqual([0n, 0n]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(store.rest).toBe(10_000n);
});

test('who is called is told that all is back when it is, also of what was on its way already', async () => {
  const store = storeOf(10_000n);
  const sent = Promise.withResolvers<void>();
  const answered = vi.fn<(payload: string) => void>();
  let hear: (payload: string) => void = () => {};
  const line = { ...database, listen: async (_channel: string, heard: (payload: string) => void) => { hear = heard; return async () => {}; }, notify: async (_executor: unknown, _channel: string, payload: string) => answered(payload) };
  const slices = new Slices({ database: line, store, channel: 'slices', epochId: 'e', clock: new ManualClock(), log: silentLogger });
  await slices.start();
  const slice = slices.of(KEY);
  expect(await slices.take([slice], 10n)).toBeNull();
  await slices.recall(() => true);
  const giveBack = store.giveBack.bind(store);
  store.giveBack = async (key, amount) => {
    await sent.promise;
    await giveBack(key, amount);
  };
  slice.end(10n, 0n);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  hear(JSON.stringify({ ...KEY, ask: 'other.1', from: 'other', amount: '10' }));
  await turn();
  expect(answered).not.toHaveBeenCalled();
  sent.resolve();
  await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(JSON.stringify({ answer: 'other.1', from: 'e' })));
  expect(store.rest).toBe(10_000n);
  await slices.stop();
});
