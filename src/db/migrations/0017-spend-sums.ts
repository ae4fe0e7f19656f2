import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Sums of spend for fewer names at a time: the page Spend reads them, and not a row for every user of every key. */
export const spendSums: Migration = {
  name: '0017-spend-sums',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const FIGURES = ['requests', 'failed', 'charge', 'charge_known', 'cost', 'cost_unknown', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image'];
const COUNTS = new Set(['requests', 'failed', 'cost_unknown']);
const COLUMNS = FIGURES.map((figure) => `${figure} ${COUNTS.has(figure) ? 'bigint' : 'numeric(38, 0)'} not null`).join(', ');
const SUMS = FIGURES.map((figure) => `sum(${figure})`).join(', ');

const STATEMENTS = [
  `create table spend_keys (
    organisation_id uuid not null,
    day date not null,
    project_id uuid not null,
    key_id uuid,
    resource text not null,
    backend text not null,
    tier text not null,
    ${COLUMNS},
    unique nulls not distinct (organisation_id, day, project_id, key_id, resource, backend, tier)
  )`,
  // One row for each user, one for each scenario and one for each set of tags, each over all keys and models.
  `create table spend_labels (
    organisation_id uuid not null,
    kind text not null check (kind in ('user', 'scenario', 'tags')),
    day date not null,
    project_id uuid not null,
    name text not null,
    tags text[] not null,
    ${COLUMNS},
    primary key (organisation_id, kind, day, project_id, name, tags)
  )`,
  `insert into spend_keys select organisation_id, day, project_id, key_id, resource, backend, tier, ${SUMS} from spend_days group by 1, 2, 3, 4, 5, 6, 7`,
  `insert into spend_labels select organisation_id, kind, day, project_id, name, labels.tags, ${SUMS} from spend_days
    cross join lateral (values ('user', user_name, '{}'::text[]), ('scenario', scenario, '{}'), ('tags', '', spend_days.tags)) as labels (kind, name, tags) group by 1, 2, 3, 4, 5, 6`,
];
