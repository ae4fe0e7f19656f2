import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Sums of spend without keys and users, and ways to the rows of some keys or users: two names together are asked for as fast as one. */
export const spendWords: Migration = {
  name: '0022-spend-words',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const FIGURES = ['requests', 'failed', 'charge', 'charge_known', 'cost', 'cost_unknown', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image'];
const COUNTS = new Set(['requests', 'failed', 'cost_unknown']);
const COLUMNS = FIGURES.map((figure) => `${figure} ${COUNTS.has(figure) ? 'bigint' : 'numeric(38, 0)'} not null`).join(', ');
const NAMES = 'organisation_id, day, project_id, resource, backend, tier, scenario, tags';

const STATEMENTS = [
  `create table spend_words (
    organisation_id uuid not null,
    day date not null,
    project_id uuid not null,
    resource text not null,
    backend text not null,
    tier text not null,
    scenario text not null,
    tags text[] not null,
    ${COLUMNS},
    primary key (${NAMES})
  )`,
  `insert into spend_words select ${NAMES}, ${FIGURES.map((figure) => `sum(${figure})`).join(', ')} from spend_days group by ${NAMES}`,
  `create index spend_days_users on spend_days (organisation_id, user_name, day)`,
  `create index spend_days_keys on spend_days (organisation_id, key_id, day)`,
];
