import type { Migration } from '../migrate.ts';

/** In the order in which they are applied. A shipped migration is never changed. */
export const migrations: readonly Migration[] = [];
