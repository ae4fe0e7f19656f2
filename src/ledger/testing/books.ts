import { silentLogger } from '../../base/index.ts';
import { createBooks, type Books } from '../books.ts';
import type { MoneyPathPort } from '../ports.ts';
import { createPriceBook, type PriceBook } from '../prices/book.ts';
import { openTestHouse, type TestHouse } from './house.ts';
import { TestPoster } from './usage.ts';

export interface TestBooks extends TestHouse {
  readonly book: PriceBook;
  readonly books: Books;
  readonly poster: TestPoster;
  /** What the books were told and are to be told by the money path. */
  readonly moneyPath: MoneyPathPort & { posted: Date | null; readonly prepaid: Map<string, bigint> };
}

/** The books over a real database, with prices: 1,000 picodollars for an input token, 3,000 for an output token of `tandem/local`. */
export async function openTestBooks(startMs?: number, billing?: 'postpaid' | 'prepaid'): Promise<TestBooks> {
  const house = await openTestHouse(startMs, billing);
  const book = createPriceBook({ database: house.database, operator: () => house.organisationId, currencyOf: (id) => house.names.organisation(id)?.currency });
  await book.start();
  const prepaid = new Map<string, bigint>();
  const moneyPath: TestBooks['moneyPath'] = {
    posted: null, prepaid,
    async postedThrough() {
      return this.posted;
    },
    async setPrepaid(_tx, organisationId, amount) {
      prepaid.set(organisationId, amount);
    },
  };
  const books = createBooks({ ...house, log: silentLogger, book, moneyPath, operator: () => house.organisationId });
  await books.prices.create(house.principal(), {
    resource: 'tandem/local', tier: 'standard', side: 'sell', source: 'a test', buckets: { input: { price: '1000', per: '1' }, output: { price: '3000', per: '1' } },
  });
  const poster = await TestPoster.open(house, book);
  return { ...house, book, books, poster, moneyPath, close: async () => {
    await book.stop();
    await house.close();
  } };
}
