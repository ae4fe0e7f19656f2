import { expect, test } from 'vitest';
import { ManualClock, silentLogger } from '../base/index.ts';
import { Phases } from './phases.ts';

test('parts stop backwards, once, and a failing one does not keep the others', async () => {
  const phases = new Phases(silentLogger, new ManualClock());
  const stopped: string[] = [];
  phases.add('first', 100, () => void stopped.push('first'));
  phases.add('broken', 100, () => Promise.reject(new Error('no')));
  phases.add('last', 100, () => void stopped.push('last'));
  await Promise.all([phases.stopAll(), phases.stopAll()]);
  expect(stopped).toEqual(['last', 'first']);
});

test('a part that hangs is left behind at its deadline', async () => {
  const clock = new ManualClock();
  const phases = new Phases(silentLogger, clock);
  let stopped = false;
  phases.add('first', 100, () => {
    stopped = true;
  });
  phases.add('hanging', 5_000, () => new Promise(() => {}));
  const all = phases.stopAll();
  await Promise.resolve();
  clock.advance(5_000);
  await all;
  expect(stopped).toBe(true);
});

test('who ends at once ends what would go on without it, whatever fails', () => {
  const phases = new Phases(silentLogger, new ManualClock());
  const ended: string[] = [];
  phases.add('database', 100, () => {}, () => void ended.push('database'));
  phases.add('broken', 100, () => {}, () => { throw new Error('no'); });
  phases.add('connections', 100, () => void ended.push('never'));
  phases.abandonAll();
  expect(ended).toEqual(['database']);
});
