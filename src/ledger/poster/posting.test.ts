import { mkdtempSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId, silentLogger, systemClock } from '../../base/index.ts';
import { openEpoch } from '../epochs/epochs.ts';
import { admissionPayload, contextJson, finalPayload, progressPayload } from '../events/records.ts';
import { readLog } from '../log/reader.ts';
import { RECORD } from '../log/record.ts';
import { LOG_START, segmentPath } from '../log/segments.ts';
import { LogWriter } from '../log/writer.ts';
import type { PriceVersion } from '../prices/types.ts';
import { booksOf, endOf, MODEL, openPathHouse, type PathHouse } from '../testing/path.ts';
import { Posting } from './posting.ts';

let house: PathHouse;
beforeEach(async () => {
  house = await openPathHouse();
});
afterEach(() => house.close());

const price: PriceVersion = {
  id: newId(), organisationId: '', resource: MODEL, tier: 'standard', side: 'sell', backendId: null, currency: 'USD', effectiveFromMs: 0, source: 'test',
  buckets: { input: { price: 1_000_000n, per: 1n }, output: { price: 2_000_000n, per: 1n } },
};

interface Call {
  readonly id: string;
  readonly output: number;
  readonly ends: boolean;
  readonly progressed: boolean;
}

/** An epoch with a log whose records of different calls are mixed by `order`. */
async function logOf(calls: readonly Call[], order: readonly number[]): Promise<{ epochId: string; folder: string }> {
  const epochId = newId();
  const folder = mkdtempSync(join(tmpdir(), 'tandem-posting-'));
  await openEpoch(house.database, { id: epochId, kind: 'log', host: 'h', home: newId(), folder, pid: 1, atMs: Date.now() });
  const writer = new LogWriter({ folder, clock: systemClock, log: silentLogger, strict: false, limits: { segmentBytes: 3_000, reserveBytes: 0 } });
  const context = contextJson({ organisationId: house.organisationId, projectId: house.projectId, keyId: null, resource: MODEL, tier: 'standard', serviceTier: 'default', priceId: price.id, currency: 'USD', windows: [] });
  let sequence = 0;
  const steps = calls.map((call) => [
    () => writer.append(RECORD.admission, admissionPayload(call.id, Date.now(), 200_000_000n, context)),
    ...(call.progressed ? [() => writer.append(RECORD.progress, progressPayload(call.id, { input: 10n, output: BigInt(call.output) }))] : []),
    ...(call.ends ? [() => writer.append(RECORD.final, finalPayload(call.id, (sequence += 1), endOf(10n, BigInt(call.output)), 10_000_000n + 2_000_000n * BigInt(call.output), false, 200_000_000n))] : []),
  ]);
  const queue = order.map((index) => steps[index % steps.length]!).concat(steps.flatMap((one) => [one, one, one]));
  for (const one of queue) await one.shift()?.();
  await writer.close();
  return { epochId, folder };
}

const posting = (epochId: string, folder: string, batch: number) =>
  new Posting({ database: house.database, clock: systemClock, log: silentLogger, epochId, folder, priceOf: () => price, batch });

test('in whatever order and batches a log is posted, by several posters that stop anywhere: each call counts once', async () => {
  let charged = 0n;
  let billed = 0;
  await fc.assert(fc.asyncProperty(
    fc.array(fc.record({ id: fc.constant('').map(() => newId()), output: fc.nat({ max: 80 }), ends: fc.boolean(), progressed: fc.boolean() }), { minLength: 1, maxLength: 12 }),
    fc.array(fc.nat({ max: 11 }), { maxLength: 30 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
    async (calls, order, batches) => {
      // Shrinking repeats a call: ids stay those of one call.
      const fresh = calls.map((call) => ({ ...call, id: newId() }));
      const { epochId, folder } = await logOf(fresh, order);
      // Each poster knows only what Postgres knows, does one batch, and is gone.
      for (const batch of batches) await posting(epochId, folder, batch).step(null);
      const [one, other] = [posting(epochId, folder, 5), posting(epochId, folder, 3)];
      await Promise.all([one.load(), other.load()]);
      for (let more = true; more;) more = (await Promise.all([one, other].map((each) => each.step(null).catch(() => true)))).some(Boolean);
      await one.close().catch(() => {});
      await posting(epochId, folder, 1).close();
      for (const call of fresh) {
        if (!call.ends && !call.progressed) continue;
        charged += 10_000_000n + 2_000_000n * BigInt(call.output);
        billed += 1;
      }
      const books = await booksOf(house.database);
      expect(books).toMatchObject({ rolled: charged, holds: 0 });
      expect(books.events).toHaveLength(billed);
      const { rows } = { rows: await house.database.unscoped('test').selectFrom('usage_events').select('sequence').where('epoch_id', '=', epochId).orderBy('sequence').execute() };
      expect(rows.map((row) => Number(row.sequence))).toEqual(rows.map((_, index) => index + 1));
    },
  ), { numRuns: 15 });
}, 120_000);

test('an id that was recorded by the API before does not stop the log', async () => {
  const call = { id: newId(), output: 1, ends: true, progressed: false };
  const first = await logOf([call], []);
  await posting(first.epochId, first.folder, 10).step(null);
  const second = await logOf([call], []);
  const poster = posting(second.epochId, second.folder, 10);
  await expect(poster.step(null)).rejects.toThrow('duplicate');
  await poster.step(null);
  const books = await booksOf(house.database);
  expect(books.events).toHaveLength(2);
  expect(books.rolled).toBe(24_000_000n);
});

test('a dead log with a gap counts up to the gap; a live one is damaged there', async () => {
  const calls = Array.from({ length: 20 }, () => ({ id: newId(), output: 1, ends: true, progressed: false }));
  const { epochId, folder } = await logOf(calls, []);
  // The power went when the next segment was on disk and the end of this one was not.
  const path = segmentPath(folder, 1);
  truncateSync(path, statSync(path).size - 40);
  const { records } = readLog(folder, LOG_START, null, 1_000);
  const whole = records.filter((record, index) => record.number === index + 1);
  expect(whole.length).toBeLessThan(records.length);
  await expect(posting(epochId, folder, 1_000).step({ segment: 3, offset: 0 })).rejects.toThrow(`misses record ${whole.length + 1}`);
  const poster = posting(epochId, folder, 4);
  while (await poster.step(null));
  expect(await poster.step(null)).toBe(false);
  const ended = whole.filter((record) => record.type === RECORD.final).length;
  expect(await poster.close()).toEqual({ cut: 0, lost: whole.length - 2 * ended });
  const books = await booksOf(house.database);
  expect(books.events.map((event) => event.id)).toEqual(calls.slice(0, ended).map((call) => call.id));
  expect(books.holds).toBe(0);
});
