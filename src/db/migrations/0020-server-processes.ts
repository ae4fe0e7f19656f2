import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // Server processes that agents connect to, and where the others reach them. Of no organisation.
  `create table server_processes (
    id uuid primary key,
    host text not null,
    port int not null check (port between 1 and 65535),
    seen_at timestamptz not null
  )`,
  // The process that a node is connected to, while it is.
  `alter table nodes add column connected_to uuid`,
];

/** Which process of several a machine is connected to. */
export const serverProcesses: Migration = {
  name: '0020-server-processes',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
