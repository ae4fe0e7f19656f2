import { expect, test } from 'vitest';
import { Leaving, signalOf } from './leaving.ts';

const gone = new Error('gone');

test('who listens is told once, who stopped listening is not', () => {
  const leaving = new Leaving();
  const told: string[] = [];
  const second = () => told.push('second');
  leaving.addEventListener('abort', () => told.push('first'));
  leaving.addEventListener('abort', second);
  leaving.removeEventListener('abort', second);
  leaving.leave(gone);
  leaving.leave(new Error('again'));
  expect([told, leaving.aborted, leaving.reason]).toEqual([['first'], true, gone]);
});

test('a real signal of it aborts with it, whether it was asked for before or after', () => {
  const leaving = new Leaving();
  const before = signalOf(leaving);
  expect([before.aborted, signalOf(leaving) === before]).toEqual([false, true]);
  leaving.leave(gone);
  expect([before.aborted, before.reason]).toEqual([true, gone]);
  const late = new Leaving();
  late.leave(gone);
  expect([signalOf(late).aborted, signalOf(late).reason]).toEqual([true, gone]);
});

test('an AbortSignal is its own', () => {
  const { signal } = new AbortController();
  expect(signalOf(signal)).toBe(signal);
});
