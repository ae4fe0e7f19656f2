import type { Database, Executor } from '../../db/index.ts';

/** Ids are 36 bytes and a comma; a notification may have 8,000. */
const NAMED_AT_MOST = 200;
const EVERYBODY = 'all';

/**
 * Tells, at commit, whose usage changed: pages that show it read it again. The payload is the organisations' ids with
 * commas between, or `all` where they are too many to name.
 */
export async function announceUsage(database: Pick<Database, 'notify'>, tx: Executor, changed: readonly { readonly organisationId: string }[] | 'all'): Promise<void> {
  await database.notify(tx, 'usage', payloadOf(changed));
}

export function payloadOf(changed: readonly { readonly organisationId: string }[] | 'all'): string {
  if (changed === 'all') return EVERYBODY;
  const ids = new Set(changed.map((one) => one.organisationId));
  return ids.size > NAMED_AT_MOST ? EVERYBODY : [...ids].join(',');
}
