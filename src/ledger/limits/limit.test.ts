import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock, silentLogger } from '../../base/index.ts';
import { Slices } from '../slices/slices.ts';
import type { SliceKey, SliceStore } from '../slices/store.ts';
import { CallLimits } from './call-limits.ts';
import { Counter } from './counter.ts';
import { Counters } from './counters.ts';
import { MINUTE_MS, windowOf, type Limit } from './limit.ts';

const limit = (metric: Limit['metric'], amount: bigint): Limit => ({ id: 'l', organisationId: 'o', scopeKind: 'organisation', scopeId: 'o', successors: [], subjectKind: null, subject: null, metric, amount });
const database = { listen: async () => async () => {}, notify: async () => {}, unscoped: () => undefined as never };

/** A stand-in for Postgres: windows of one amount, leased from as the real statement does but without others. */
function storeOf(amount: bigint): SliceStore & { leased: Map<string, bigint>; leases: number } {
  const nameOf = (key: SliceKey) => `${key.windowStartMs} ${key.counted}`;
  return {
    leased: new Map(), leases: 0,
    async lease(key, { least, demand, wish }) {
      this.leases += 1;
      const leased = this.leased.get(nameOf(key)) ?? 0n;
      const rest = amount - leased;
      if (rest < least) return { granted: 0n, rest };
      const ahead = demand > rest / 4n ? demand : rest / 4n;
      const granted = [rest, wish, ahead].reduce((a, b) => (a < b ? a : b));
      this.leased.set(nameOf(key), leased + granted);
      return { granted, rest: rest - granted };
    },
    async giveBack(key, back) {
      this.leased.set(nameOf(key), (this.leased.get(nameOf(key)) ?? 0n) - back);
    },
    holders: async () => [],
    window: async () => ({ amount: 0n, spent: 0n, leased: 0n }),
  };
}

test('minutes follow each other without a gap or an overlap, and hold every time in them', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.constantFrom('requests' as const, 'tokens' as const), (atMs, metric) => {
    const { startMs, endMs } = windowOf(metric, atMs);
    expect(startMs).toBeLessThanOrEqual(atMs);
    expect(endMs).toBeGreaterThan(atMs);
    expect(endMs! - startMs).toBe(MINUTE_MS);
    expect(windowOf(metric, endMs!).startMs).toBe(endMs);
    expect(windowOf(metric, startMs).startMs).toBe(startMs);
    expect(new Date(startMs).getUTCSeconds() + new Date(startMs).getUTCMilliseconds()).toBe(0);
  }));
  expect(windowOf('parallel', 123)).toEqual({ startMs: 0, endMs: null });
});

test('in every minute exactly as many are let in as the limit says, whenever they come', async () => {
  await fc.assert(fc.asyncProperty(fc.bigInt({ min: 1n, max: 40n }), fc.array(fc.nat({ max: 5 * MINUTE_MS }), { minLength: 1, maxLength: 300 }), async (amount, arrivals) => {
    const clock = new ManualClock(0);
    const slices = new Slices({ database, store: storeOf(amount), channel: 'c', epochId: 'e', clock, log: silentLogger });
    const counter = new Counter(limit('requests', amount), null, '', slices);
    const came = new Map<number, bigint>();
    const served = new Map<number, bigint>();
    for (const atMs of arrivals.toSorted((a, b) => a - b)) {
      clock.advance(atMs - clock.nowMs());
      const minute = Math.floor(atMs / MINUTE_MS);
      came.set(minute, (came.get(minute) ?? 0n) + 1n);
      const slice = counter.at(atMs);
      if (slice.available < 1n) await slices.take([slice], 1n).then((short) => short === null && slice.end(1n, 1n) === undefined && served.set(minute, (served.get(minute) ?? 0n) + 1n));
      else {
        slices.spendCovered([slice], 1n);
        served.set(minute, (served.get(minute) ?? 0n) + 1n);
      }
    }
    for (const [minute, count] of came) expect(served.get(minute)).toBe(count < amount ? count : amount);
  }), { numRuns: 60 });
});

