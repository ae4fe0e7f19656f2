import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `alter table lease_viewers add column mode text not null default 'control' check (mode in ('view', 'control'))`,
  `alter table lease_viewers add column given_by text`,
];

/** By whose say somebody looks at a lease's screen, and at how much. */
export const screenSays: Migration = {
  name: '0032-screen-says',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
