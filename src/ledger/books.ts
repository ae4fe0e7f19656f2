import type { Principal } from '../access/index.ts';
import { showBill, type BillView } from './bill/bill.ts';
import type { Month } from './bill/months.ts';
import { Credits } from './credits/credits.ts';
import { Invoices } from './invoices/invoices.ts';
import { overview, type Overview } from './overview/overview.ts';
import type { BookPorts } from './ports.ts';
import type { PriceBook } from './prices/book.ts';
import { Prices } from './prices/prices.ts';
import { PlainSight } from './sight/sight.ts';
import { UsageReader } from './usage/usage.ts';
import { Verifier, type Verification } from './verify/verify.ts';

export interface BooksOptions extends BookPorts {
  /** Started and stopped by whoever made it: the money path rates by the same book. */
  readonly book: PriceBook;
  /** The organisation that runs the installation; null: not known yet. */
  readonly operator: () => string | null;
}

/** What is written about money after it is spent, and what is asked about it. */
export interface Books {
  readonly prices: Prices;
  readonly credits: Credits;
  readonly invoices: Invoices;
  readonly usage: UsageReader;
  readonly sight: PlainSight;
  readonly bill: {
    show(principal: Principal, input: { month?: Month | undefined }): Promise<BillView>;
    verify(principal: Principal): Promise<Verification>;
  };
  overview(principal: Principal): Promise<Overview>;
}

export function createBooks(options: BooksOptions): Books {
  const verifier = new Verifier(options);
  return {
    prices: new Prices(options),
    credits: new Credits(options),
    invoices: new Invoices(options),
    usage: new UsageReader(options),
    sight: new PlainSight(options),
    bill: { show: (principal, input) => showBill(options, principal, input), verify: (principal) => verifier.verify(principal) },
    overview: (principal) => overview(options, principal),
  };
}
