import { TandemError, isUuid } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import { seesCosts } from '../costs.ts';
import { sentEvent } from '../feeds/pump.ts';
import type { SentEvent } from '../feeds/formats.ts';
import { BUCKETS } from '../prices/types.ts';
import { csvLine } from './csv.ts';

export interface ExportQuery {
  readonly format: 'csv' | 'jsonl';
  /** The last id that the caller has: what follows it comes. */
  readonly after?: string | undefined;
  readonly projectId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface ExportFile {
  readonly type: string;
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
}

/** Rows in memory at a time. */
const PAGE = 1_000;
const header = (seen: boolean): string[] => ['id', 'occurred_at', 'recorded_at', 'kind', 'model', 'tier', 'service_tier', 'project', 'key', ...BUCKETS, 'charge_picodollars', ...(seen ? ['cost_picodollars', 'machine_picodollars'] : []), 'currency', 'outcome', 'counted', 'user', 'scenario', 'tags'];

/**
 * Usage events as a file, oldest first, a page of the database at a time. The order is that of the ids, which begin with the
 * time of admission: who was cut off goes on behind the last id that arrived.
 */
export function exportUsage(database: Pick<Database, 'scoped'>, principal: Principal, query: ExportQuery): ExportFile {
  demand(principal, 'usage.read');
  if (query.after !== undefined && !isUuid(query.after)) throw new TandemError('invalid_request', { params: { reason: 'The cursor is the id of the last row that you have.' }, param: 'after' });
  const csv = query.format === 'csv';
  const seen = seesCosts(principal);
  return {
    type: csv ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8', name: `usage.${query.format}`,
    chunks: chunksOf(database, principal, query, csv ? (event, machine) => csvLine(cells(event, machine, seen)) : (event, machine) => `${JSON.stringify(seen ? { ...event, machine } : event)}\n`, csv && query.after === undefined ? csvLine(header(seen)) : ''),
  };
}

/** @param machine what leased machines cost for it, picodollars; null: none had it, or its minutes are not split yet. */
type Line = (event: SentEvent, machine: string | null) => string;

const NONE: ReadonlyMap<string, string> = new Map();

async function machineCostsOf(database: Pick<Database, 'scoped'>, organisationId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await database.scoped(organisationId).selectFrom('machine_costs').select(['event_id', ({ fn }) => fn.sum<string>('cost').as('cost')]).where('event_id', 'in', ids).groupBy('event_id').execute();
  return new Map(rows.map(({ event_id, cost }) => [event_id, cost]));
}

async function* chunksOf(database: Pick<Database, 'scoped'>, principal: Principal, query: ExportQuery, line: Line, head: string): AsyncGenerator<string> {
  if (head !== '') yield head;
  const seen = seesCosts(principal);
  let after = query.after;
  for (;;) {
    let select = database.scoped(principal.organisationId).selectFrom('usage_events').selectAll().orderBy('id').limit(PAGE);
    const projectId = principal.projectId ?? query.projectId;
    if (after !== undefined) select = select.where('id', '>', after);
    if (principal.projectId !== null && query.projectId !== undefined && query.projectId !== principal.projectId) return;
    if (projectId !== undefined) select = select.where('project_id', '=', projectId);
    if (query.from !== undefined) select = select.where('occurred_at', '>=', new Date(query.from));
    if (query.to !== undefined) select = select.where('occurred_at', '<', new Date(query.to));
    const rows = await select.execute();
    let chunk = '';
    const machines = seen && rows.length > 0 ? await machineCostsOf(database, principal.organisationId, rows.map(({ id }) => id)) : NONE;
    for (const row of rows) chunk += line(sentEvent(row, seen), machines.get(row.id) ?? null);
    if (chunk !== '') yield chunk;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.id;
  }
}

function cells(event: SentEvent, machine: string | null, seen: boolean): string[] {
  const label = (name: string) => (typeof event.attributes[name] === 'string' ? event.attributes[name] : '');
  const tags = event.attributes['tags'];
  return [
    event.id, event.occurredAt, event.recordedAt, event.kind, event.resource, event.tier, event.serviceTier, event.projectId, event.keyId ?? '', ...BUCKETS.map((bucket) => event.quantities[bucket] ?? '0'),
    event.charge, ...(seen ? [event.cost ?? '', machine ?? ''] : []), event.currency, event.outcome, event.counted, label('user'), label('scenario'), Array.isArray(tags) ? tags.join(' ') : '',
  ];
}
