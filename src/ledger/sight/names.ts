import { sql } from 'kysely';

/** Users, scenarios and sets of tags of one organisation and month that have rows of their own. */
export const NAMES_AT_MOST = 2_000;
/** Stands for all the others. */
export const OTHER = '(other)';
/** A name that a caller chose is kept up to this many characters. */
const NAME_LENGTH = 128;

export const text = (field: string) => sql<string>`coalesce(left(attributes ->> ${sql.lit(field)}, ${sql.lit(NAME_LENGTH)}), '')`;
export const month = sql`date_trunc('month', occurred_at at time zone 'UTC')::date`;
export const tags = sql`case when jsonb_typeof(attributes -> 'tags') = 'array' then (
    select coalesce(array_agg(distinct left(tag, ${sql.lit(NAME_LENGTH)}) order by left(tag, ${sql.lit(NAME_LENGTH)})), '{}') from jsonb_array_elements_text(attributes -> 'tags') as tag
  ) else '{}'::text[] end`;
/** On which terms a call ran: the service tier, and whether the project contributes. */
export const tierOf = sql<string>`case when tier <> 'contributor' then service_tier when service_tier = 'default' then tier else tier || ' ' || service_tier end`;

const known = (kind: string, name: string) => sql`exists (select from sight_names have where have.organisation_id = events.organisation_id
    and have.month = events.month and have.kind = ${sql.lit(kind)} and have.name = ${sql.raw(name)})`;

/** The names of a row of `events` as its sums say them, which has them as they were given. Full months take no more, so a name is told by the same one for ever. */
export const namesTold = sql`case when user_name = '' or ${known('user', 'user_name')} then user_name else ${OTHER} end as user_name,
        case when scenario = '' or ${known('scenario', 'scenario')} then scenario else ${OTHER} end as scenario,
        case when tags = '{}' or ${known('tags', 'array_to_string(tags, chr(31))')} then tags else array[${OTHER}] end as tags`;
