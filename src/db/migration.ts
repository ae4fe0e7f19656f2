import type { Transaction } from 'kysely';

/** One step of the schema. It runs in a transaction; there is no way down but a backup. */
export interface Migration {
  readonly name: string;
  up(tx: Transaction<unknown>): Promise<void>;
}
