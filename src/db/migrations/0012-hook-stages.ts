import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

export const hookStages: Migration = {
  name: '0012-hook-stages',
  async up(tx) {
    await sql.raw(`alter table hooks add column stage text not null default 'request' check (stage in ('request', 'reply', 'both'))`).execute(tx);
  },
};
