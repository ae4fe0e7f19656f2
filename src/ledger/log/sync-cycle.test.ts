import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import { BatchBuffer } from './batch-buffer.ts';
import { realFiles } from './files.ts';
import { RECORD } from './record.ts';
import { SyncCycle } from './sync-cycle.ts';

/** What the design promises: a sync starts this long after a write at the latest, unless one is running. */
const PROMISED_MS = 10;

let running: ((error: Error | null) => void)[];
let started: number;
let cycle: SyncCycle;
let clock: ManualClock;
beforeEach(() => {
  vi.useFakeTimers();
  running = [];
  started = 0;
  const files = { ...realFiles, sync: (_fd: number, done: (error: Error | null) => void) => { started += 1; running.push(done); } };
  clock = new ManualClock(0);
  cycle = new SyncCycle({ files, clock, strict: false, onFailure: () => {} });
});
afterEach(() => void vi.useRealTimers());

function write(): void {
  const batch = new BatchBuffer();
  void batch.add(RECORD.final, 1, 'a record');
  cycle.wrote(1, batch);
}

const synced = async () => {
  running.shift()!(null);
  await vi.advanceTimersByTimeAsync(0);
};

test('a sync starts within ten milliseconds of a write, though nothing else happens', async () => {
  write();
  expect(started).toBe(0);
  await vi.advanceTimersByTimeAsync(PROMISED_MS);
  expect(started).toBe(1);
});

test('what is written while a sync runs is synced within ten milliseconds of its end, by one sync', async () => {
  write();
  await vi.advanceTimersByTimeAsync(PROMISED_MS);
  write();
  write();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(started).toBe(1);
  expect(cycle.unsynced()).toHaveLength(3);
  await synced();
  await vi.advanceTimersByTimeAsync(PROMISED_MS);
  expect(started).toBe(2);
  await synced();
  expect(cycle.unsynced()).toEqual([]);
});

test('writes that go on and on do not put a sync off', async () => {
  for (let ms = 0; ms < PROMISED_MS; ms += 1) {
    write();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(started).toBe(1);
});

test('memory that a slow sync needed is given back when a minute has passed in which nothing needed it', async () => {
  const writeAndSync = async (batches: number) => {
    const lent = Array.from({ length: batches }, () => cycle.recycled() ?? new BatchBuffer());
    for (const batch of lent) {
      void batch.add(RECORD.final, 1, 'a record');
      cycle.wrote(1, batch);
    }
    await vi.advanceTimersByTimeAsync(PROMISED_MS);
    await synced();
  };
  const free = () => {
    const batches: BatchBuffer[] = [];
    for (let batch = cycle.recycled(); batch !== undefined; batch = cycle.recycled()) batches.push(batch);
    return batches;
  };
  await writeAndSync(20);
  clock.advance(60_000);
  await writeAndSync(3);
  expect(free()).toHaveLength(20);

  await writeAndSync(20);
  for (let minute = 0; minute < 3; minute += 1) {
    clock.advance(60_000);
    await writeAndSync(3);
  }
  expect(free()).toHaveLength(3);
});
