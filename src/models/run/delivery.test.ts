import { expect, test } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import type { ReplyWriter } from '../neutral/dialect.ts';
import type { ReplyEvent } from '../neutral/reply.ts';
import { Delivery } from './delivery.ts';

const word: ReplyEvent = { type: 'delta', choice: 0, part: 0, text: 'a' };
const writer: ReplyWriter = { whole: () => '', event: () => 'a', end: () => '', error: () => '' };

test('progress is told with the first word, then with each 64 tokens or bytes, and with each second', () => {
  const clock = new ManualClock(0);
  const sink = { started: false, head: () => {}, write: () => true, drained: () => Promise.resolve(), end: () => {} };
  const delivery = new Delivery(sink, writer, clock);
  const told: number[] = [];
  let amount = 0;
  delivery.owner = { begin: () => ({}), progress: () => told.push(amount) };
  for (const [next, ms] of [[1, 0], [2, 999], [64, 0], [65, 0], [70, 0], [71, 1_000], [134, 0], [135, 0]] as const) {
    clock.advance(ms);
    amount = next;
    delivery.take([word], amount);
  }
  expect(told).toEqual([1, 65, 71, 135]);
});
