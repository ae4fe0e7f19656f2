import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** What the program of a replica printed that never became ready. */
export const replicaOutput: Migration = {
  name: '0038-replica-output',
  async up(tx) {
    await sql.raw('alter table serving_replicas add column output text').execute(tx);
  },
};
