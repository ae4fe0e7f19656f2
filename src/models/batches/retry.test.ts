import { expect, it } from 'vitest';
import { TandemError } from '../../base/index.ts';
import { afterFailure } from './retry.ts';

it('lets what passes with time wait, and refuses what would be refused again', () => {
  const busy = new TandemError('engine_overloaded', { params: { reason: 'x' }, retryAfterSeconds: 5 });
  expect([1, 3, 20].map((attempts) => afterFailure(busy, attempts))).toEqual([{ kind: 'again', inMs: 5_000 }, { kind: 'again', inMs: 5_000 }, { kind: 'again', inMs: 60_000 }]);
  const failed = new TandemError('backend_failed', { params: { backend: 'x', reason: 'x' } });
  expect([1, 2, 3].map((attempts) => afterFailure(failed, attempts).kind)).toEqual(['again', 'again', 'refuse']);
  for (const error of [new TandemError('budget_exceeded'), new TandemError('price_unknown'), new TandemError('call_over_limit'), new TandemError('model_not_found'), new Error('a slip')]) expect(afterFailure(error, 1).kind).toBe('refuse');
});
