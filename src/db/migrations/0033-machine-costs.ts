import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // A call's part of what a leased machine cost. `counted`: it is in the sums of spend.
  `create table machine_costs (
    organisation_id uuid not null,
    event_id uuid not null,
    backend text not null,
    cost numeric(38, 0) not null check (cost >= 0),
    counted boolean not null default false,
    primary key (event_id, backend)
  )`,
  `create index machine_costs_due on machine_costs (event_id) where not counted`,
  ...['spend_days', 'spend_keys', 'spend_words', 'spend_labels', 'spend_hours'].map((table) => `alter table ${table} add column machine numeric(38, 0) not null default 0`),
  `insert into machine_costs (organisation_id, event_id, backend, cost)
    select e.organisation_id, s.event_id, s.replica_id::text, s.cost from (select event_id, replica_id, sum(cost) as cost from token_shares group by 1, 2) s
    join lateral (select u.organisation_id from organisations o join usage_events u on u.organisation_id = o.id and u.id = s.event_id limit 1) e on true`,
];

/** What leased machines cost for calls, in the sums of spend. */
export const machineCosts: Migration = {
  name: '0033-machine-costs',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
