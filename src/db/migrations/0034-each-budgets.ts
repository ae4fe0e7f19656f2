import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `alter table budgets drop constraint budgets_subject_kind_check, add constraint budgets_subject_kind_check check (subject_kind in ('model', 'user', 'tag', 'key', 'project'))`,
  // A key that followed another by rotation, and the first of them: what counts each key by itself goes on with the count of the first.
  `create table key_successions (
    organisation_id uuid not null references organisations (id),
    key_id uuid primary key,
    first_id uuid not null
  )`,
  `create index key_successions_first on key_successions (first_id)`,
  `with recursive followed as (
    select k.organisation_id, k.id as first_id, k.replaced_by as key_id from api_keys k
    where k.replaced_by is not null and not exists (select from api_keys before where before.replaced_by = k.id)
    union all
    select f.organisation_id, f.first_id, k.replaced_by from followed f join api_keys k on k.id = f.key_id where k.replaced_by is not null
  )
  insert into key_successions (organisation_id, key_id, first_id) select organisation_id, key_id, first_id from followed`,
];

/** Budgets of each key or project by itself, and which keys followed which. */
export const eachBudgets: Migration = {
  name: '0034-each-budgets',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
