import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `alter table lease_tickets add column kind text not null default 'screen' check (kind in ('screen', 'terminal'))`,
  // Who looks at a screen now, whichever process they reached. A row that nobody has renewed is one of a process that died.
  `create table lease_viewers (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    lease_id uuid not null,
    actor_id text not null,
    label text not null,
    seen_at timestamptz not null
  )`,
  `create index lease_viewers_lease on lease_viewers (lease_id)`,
  `alter table pools add column record boolean not null default false`,
  `alter table leases add column record boolean not null default false`,
  `create table lease_recordings (
    organisation_id uuid not null references organisations (id),
    id uuid not null,
    lease_id uuid not null,
    machine_id text not null,
    kind text not null check (kind in ('terminal', 'shell', 'command', 'connection')),
    person text not null,
    sealed_command bytea,
    state text not null check (state in ('kept', 'refused')),
    reason text,
    tamper_proof boolean not null,
    whole boolean not null,
    bytes integer not null check (bytes >= 0),
    columns integer,
    rows integer,
    exit_code integer,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (organisation_id, id)
  )`,
  `create index lease_recordings_listed on lease_recordings (organisation_id, lease_id, started_at)`,
  `create index lease_recordings_expire on lease_recordings (expires_at)`,
  `create table lease_recording_pieces (
    organisation_id uuid not null,
    recording_id uuid not null,
    piece integer not null,
    sealed bytea not null,
    primary key (organisation_id, recording_id, piece),
    foreign key (organisation_id, recording_id) references lease_recordings (organisation_id, id) on delete cascade
  )`,
  // Sealed bytes do not compress: TOAST need not try.
  `alter table lease_recording_pieces alter column sealed set storage external`,
];

/** Terminals, who looks at a screen, and recordings of sessions. */
export const sessions: Migration = {
  name: '0024-sessions',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
