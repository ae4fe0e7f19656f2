import { sql, type RawBuilder } from 'kysely';

/** A whole id, or so much of one that nobody writes it by chance for a name. */
const BEGINNING = /^[0-9a-f]{6,8}(?:-[0-9a-f-]{0,27})?$/i;

/**
 * Leases that a word may mean: by their name as it is or as it stands in a host name, where other signs than letters and digits are dashes,
 * or by the beginning of their id. Who asks decides which of them it is.
 */
export function isCalled(word: string): RawBuilder<boolean> {
  const byId = BEGINNING.test(word) ? sql<boolean>` or id::text like ${`${word.toLowerCase()}%`}` : sql``;
  return sql<boolean>`(name = ${word.normalize('NFC')} or lower(trim(both '-' from regexp_replace(name, '[^A-Za-z0-9]+', '-', 'g'))) = ${word.toLowerCase()}${byId})`;
}
