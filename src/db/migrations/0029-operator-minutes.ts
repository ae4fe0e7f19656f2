import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // What machines cost a person: stretches in which one waited for somebody, and steps that somebody did by hand. Those of one kind and
  // subject do not overlap: only one of them is open.
  `create table operator_work (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    kind text not null check (kind in ('approval', 'quarantined', 'sick', 'order', 'setup', 'step')),
    subject text not null,
    name text not null,
    detail text not null default '',
    since timestamptz not null,
    until timestamptz,
    recorded_minutes int not null default 0,
    recorded_at timestamptz
  )`,
  `create unique index operator_work_open on operator_work (kind, subject) where until is null`,
  `create index operator_work_of on operator_work (organisation_id, since)`,
  `create index operator_work_due on operator_work (since) where recorded_at is null`,
];

/** Operator minutes: the management tax as a number. */
export const operatorMinutes: Migration = {
  name: '0029-operator-minutes',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
