import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // A machine that is erased or reinstalled from outside after a lease with root, and how far that is.
  `create table outside_wipes (
    organisation_id uuid not null references organisations (id),
    lease_id uuid not null references leases (id),
    machine_id text not null,
    by text not null check (by in ('provider', 'mdm')),
    order_id uuid references provider_orders (id),
    turn int,
    device text,
    command uuid,
    asked_at timestamptz not null,
    sent_at timestamptz,
    deadline_at timestamptz not null,
    primary key (lease_id, machine_id)
  )`,
];

/** Wipes that something outside of a machine does. */
export const outsideWipes: Migration = {
  name: '0030-outside-wipes',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
