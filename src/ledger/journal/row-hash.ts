import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Schema } from '../../db/index.ts';
import { sorted } from '../rating/event-hash.ts';

/** Which table each kind of journal entry speaks of. */
export const JOURNAL_TABLES = {
  price: 'price_versions',
  credit: 'credits',
  entry: 'ledger_entries',
  invoice: 'invoices',
  line: 'invoice_lines',
  adjustment: 'adjustments',
} as const;

export type JournalKind = keyof typeof JOURNAL_TABLES;
/** A row as it is read back: amounts as decimal text, times as dates, jsonb as objects. */
export type JournalRowOf<K extends JournalKind> = Selectable<Schema[(typeof JOURNAL_TABLES)[K]]>;
export type JournalledRow = { [K in JournalKind]: { readonly kind: K; readonly row: JournalRowOf<K> } }[JournalKind];

/** Every column of a row as text in one form: the same before it is written and after it is read back. */
export function rowContent(row: object): string {
  return JSON.stringify(sorted(plain(row)));
}

/** SHA-256 of a row's content. */
export function contentHash(kind: JournalKind, content: string): Buffer {
  return createHash('sha256').update(kind).update('\n').update(content).digest();
}

/** An entry's place in the chain: over the hash before it and its row. */
export function linkHash(previous: Buffer, row: Buffer): Buffer {
  return createHash('sha256').update(previous).update(row).digest();
}

/** What the first entry of a journal follows. */
export const JOURNAL_START = Buffer.alloc(32);

function plain(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]));
}
