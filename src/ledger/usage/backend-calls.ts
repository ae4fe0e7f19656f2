import { sql } from 'kysely';
import type { Picodollars } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { idFloor } from '../sight/range.ts';

/** What one call had made by one backend. */
export interface BackendCall {
  /** Who called. */
  readonly organisationId: string;
  readonly eventId: string;
  readonly backendId: string;
  /** UTC milliseconds in which the backend worked on it. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Prompt and answer together. */
  readonly tokens: bigint;
  /** What the caller paid for this attempt; 0 for one that did not deliver, unless the project pays for such. */
  readonly charge: Picodollars;
}

/** Buckets that count no tokens. */
const NO_TOKENS = new Set(['request', 'cached_reply', 'second', 'minute', 'hour', 'day', 'week', 'month', 'byte']);
/** A call may have been admitted so long before its end. */
const LONGEST_MS = 60 * 60_000;

/** Attempts of the calls of one name on these backends that were admitted up to a time, and not long before another. Whoever called: the backends are the asker's own. */
export async function callsOnBackends(database: Database, resource: string, backendIds: readonly string[], fromMs: number, untilMs: number): Promise<BackendCall[]> {
  const executor = database.unscoped('calls on backends of the asker\'s own, whoever made them');
  // Who called it in these days, from the sums: events are found by their organisation first.
  const callers = await executor.selectFrom('usage_rollups').select('organisation_id').distinct().where('resource', '=', resource).where('day', '>=', day(fromMs - LONGEST_MS)).where('day', '<=', day(untilMs)).execute();
  if (callers.length === 0) return [];
  const rows = await executor.selectFrom('usage_events')
    .select(['organisation_id', 'id', 'charge', sql<unknown[]>`attributes->'attempts'`.as('attempts'), sql<Record<string, number> | null>`attributes->'timings'`.as('timings'), 'occurred_at'])
    .where('organisation_id', 'in', callers.map(({ organisation_id }) => organisation_id)).where('id', '>=', idFloor(fromMs - LONGEST_MS)).where('id', '<', idFloor(untilMs)).where('kind', '=', 'call').where('resource', '=', resource).execute();
  return rows.flatMap(({ organisation_id: organisationId, id, charge, attempts, timings, occurred_at }) => {
    const all = (attempts ?? []).map((one) => one as Record<string, unknown>);
    const delivered = all.find((one) => one['delivered'] === true) ?? all.at(-1);
    const split = all.some((one) => one['billed'] !== undefined);
    // Attempts are counted from the call's start, which is before its admission by as long as it waited.
    const startMs = occurred_at.getTime() - (timings?.['queueMs'] ?? 0);
    return all.filter((one) => backendIds.includes(String(one['backendId']))).map((one): BackendCall => {
      const beganMs = startMs + numberOf(one['startedMs']);
      return { organisationId, eventId: id, backendId: String(one['backendId']), fromMs: beganMs, untilMs: beganMs + numberOf(one['ms']), tokens: tokensOf(one['quantities']), charge: split ? amountOf(one['charge']) : one === delivered ? BigInt(charge) : 0n };
    });
  });
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** All that is counted of a prompt and its answer. */
export function tokensOf(quantities: unknown): bigint {
  return Object.entries((quantities ?? {}) as Record<string, string>).filter(([bucket]) => !NO_TOKENS.has(bucket)).reduce((sum, [, count]) => sum + BigInt(count), 0n);
}

function amountOf(value: unknown): bigint {
  return typeof value === 'string' && /^\d{1,38}$/.test(value) ? BigInt(value) : 0n;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
