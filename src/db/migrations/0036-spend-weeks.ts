import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Sums of spend by the week, with every name: a month of many users and keys is read as four weeks and some days. */
export const spendWeeks: Migration = {
  name: '0036-spend-weeks',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const FIGURES = ['requests', 'failed', 'charge', 'charge_known', 'cost', 'cost_unknown', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image', 'machine'];
const COUNTS = new Set(['requests', 'failed', 'cost_unknown']);
const COLUMNS = FIGURES.map((figure) => `${figure} ${COUNTS.has(figure) ? 'bigint' : 'numeric(38, 0)'} not null`).join(', ');
const NAMES = 'project_id, key_id, resource, backend, tier, user_name, scenario, tags';
const WEEK = `date_trunc('week', day)::date`;
const FIRST = `organisation_id, ${WEEK}, ${NAMES}`;
const KEY = `organisation_id, week, ${NAMES}`;
const SUMS = FIGURES.map((figure) => `sum(${figure})`).join(', ');

/** Adds to weeks what rows of days came to, as far as their days are in the weeks already. */
const late = (name: string, rows: string) => `create function ${name}() returns trigger language plpgsql as $$
  begin
    if exists (select from added join spend_week_marks m on m.organisation_id = added.organisation_id and added.day <= m.through) then
      insert into spend_weeks as have (${KEY}, ${FIGURES.join(', ')})
      select ${FIRST}, ${SUMS} from ${rows} as changed where exists (select from spend_week_marks m where m.organisation_id = changed.organisation_id and changed.day <= m.through) group by ${FIRST}
      on conflict (${KEY}) do update set ${FIGURES.map((figure) => `${figure} = have.${figure} + excluded.${figure}`).join(', ')};
    end if;
    return null;
  end $$`;

const STATEMENTS = [
  `create table spend_weeks (
    organisation_id uuid not null,
    week date not null,
    project_id uuid not null,
    key_id uuid,
    resource text not null,
    backend text not null,
    tier text not null,
    user_name text not null,
    scenario text not null,
    tags text[] not null,
    ${COLUMNS},
    unique nulls not distinct (${KEY})
  )`,
  // The days up to and with `through` are in the weeks. A day is added when it is over, so once for all of its calls.
  `create table spend_week_marks (
    organisation_id uuid primary key,
    through date not null
  )`,
  // By triggers, so that it holds whoever writes the days: a server of before, too, which knows nothing of weeks.
  late('spend_weeks_of_new_days', 'added'),
  late('spend_weeks_of_changed_days', `(select organisation_id, day, ${NAMES}, ${FIGURES.join(', ')} from added union all select organisation_id, day, ${NAMES}, ${FIGURES.map((figure) => `-${figure}`).join(', ')} from gone)`),
  `create trigger spend_days_new after insert on spend_days referencing new table as added for each statement execute function spend_weeks_of_new_days()`,
  `create trigger spend_days_changed after update on spend_days referencing old table as gone new table as added for each statement execute function spend_weeks_of_changed_days()`,
  `insert into spend_week_marks select organisation_id, max(day) - 1 from spend_days group by 1`,
  `insert into spend_weeks (${KEY}, ${FIGURES.join(', ')}) select ${FIRST}, ${SUMS} from spend_days join spend_week_marks using (organisation_id) where day <= through group by ${FIRST}`,
];
