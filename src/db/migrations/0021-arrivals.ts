import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // Null `pool`: a person enters the machine. `arrived_turn`: the last delivery or reinstallation whose machine became a node.
  `alter table provider_orders
    add column pool text check (length(pool) between 1 and 63),
    add column node_name text,
    add column node_id uuid references nodes (id),
    add column enrolment_id uuid references node_enrolments (id),
    add column host_key text,
    add column host_key_from text check (host_key_from in ('provider', 'first-use')),
    add column machine_hash text,
    add column arrived_turn int,
    add column arrive_at timestamptz not null default now(),
    add column arrive_by timestamptz,
    add column arrival_token uuid,
    add column arrival_until timestamptz`,
  `create index provider_orders_arriving on provider_orders (arrive_at) where observed = 'ready' and pool is not null`,
  `create index provider_orders_node on provider_orders (node_id) where node_id is not null`,

  // What is done of the way from a delivered machine to a node, by delivery.
  `create table order_steps (
    organisation_id uuid not null references organisations (id),
    order_id uuid not null references provider_orders (id),
    turn int not null,
    step text not null check (step in ('enter', 'enrol', 'connect', 'password', 'close', 'probe')),
    state text not null check (state in ('working', 'waiting', 'person', 'done')),
    attempts int not null default 0,
    reason text,
    next text,
    started_at timestamptz not null,
    ended_at timestamptz,
    primary key (order_id, turn, step)
  )`,

  // Which node a machine was, and since when.
  `create table order_nodes (
    organisation_id uuid not null references organisations (id),
    order_id uuid not null references provider_orders (id),
    turn int not null,
    node_id uuid not null references nodes (id),
    at timestamptz not null,
    primary key (order_id, turn)
  )`,
  `create index order_nodes_node on order_nodes (node_id)`,
];

/** How ordered machines become nodes by themselves. */
export const arrivals: Migration = {
  name: '0021-arrivals',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
