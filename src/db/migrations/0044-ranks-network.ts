import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // IPv4, as 10.0.0.0/16: machines of one job talk directly over it. Null: through the server.
  `alter table pools add column ranks_network text`,
  // Null: not decided yet. Once all have set off it stays.
  `alter table lease_jobs add column way text check (way in ('direct', 'server'))`,
  `alter table lease_jobs add column way_reason text`,
  // Of the Ethernet that its machines have for themselves, as long as the lease may run on one of them.
  `alter table lease_jobs add column vni int check (vni between 1 and 16777215)`,
  `create unique index lease_jobs_vni on lease_jobs (vni) where vni is not null`,
  // The address in that network that its machine says it has: a claim.
  `alter table lease_job_ranks add column underlay text`,
  `create index lease_job_ranks_underlay on lease_job_ranks (underlay) where underlay is not null`,
  `update lease_jobs set way = 'server' where set_off_at is not null`,
];

/** A direct way among the machines of a job, where a pool's machines share a network. */
export const ranksNetwork: Migration = {
  name: '0044-ranks-network',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
