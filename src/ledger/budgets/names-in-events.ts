import { sql, type RawBuilder } from 'kysely';
import { firstKeyOf } from './key-successions.ts';

/** As `labelsIn` reads them, in SQL: of the event `e`. */
const USER = sql<string>`case when jsonb_typeof(e.attributes -> 'user') = 'string' then e.attributes ->> 'user' else '' end`;
const TAGS = sql<unknown>`case when jsonb_typeof(e.attributes -> 'tags') = 'array' then e.attributes -> 'tags' else '[]' end`;

/** Whether the budget `b` counts the event `e`, as far as its subject goes. */
export const HOLDS_SUBJECT: RawBuilder<boolean> = sql<boolean>`case b.subject_kind when 'model' then e.resource = b.subject when 'user' then ${USER} = b.subject when 'tag' then ${TAGS} ? b.subject else true end`;

/** By which names the budget `b` counts the event `e`: rows of one column, `name`, each once. */
export const NAMES_COUNTED: RawBuilder<unknown> = sql<unknown>`(
  select e.resource as name where b.subject_kind = 'model'
  union all select ${USER} where b.subject_kind = 'user'
  union all select ${firstKeyOf(sql`e.key_id`)} where b.subject_kind = 'key' and e.key_id is not null
  union all select e.project_id::text where b.subject_kind = 'project'
  union select tag #>> '{}' from jsonb_array_elements(${TAGS}) as listed (tag) where b.subject_kind = 'tag' and jsonb_typeof(tag) = 'string')`;
