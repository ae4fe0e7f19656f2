import { expect, test, vi } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import { openTestHouse } from '../testing/house.ts';
import { createPriceBook } from './book.ts';

test('a reading that fails after news is tried again until it succeeds', async () => {
  const house = await openTestHouse();
  const clock = new ManualClock();
  let failures = 0;
  let news: (payload: string) => void = () => {};
  const book = createPriceBook({
    operator: () => null, currencyOf: () => 'USD', clock,
    database: {
      listen: async (_channel, handler) => {
        news = handler;
        return async () => {};
      },
      unscoped: (reason) => {
        if (failures > 0) {
          failures -= 1;
          throw new Error('no connection');
        }
        return house.database.unscoped(reason);
      },
    },
  });
  await book.start();
  const id = house.newId();
  await house.database.pool.query(`insert into price_versions values ($1, $2, 'acme/one', 'standard', 'sell', null, 'USD', '{"input": {"price": "5", "per": "1"}}', $3, 'a test', $3, 'a test')`, [id, house.organisationId, new Date(house.clock.nowMs())]);
  failures = 2;
  news('somebody');
  await vi.waitFor(() => {
    clock.advance(250);
    expect(book.byId(id)?.buckets.input?.price).toBe(5n);
  });
  expect(failures).toBe(0);
  expect(book.priceAt(house.organisationId, 'acme/one', 'standard', house.clock.nowMs())?.id).toBe(id);
  expect(book.priceAt(house.organisationId, 'acme/one', 'standard', house.clock.nowMs() - 1)).toBeUndefined();
  await book.stop();
  await house.close();
});
