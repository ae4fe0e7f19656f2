import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { FIGURES } from './fold.ts';

/** Days of an organisation that are over and not in its sums by week: those after `through` (null: from the first on) and before `latest`. */
interface Due {
  readonly organisation_id: string;
  readonly through: string | null;
  readonly latest: string;
}

/** Which of these organisations have such days. A day is over when the sums have a later one of the same organisation. */
export async function weeksDue(executor: Executor, organisations: readonly string[]): Promise<Due[]> {
  const { rows } = await sql<Due>`select one.organisation_id, m.through::text as through, latest.day::text as latest from unnest(${organisations}::uuid[]) as one (organisation_id)
    left join spend_week_marks m on m.organisation_id = one.organisation_id
    cross join lateral (select max(day) as day from spend_days d where d.organisation_id = one.organisation_id) latest
    where latest.day - 1 > coalesce(m.through, '-infinity')`.execute(executor);
  return rows;
}

const SUMS = [...FIGURES, 'machine'];
const KEY = sql.raw('organisation_id, week, project_id, key_id, resource, backend, tier, user_name, scenario, tags');

/**
 * Adds the days of an organisation that are over to its sums by week: once for all calls of a day, where adding each page of calls to weeks as
 * to days would write every row twice. What comes later for such a day is added by a trigger. The caller's transaction keeps followers out.
 */
export async function foldWeeks(tx: Executor, organisationId: string): Promise<void> {
  const [due] = await weeksDue(tx, [organisationId]);
  if (due === undefined) return;
  await sql`insert into spend_weeks as have (${KEY}, ${sql.raw(SUMS.join(', '))})
    select organisation_id, date_trunc('week', day)::date, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${sql.raw(SUMS.map((figure) => `sum(${figure})`).join(', '))}
    from spend_days where organisation_id = ${organisationId} and day > coalesce(${due.through}::date, '-infinity') and day < ${due.latest}::date group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    on conflict (${KEY}) do update set ${sql.raw(SUMS.map((figure) => `${figure} = have.${figure} + excluded.${figure}`).join(', '))}`.execute(tx);
  await sql`insert into spend_week_marks (organisation_id, through) values (${organisationId}, ${due.latest}::date - 1) on conflict (organisation_id) do update set through = excluded.through`.execute(tx);
}
