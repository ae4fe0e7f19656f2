import type { PeriodicTask } from '../db/index.ts';

/** What the books do by themselves. Both are safe to repeat; each counts what it did. */
export interface BooksUpkeep {
  readonly invoices: { closeDue(): Promise<unknown> };
  readonly credits: { expireDue(): Promise<unknown> };
}

export interface ContentUpkeep {
  readonly content: { removeExpired(): Promise<unknown> };
}

/** The server's periodic work; each task runs in one process of all that share the database. */
export function periodicTasks({ invoices, credits }: BooksUpkeep, { content }: ContentUpkeep): PeriodicTask[] {
  return [
    { name: 'close-months', everyMs: 15 * 60_000, run: async () => void (await invoices.closeDue()) },
    { name: 'expire-content', everyMs: 60_000, run: async () => void (await content.removeExpired()) },
    { name: 'expire-credits', everyMs: 60_000, run: async () => void (await credits.expireDue()) },
  ];
}
