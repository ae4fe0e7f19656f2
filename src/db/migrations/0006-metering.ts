import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Service tiers: price lists for `priority` and `flex`, and which of them a call ran on. Feeds of usage to the outside. Sums by month and by day. */
export const metering: Migration = {
  name: '0006-metering',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const SUMS = `quantity numeric(38, 0) not null, charge numeric(38, 0) not null, cost numeric(38, 0) not null, cost_unknown bigint not null, events bigint not null, failed bigint not null`;
const ADDED = 'sum(quantity), sum(charge), sum(cost), sum(cost_unknown), sum(events), sum(failed)';

const STATEMENTS = [
  `alter table price_versions drop constraint price_versions_tier_check`,
  `alter table price_versions add constraint price_versions_tier_check check (tier in ('standard', 'contributor', 'priority', 'flex'))`,
  `alter table usage_events add column service_tier text not null default 'default'`,
  // A key that is seldom used: its newest events are found without looking through everybody's.
  `create index usage_events_key on usage_events (organisation_id, key_id, id)`,
  `create table usage_feeds (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    url text not null,
    secret bytea not null,
    format text not null check (format in ('tandem', 'stripe')),
    customer text not null,
    created_at timestamptz not null,
    paused_at timestamptz,
    removed_at timestamptz,
    replays int not null default 0,
    sent bigint not null default 0,
    attempts int not null default 0,
    due_at timestamptz not null,
    failing_since timestamptz,
    last_sent_at timestamptz,
    last_status int,
    last_problem text
  )`,
  // How far each log is sent: within a log events become visible in the order of their sequence, across logs they do not.
  `create table usage_feed_marks (
    feed_id uuid not null references usage_feeds (id),
    epoch_id uuid not null references epochs (id),
    sequence bigint not null,
    primary key (feed_id, epoch_id)
  )`,
  // The bill reads a month's lines here, whatever the number of days, and the overview its days, whatever that of keys and models.
  `create table usage_months (
    organisation_id uuid not null,
    project_id uuid not null,
    key_id uuid,
    resource text not null,
    month date not null,
    bucket text not null,
    ${SUMS},
    unique nulls not distinct (organisation_id, month, project_id, key_id, resource, bucket)
  )`,
  `create table usage_days (
    organisation_id uuid not null,
    project_id uuid not null,
    day date not null,
    bucket text not null,
    ${SUMS},
    unique (organisation_id, day, project_id, bucket)
  )`,
  `insert into usage_months select organisation_id, project_id, key_id, resource, date_trunc('month', day)::date, bucket, ${ADDED} from usage_rollups group by 1, 2, 3, 4, 5, 6`,
  `insert into usage_days select organisation_id, project_id, day, bucket, ${ADDED} from usage_rollups group by 1, 2, 3, 4`,
];