test('tokens that are held, given back, spent and held again never add up to more than the limit, and end at what was spent', async () => {
  await fc.assert(fc.asyncProperty(fc.bigInt({ min: 1n, max: 500n }), fc.array(fc.record({ most: fc.bigInt({ min: 1n, max: 200n }), used: fc.bigInt({ min: 0n, max: 260n }), end: fc.boolean() }), { maxLength: 120 }), async (amount, calls) => {
    const clock = new ManualClock(0);
    const store = storeOf(amount);
    const slices = new Slices({ database, store, channel: 'c', epochId: 'e', clock, log: silentLogger });
    const counter = new Counter(limit('tokens', amount), null, '', slices);
    const slice = counter.at(1_000);
    const standing = { counters: [counter], slices: [slice], requests: [], tokens: [slice], parallel: [] };
    const running: { call: CallLimits; used: bigint }[] = [];
    let spent = 0n;
    for (const { most, used, end } of calls) {
      const call = new CallLimits(standing, { output: most }, 1_000, slices);
      const held = running.reduce((sum, one) => sum + one.call.tokens, 0n);
      if (await slices.take([slice], most) === null) {
        expect(spent + held + most).toBeLessThanOrEqual(amount);
        running.push({ call, used });
      } else {
        // Refused only when it does not fit beside what runs.
        expect(spent + held + most).toBeGreaterThan(amount);
      }
      if (!end) continue;
      const one = running.shift();
      if (one === undefined) continue;
      one.call.end({ output: one.used });
      spent += one.used < one.call.tokens ? one.used : one.call.tokens;
    }
    for (const one of running.splice(0)) {
      one.call.end({ output: one.used });
      spent += one.used < one.call.tokens ? one.used : one.call.tokens;
    }
    expect(slice.held).toBe(0n);
    // What was leased ahead may be on its way still; all that is free goes back.
    await slices.stop();
    expect([store.leased.get('0 ') ?? 0n, slice.available]).toEqual([spent, 0n]);
  }), { numRuns: 100, examples: [[68n, [{ most: 1n, used: 0n, end: false }, { most: 6n, used: 0n, end: false }]]] });
});

test('a call that was not admitted after all leaves every count as it was', async () => {
  const clock = new ManualClock(0);
  const slices = new Slices({ database, store: storeOf(10n), channel: 'c', epochId: 'e', clock, log: silentLogger });
  const [requests, tokens, parallel] = (['requests', 'tokens', 'parallel'] as const).map((metric) => new Counter({ ...limit(metric, 10n), id: metric }, null, '', slices).at(0));
  for (const slice of [requests!, tokens!, parallel!]) await slices.take([slice], 8n).then(() => slice.end(8n, 0n));
  const before = [requests, tokens, parallel].map((slice) => slice!.available);
  const call = new CallLimits({ counters: [], slices: [], requests: [requests!], tokens: [tokens!], parallel: [parallel!] }, { input: 2n, output: 3n }, 0, slices);
  expect(call.covered()).toBe(true);
  call.take();
  expect([requests, tokens, parallel].map((slice) => slice!.available)).toEqual([before[0]! - 1n, before[1]! - 5n, before[2]! - 1n]);
  call.undo();
  expect([requests, tokens, parallel].map((slice) => slice!.available)).toEqual(before);
});

test('the next minute is leased before it begins, as much as this one was', async () => {
  const clock = new ManualClock(0);
  const store = storeOf(100_000n);
  const slices = new Slices({ database, store, channel: 'c', epochId: 'e', clock, log: silentLogger });
  const counter = new Counter(limit('requests', 100_000n), null, '', slices);
  for (let atMs = 0; atMs < 59_000; atMs += 10) {
    clock.advance(atMs - clock.nowMs());
    const slice = counter.at(atMs);
    if (slice.available > 0n) slices.spendCovered([slice], 1n);
    else await slices.take([slice], 1n);
  }
  await new Promise(setImmediate);
  expect(counter.at(MINUTE_MS).available).toBeGreaterThan(100n);
  // Some refills a minute at a hundred calls a second.
  expect(store.leases).toBeLessThan(60);
});

test('names past the bound share one count; names that stopped calling make room', () => {
  const slices = new Slices({ database, store: storeOf(5n), channel: 'c', epochId: 'e', clock: new ManualClock(0), log: silentLogger });
  const counters = new Counters(slices, 100);
  const each = { ...limit('requests', 5n), subjectKind: 'user' as const };
  const first = Array.from({ length: 100 }, (_, index) => counters.of(each, `u-${index}`, 0));
  expect(new Set(first).size).toBe(100);
  const [one, other] = [counters.of(each, 'late-1', 10), counters.of(each, 'late-2', 10)];
  expect(one).toBe(other);
  expect(one.name).toBeNull();
  expect(counters.of(each, 'u-3', 10)).toBe(first[3]);
  for (let index = 0; index < 10_000; index += 1) counters.of(each, `made-up-${index}-${'x'.repeat(200)}`, 20);
  expect(counters.size).toBeLessThanOrEqual(101);
  // Two minutes later nobody of the first has called but one.
  first[7]!.usedAtMs = 130_000;
  expect(counters.of(each, 'late-1', 130_000).name).toBe('late-1');
  expect(counters.of(each, 'u-7', 130_000)).toBe(first[7]);
  expect(counters.size).toBeLessThan(10);
});

test('a limit that was changed counts on with its new amount', () => {
  const slices = new Slices({ database, store: storeOf(5n), channel: 'c', epochId: 'e', clock: new ManualClock(0), log: silentLogger });
  const counters = new Counters(slices);
  const before = limit('requests', 5n);
  const after = { ...before, amount: 9n };
  const [one, other] = [counters.of(before, null, 0), counters.of(after, null, 0)];
  expect(other.limit.amount).toBe(9n);
  expect(other.at(0)).toBe(one.at(0));
  counters.keepOnly(new Set());
  expect(counters.size).toBe(0);
});
