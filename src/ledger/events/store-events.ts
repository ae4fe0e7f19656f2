import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { bytesArray, plainArray, textArray } from './arrays.ts';
import type { UsageEvent } from './usage-event.ts';

/** Sends rows in the text form of COPY. */
export type Copy = (statement: string, rows: string) => Promise<void>;

/** What the rows of one batch share, and the hash of each. */
export interface StoredBatch {
  readonly epochId: string;
  /** Sequence of the first event. */
  readonly first: bigint;
  readonly hashes: readonly Buffer[];
  readonly atMs: number;
}

const COLUMNS = `organisation_id, id, project_id, key_id, kind, resource, tier, service_tier, occurred_at, quantities, charge, cost,
  currency, price_version_id, outcome, counted, attributes, sequence, hash, epoch_id, recorded_at`;

/** Thousands of rows at once, on a connection that can copy. */
export function copyEvents(copy: Copy, rows: string): Promise<void> {
  return copy(`copy usage_events (${COLUMNS}) from stdin`, rows);
}

/** The rows for it. */
export function copyRows(events: readonly UsageEvent[], batch: StoredBatch): string {
  const tail = `${batch.epochId}\t${new Date(batch.atMs).toISOString()}\n`;
  let rows = '';
  let sequence = batch.first;
  for (const [index, event] of events.entries()) {
    rows += `${event.organisationId}\t${event.id}\t${event.projectId}\t${event.keyId ?? '\\N'}\t${text(event.kind)}\t${text(event.resource)}\t${event.tier}\t${event.serviceTier}\t` +
      `${new Date(event.occurredAtMs).toISOString()}\t${event.quantities}\t${event.charge}\t${event.cost ?? '\\N'}\t${event.currency}\t` +
      `${event.priceVersionId ?? '\\N'}\t${text(event.outcome)}\t${text(event.counted)}\t${text(event.attributes)}\t${sequence}\t` +
      `\\\\x${batch.hashes[index]!.toString('hex')}\t${tail}`;
    sequence += 1n;
  }
  return rows;
}

/** The same through any connection. */
export async function insertEvents(tx: Executor, events: readonly UsageEvent[], batch: StoredBatch): Promise<void> {
  const plain = (pick: (event: UsageEvent) => string | bigint | null) => plainArray(events.map(pick));
  const texts = (pick: (event: UsageEvent) => string) => textArray(events.map(pick));
  await sql`insert into usage_events (${sql.raw(COLUMNS)})
    select given.*, ${batch.epochId}::uuid, ${new Date(batch.atMs).toISOString()}::timestamptz from unnest(
      ${plain((one) => one.organisationId)}::text::uuid[], ${plain((one) => one.id)}::text::uuid[], ${plain((one) => one.projectId)}::text::uuid[],
      ${plain((one) => one.keyId)}::text::uuid[], ${texts((one) => one.kind)}::text::text[], ${texts((one) => one.resource)}::text::text[],
      ${texts((one) => one.tier)}::text::text[], ${texts((one) => one.serviceTier)}::text::text[], ${plain((one) => new Date(one.occurredAtMs).toISOString())}::text::timestamptz[],
      ${texts((one) => one.quantities)}::text::jsonb[], ${plain((one) => one.charge)}::text::numeric[], ${plain((one) => one.cost)}::text::numeric[],
      ${texts((one) => one.currency)}::text::text[], ${plain((one) => one.priceVersionId)}::text::uuid[], ${texts((one) => one.outcome)}::text::text[],
      ${texts((one) => one.counted)}::text::text[], ${texts((one) => one.attributes)}::text::jsonb[],
      ${plainArray(events.map((_, index) => batch.first + BigInt(index)))}::text::bigint[], ${bytesArray(batch.hashes)}::text::bytea[]) as given`.execute(tx);
}

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value in COPY's text form. */
function text(value: string): string {
  return SPECIAL.test(value) ? value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!) : value;
}
