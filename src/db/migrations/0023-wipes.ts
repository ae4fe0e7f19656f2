import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `alter table authorities drop constraint authorities_purpose_check`,
  `alter table authorities add constraint authorities_purpose_check check (purpose in ('agent-ca', 'agent-server', 'ssh-user', 'ssh-host', 'wipe'))`,

  `create table lease_wipes (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    lease_id uuid not null references leases (id),
    machine_id text not null,
    unit_ids jsonb not null,
    clean boolean not null,
    by text not null check (by in ('agent', 'provider', 'mdm')),
    method text not null check (method in ('reset', 'repartition', 'overwrite', 'reinstall', 'erase')),
    report jsonb not null,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    key_id text not null,
    certificate text not null
  )`,
  `create index lease_wipes_of on lease_wipes (lease_id)`,
  `create index lease_wipes_on on lease_wipes (machine_id, id desc)`,
];

/** What was wiped after leases, by whom and how, with its signed certificate. */
export const wipes: Migration = {
  name: '0023-wipes',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
