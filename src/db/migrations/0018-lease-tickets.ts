import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // A ticket lets one person look at a lease's screen once. The row goes when it is used.
  `create table lease_tickets (
    organisation_id uuid not null references organisations (id),
    hash bytea primary key,
    lease_id uuid not null,
    actor_id text not null,
    mode text not null check (mode in ('control', 'view')),
    given_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
  )`,
  `create index lease_tickets_expire on lease_tickets (expires_at)`,
];

/** Single-use tickets for the screens of leases. */
export const leaseTickets: Migration = {
  name: '0018-lease-tickets',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
