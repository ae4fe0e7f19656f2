import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ManualClock, silentLogger } from '../base/index.ts';
import { Mishaps } from './mishaps.ts';

test('errors that nobody caught are logged with their stack, counted and remembered, and left to Node after the stop', () => {
  const source = new EventEmitter();
  const lines: unknown[] = [];
  const mishaps = new Mishaps(source, new ManualClock(1_790_000_000_000), { ...silentLogger, error: (fields: unknown) => void lines.push(fields) });
  expect(mishaps.report()).toEqual({ count: 0, last: null, lastAt: null });
  source.emit('unhandledRejection', new Error('nobody waited'));
  source.emit('uncaughtException', 'no error at all');
  expect(mishaps.report()).toEqual({ count: 2, last: 'no error at all', lastAt: '2026-09-21T14:13:20.000Z' });
  expect(lines).toEqual([
    { how: 'rejected', reason: 'nobody waited', stack: expect.stringContaining('mishaps.test.ts') },
    { how: 'thrown', reason: 'no error at all', stack: undefined },
  ]);
  mishaps.stop();
  expect([source.listenerCount('uncaughtException'), source.listenerCount('unhandledRejection')]).toEqual([0, 0]);
});
