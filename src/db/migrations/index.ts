import type { Migration } from '../migrate.ts';
import { access } from './0001-access.ts';

/** In the order in which they are applied. A shipped migration is never changed. */
export const migrations: readonly Migration[] = [
  access,
];
