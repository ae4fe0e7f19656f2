import { expect, test } from 'vitest';
import { ManualClock, silentLogger, TandemError } from '../../base/index.ts';
import { keepRunning } from './keep-running.ts';

/** Lets everything run that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('starts again what has ended, with longer pauses while that fails', async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  let running = true;
  const attempts: number[] = [];
  const watching = keepRunning({
    isRunning: () => running,
    startAgain: async () => {
      attempts.push(clock.monotonicMs());
      if (attempts.length < 4) throw new TandemError('disk_full', { params: { path: '/srv' } });
      running = true;
    },
    clock,
    log: silentLogger,
    signal: stop.signal,
  });
  const tick = async (steps: number): Promise<void> => {
    for (let step = 0; step < steps; step += 1) {
      clock.advance(100);
      await settle();
    }
  };
  await tick(20);
  expect(attempts).toEqual([]);
  running = false;
  await tick(60);
  // The first look after the end, then pauses of 0.5, 1 and 2 s (each in steps of the test's 0.1 s).
  const gaps = attempts.slice(1).map((at, index) => at - attempts[index]!);
  expect(attempts).toHaveLength(4);
  expect(gaps[0]).toBeGreaterThanOrEqual(500);
  expect(gaps[1]).toBeGreaterThanOrEqual(1_000);
  expect(gaps[2]).toBeGreaterThanOrEqual(2_000);
  expect(gaps[2]).toBeLessThan(2_500);
  stop.abort();
  await watching;
});

test('ends at once when told to, also during a pause', async () => {
  const stop = new AbortController();
  const watching = keepRunning({
    isRunning: () => false,
    startAgain: () => Promise.reject(new Error('no')),
    clock: new ManualClock(),
    log: silentLogger,
    signal: stop.signal,
  });
  await settle();
  stop.abort();
  await watching;
});
