import { sql, type RawBuilder } from 'kysely';
import type { Dimension } from './dimensions.ts';
import type { Weeks } from './weeks.ts';

/** Which sums answer a question: the fewest rows that still tell apart what is asked for. */
export type Sums = 'hours' | 'keys' | 'user' | 'scenario' | 'tags' | 'words' | 'days';

/** Their rows. `words` has no keys and users; `days` tells everything apart, and has a row for each user, scenario and set of tags of each key. */
export const ROWS: Readonly<Record<Sums, RawBuilder<unknown>>> = {
  hours: sql`(select *, (hour at time zone 'UTC')::date as day from spend_hours)`,
  keys: sql`spend_keys`,
  user: sql`(select *, name as user_name from spend_labels where kind = 'user')`,
  scenario: sql`(select *, name as scenario from spend_labels where kind = 'scenario')`,
  tags: sql`(select * from spend_labels where kind = 'tags')`,
  words: sql`spend_words`,
  days: sql`spend_days`,
};

const TOLD = sql.raw('organisation_id, project_id, key_id, resource, backend, tier, user_name, scenario, tags, requests, failed, charge, charge_known, cost, cost_unknown, input, cache_read, cache_write, output, reasoning, audio, image, machine');

/** The rows of `days` of a range (from a day on and before another), in which whole weeks stand for their days. They do not tell days apart. */
export function daysAndWeeks(organisationId: string, range: { readonly from: string; readonly to: string }, weeks: Weeks): RawBuilder<unknown> {
  const days = (from: string, to: string) => sql`select ${TOLD} from spend_days where organisation_id = ${organisationId} and day >= ${from}::date and day < ${to}::date`;
  return sql`(select ${TOLD} from spend_weeks where organisation_id = ${organisationId} and week >= ${weeks.from}::date and week < ${weeks.to}::date
    union all ${days(range.from, weeks.from)} union all ${days(weeks.daysFrom, range.to)})`;
}

const LABELS: Readonly<Partial<Record<Dimension, Sums>>> = { user: 'user', scenario: 'scenario', tag: 'tags' };
/** What sums of labels tell apart beside their label. */
const WITH_LABELS: ReadonlySet<Dimension> = new Set(['project', 'day', 'month']);

/** `asked`: what is added up by, and what daily sums are filtered by; `filter`: what else is. */
export function sumsFor(asked: readonly Dimension[], filter: { readonly model?: string | undefined; readonly backendId?: string | undefined; readonly tier?: string | undefined }): Sums {
  const labels = new Set(asked.flatMap((one) => LABELS[one] ?? []));
  if (labels.size === 0) return 'keys';
  const [label] = labels;
  const alone = labels.size === 1 && asked.every((one) => LABELS[one] !== undefined || WITH_LABELS.has(one));
  if (alone && filter.model === undefined && filter.backendId === undefined && filter.tier === undefined) return label!;
  return labels.has('user') || asked.includes('key') ? 'days' : 'words';
}
