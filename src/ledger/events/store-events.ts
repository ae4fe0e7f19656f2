import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { bytesArray, plainArray, textArray } from './arrays.ts';
import type { LogState, SealedEvent } from './event-batch.ts';
import type { UsageEvent, UsagePlace } from './usage-event.ts';

/** Writes events through any connection. The poster's own, which writes thousands at once, copies them: `copy-rows.ts`. */
export async function insertEvents(tx: Executor, sealed: readonly SealedEvent[], log: Pick<LogState, 'epochId' | 'atMs'>): Promise<void> {
  if (sealed.length === 0) return;
  const plain = (pick: (event: UsageEvent) => string | bigint | null) => plainArray(sealed.map((one) => pick(one.event)));
  const texts = (pick: (event: UsageEvent) => string) => textArray(sealed.map((one) => pick(one.event)));
  const placed = (pick: (place: UsagePlace) => string | null) => plain((one) => pick(one.place));
  await sql`insert into usage_events (organisation_id, id, project_id, key_id, kind, resource, tier, service_tier, occurred_at, quantities, charge, cost,
      currency, price_version_id, outcome, counted, attributes, sequence, hash, epoch_id, recorded_at)
    select given.*, ${log.epochId}::uuid, ${new Date(log.atMs).toISOString()}::timestamptz from unnest(
      ${placed((one) => one.organisationId)}::text::uuid[], ${plain((one) => one.id)}::text::uuid[], ${placed((one) => one.projectId)}::text::uuid[],
      ${placed((one) => one.keyId)}::text::uuid[], ${texts((one) => one.place.kind)}::text::text[], ${texts((one) => one.place.resource)}::text::text[],
      ${texts((one) => one.place.tier)}::text::text[], ${texts((one) => one.place.serviceTier)}::text::text[], ${plain((one) => new Date(one.occurredAtMs).toISOString())}::text::timestamptz[],
      ${texts((one) => one.quantities)}::text::jsonb[], ${plain((one) => one.charge)}::text::numeric[], ${plain((one) => one.cost)}::text::numeric[],
      ${texts((one) => one.place.currency)}::text::text[], ${placed((one) => one.priceVersionId)}::text::uuid[], ${texts((one) => one.outcome)}::text::text[],
      ${texts((one) => one.counted)}::text::text[], ${texts((one) => one.attributes)}::text::jsonb[],
      ${plainArray(sealed.map((one) => one.sequence))}::text::bigint[], ${bytesArray(sealed.map((one) => Buffer.from(one.hash, 'latin1')))}::text::bytea[]) as given`.execute(tx);
}
