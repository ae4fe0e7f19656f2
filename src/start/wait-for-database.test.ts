import { expect, test } from 'vitest';
import { ManualClock, silentLogger } from '../base/index.ts';
import { Phases } from './phases.ts';
import { waitForDatabase } from './wait-for-database.ts';

const away = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });

function bench(waitMs = 60_000) {
  const clock = new ManualClock();
  const phases = new Phases(silentLogger, clock);
  const stopping = new AbortController();
  const said: string[] = [];
  const log: string[] = [];
  const run = (open: (tries: number) => Promise<string>): Promise<string> => {
    let tries = 0;
    return waitForDatabase(phases, async (own) => {
      tries += 1;
      const name = `opened ${tries}`;
      log.push(name);
      own.add(name, 1_000, () => void log.push(name.replace('opened', 'closed')));
      return open(tries);
    }, { clock, log: silentLogger, waitMs, signal: stopping.signal, say: (text) => said.push(text) });
  };
  /** Lets time go by until the promise has settled. */
  const settle = async (promise: Promise<unknown>): Promise<number> => {
    let over = false;
    void promise.then(() => { over = true; }, () => { over = true; });
    for (; !over; clock.advance(100)) for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    return clock.monotonicMs();
  };
  return { phases, stopping, said, log, run, settle };
}

test('a database that comes late is waited for; what was opened before is closed, and all of it opens anew', async () => {
  const { phases, said, log, run, settle } = bench();
  const opening = run(async (tries) => {
    if (tries < 3) throw away();
    return 'open';
  });
  await settle(opening);
  expect(await opening).toBe('open');
  expect(said).toEqual([expect.stringMatching(/^connect ECONNREFUSED 127.0.0.1:5432\. Waiting for it, 60 s at most/)]);
  expect(log).toEqual(['opened 1', 'closed 1', 'opened 2', 'closed 2', 'opened 3']);
  await phases.stopAll();
  expect(log.at(-1)).toBe('closed 3');
});

test('one that does not come ends the start with the reason, when the time is over', async () => {
  const { run, settle } = bench(60_000);
  const opening = run(() => Promise.reject(away()));
  const tookMs = await settle(opening);
  await expect(opening).rejects.toThrow('ECONNREFUSED');
  expect(tookMs).toBeGreaterThanOrEqual(60_000);
  expect(tookMs).toBeLessThan(63_000);
});

test('what is no absence, and any without time to wait, ends it at once', async () => {
  for (const [waitMs, error] of [[60_000, new Error('password authentication failed')], [0, away()]] as const) {
    const { said, log, run } = bench(waitMs);
    await expect(run(() => Promise.reject(error))).rejects.toBe(error);
    expect([said, log]).toEqual([[], ['opened 1']]);
  }
});

test('somebody who stops the server meanwhile does not wait', async () => {
  const { phases, stopping, log, run, settle } = bench();
  const opening = run(() => Promise.reject(away()));
  opening.catch(() => {});
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  stopping.abort(new Error('interrupted'));
  await settle(opening);
  await expect(opening).rejects.toThrow('interrupted');
  await phases.stopAll();
  expect(log).toEqual(['opened 1', 'closed 1']);
});
