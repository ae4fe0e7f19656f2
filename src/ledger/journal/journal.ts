import type { Database, Executor } from '../../db/index.ts';
import { JOURNAL_START, JOURNAL_TABLES, contentHash, linkHash, rowContent, type JournalledRow } from './row-hash.ts';

/** Rows per statement: an invoice may have thousands of lines, and Postgres takes 65,535 parameters. */
const CHUNK = 1_000;

type Scoping = Pick<Database, 'scoped'>;

/**
 * Takes the organisation's books for this transaction: until it ends nobody else writes them. Whoever
 * reads balances in order to write calls this first.
 */
export async function lockBooks(database: Scoping, tx: Executor, organisationId: string): Promise<{ sequence: bigint; hash: Buffer }> {
  const own = database.scoped(organisationId, tx);
  const head = () => own.selectFrom('journal_heads').select(['sequence', 'hash']).forUpdate().executeTakeFirst();
  let found = await head();
  if (found === undefined) {
    await own.insertInto('journal_heads', { sequence: 0n, hash: JOURNAL_START }).onConflict((on) => on.doNothing()).execute();
    found = await head();
  }
  if (found === undefined) throw new Error('the head of the journal is missing right after it was made');
  return { sequence: BigInt(found.sequence), hash: found.hash };
}

/**
 * The one writer of the books' tables: writes the rows, and for each an entry of the journal that
 * repeats its content and chains its hash, in the order given. All in the caller's transaction.
 */
export async function writeBooks(database: Scoping, tx: Executor, organisationId: string, rows: readonly JournalledRow[]): Promise<void> {
  if (rows.length === 0) return;
  const own = database.scoped(organisationId, tx);
  let { sequence, hash } = await lockBooks(database, tx, organisationId);

  for (const [kind, group] of Map.groupBy(rows, (one) => one.kind)) {
    for (const chunk of chunks(group)) {
      await own.insertInto(JOURNAL_TABLES[kind], chunk.map((one) => stored(one.row)) as never).execute();
    }
  }
  const entries = rows.map(({ kind, row }) => {
    const content = rowContent(row);
    hash = linkHash(hash, contentHash(kind, content));
    sequence += 1n;
    return { sequence, kind, row_id: row.id, content, hash };
  });
  for (const chunk of chunks(entries)) await own.insertInto('journal', chunk).execute();
  await own.updateTable('journal_heads').set({ sequence, hash }).execute();
}

/** jsonb columns go in as text; everything else as it is. */
function stored(row: JournalledRow['row']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, isJson(value) ? JSON.stringify(value) : value]));
}

function isJson(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}

function* chunks<T>(all: readonly T[]): Iterable<T[]> {
  for (let at = 0; at < all.length; at += CHUNK) yield all.slice(at, at + CHUNK);
}
