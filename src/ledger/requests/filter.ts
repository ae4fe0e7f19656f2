import { sql, type RawBuilder } from 'kysely';
import { isUuid } from '../../base/index.ts';
import { tierOf } from '../sight/names.ts';
import { wrong } from '../sight/range.ts';

/** How a call ended. `refused`: it was not admitted, so it has no usage; `not_completed`: anything but well. */
export const OUTCOMES = ['completed', 'client_left', 'failed', 'cut', 'deadline', 'refused', 'not_completed'] as const;

export interface RequestFilter {
  readonly projectId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly model?: string | undefined;
  readonly backendId?: string | undefined;
  readonly outcome?: (typeof OUTCOMES)[number] | undefined;
  /** An error code. */
  readonly code?: string | undefined;
  /** The HTTP status of an error. */
  readonly status?: number | undefined;
  readonly dialect?: string | undefined;
  readonly tier?: string | undefined;
  readonly user?: string | undefined;
  readonly tag?: string | undefined;
  readonly scenario?: string | undefined;
  /** The whole reply took at least so long. */
  readonly minMs?: number | undefined;
}

/** What must hold of a row of `usage_events`. Empty: nothing is asked for. Null: no row of it can fit. */
export function eventConditions(filter: RequestFilter): RawBuilder<unknown>[] | null {
  const { outcome } = filter;
  if (outcome === 'refused' || filter.code !== undefined || filter.status !== undefined) return null;
  return [
    ...(filter.projectId === undefined ? [] : [sql`project_id = ${filter.projectId}`]),
    ...(filter.keyId === undefined ? [] : [sql`key_id = ${filter.keyId}`]),
    ...(filter.model === undefined ? [] : [sql`resource = ${filter.model}`]),
    ...(outcome === undefined ? [] : [outcome === 'not_completed' ? sql`outcome <> 'completed'` : sql`outcome = ${outcome}`]),
    ...(filter.backendId === undefined ? [] : [sql`jsonb_path_exists(attributes, '$.attempts[*] ? (@.backendId == $id)', jsonb_build_object('id', ${filter.backendId}::text))`]),
    ...(filter.dialect === undefined ? [] : [sql`attributes ->> 'dialect' = ${filter.dialect}`]),
    ...(filter.tier === undefined ? [] : [sql`${tierOf} = ${filter.tier}`]),
    ...(filter.user === undefined ? [] : [sql`attributes ->> 'user' = ${filter.user}`]),
    ...(filter.tag === undefined ? [] : [sql`attributes -> 'tags' ? ${filter.tag}`]),
    ...(filter.scenario === undefined ? [] : [sql`attributes ->> 'scenario' = ${filter.scenario}`]),
    ...(filter.minMs === undefined ? [] : [sql`case when jsonb_typeof(attributes #> '{timings,totalMs}') = 'number' then (attributes #>> '{timings,totalMs}')::float8 >= ${filter.minMs} else false end`]),
  ];
}

/** The same of a row of `call_errors`, which knows less of a call. */
export function errorConditions(filter: RequestFilter): RawBuilder<unknown>[] | null {
  const { outcome } = filter;
  if (outcome !== undefined && outcome !== 'refused' && outcome !== 'not_completed') return null;
  if ([filter.backendId, filter.tier, filter.user, filter.tag, filter.scenario, filter.minMs].some((one) => one !== undefined)) return null;
  return [
    ...(filter.projectId === undefined ? [] : [sql`project_id = ${filter.projectId}`]),
    ...(filter.keyId === undefined ? [] : [sql`key_id = ${filter.keyId}`]),
    ...(filter.model === undefined ? [] : [sql`model = ${filter.model}`]),
    ...(filter.dialect === undefined ? [] : [sql`dialect = ${filter.dialect}`]),
    ...(filter.code === undefined ? [] : [sql`code = ${filter.code}`]),
    ...(filter.status === undefined ? [] : [sql`status = ${filter.status}`]),
  ];
}

/** The id of a call as a person has it: that of the reply in any dialect (`chatcmpl-…`), or the header `x-request-id`. @throws TandemError invalid_request. */
export function callId(given: string): string {
  const found = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/.exec(given.toLowerCase())?.[0].replaceAll('-', '');
  const id = found === undefined ? '' : `${found.slice(0, 8)}-${found.slice(8, 12)}-${found.slice(12, 16)}-${found.slice(16, 20)}-${found.slice(20)}`;
  if (!isUuid(id)) throw wrong('id', 'id: must be the id of a reply, or its header x-request-id.');
  return id;
}
