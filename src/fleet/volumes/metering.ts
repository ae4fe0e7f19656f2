import type { Picodollars } from '../../base/index.ts';
import { multiplyPrice } from '../../base/index.ts';
import type { Executor } from '../../db/index.ts';
import type { PriceVersion, StandingEvent } from '../../ledger/index.ts';
import type { LeaseContext } from '../leases/context.ts';
import { HOUR_MS, begunHours, gibOf, hoursDue, type Hours } from './hours.ts';
import type { VolumeRow } from './rows.ts';

/** By its price an operator has volumes paid: GiB for hours, `per` 720 for a price by the GiB and month of 30 days. Without it nothing is charged. */
export const VOLUME_RESOURCE = 'volume/gib';
const MONTH_HOURS = 720n;

type MeterContext = Pick<LeaseContext, 'database' | 'clock' | 'newId' | 'standing' | 'access'>;
type Unit = NonNullable<PriceVersion['buckets']['hour']>;

export interface VolumeCost {
  readonly currency: string;
  /** With the hours that have begun and are not in the bill yet. */
  readonly soFar: string;
  /** Null: it has no price now. */
  readonly perMonth: string | null;
}

/** Brings the hours of volumes that are over into the books. Periodic, safe to repeat: each row says how far it is. */
export async function meterVolumes(context: MeterContext): Promise<void> {
  const { database, clock } = context;
  const nowMs = clock.nowMs();
  const rows = await database.unscoped('volumes of every organisation are paid').selectFrom('volumes').selectAll().where('kept_at', 'is not', null)
    .where((or) => or.or([or('state', 'in', ['kept', 'in-use']), or('metered_until', 'is not', null)])).execute();
  for (const { organisation_id, id, ...row } of rows) {
    if (row.metered_until === null && hoursDue(beganMs(row), row.metered_hours, nowMs, false).length === 0) continue;
    await database.transaction(async (tx) => {
      const locked = await database.scoped(organisation_id, tx).selectFrom('volumes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (locked !== undefined) await meterVolume(context, tx, locked, locked.metered_until?.getTime() ?? nowMs, locked.metered_until !== null);
    });
  }
}

/**
 * Brings what is due of one volume into the books, in the caller's transaction, with the row locked.
 * @param isEnd it is over, or has another size from now on: every hour that has begun is due.
 */
export async function meterVolume(context: MeterContext, tx: Executor, row: VolumeRow, atMs: number, isEnd: boolean): Promise<void> {
  if (row.kept_at === null) return;
  const { database, newId, standing } = context;
  const due = hoursDue(beganMs(row), row.metered_hours, atMs, isEnd).flatMap((day) => atOnePrice(context, row, day));
  const events = due.flatMap(({ from, hours, price }): StandingEvent[] => {
    if (price === undefined) return [];
    const occurredAtMs = beganMs(row) + from * HOUR_MS;
    return [{
      organisationId: row.organisation_id, projectId: row.project_id, keyId: null, id: newId(), kind: 'volume', resource: VOLUME_RESOURCE, tier: price.tier === 'contributor' ? 'contributor' : 'standard', occurredAtMs,
      quantities: { hour: gibOf(row.bytes) * BigInt(hours) }, price, agreedAtMs: occurredAtMs, excess: 0n, cost: null, held: { windows: [], amount: 0n }, attributes: { volume: row.id, name: row.name, from, hours, gib: Number(gibOf(row.bytes)) },
    }];
  });
  await standing.record(tx, events);
  const charged = events.reduce((sum, { quantities, price }) => sum + amountOf(quantities['hour']!, price.buckets.hour!), BigInt(row.charged));
  await database.scoped(row.organisation_id, tx).updateTable('volumes').set({
    metered_from: new Date(beganMs(row)), metered_hours: row.metered_hours + due.reduce((sum, { hours }) => sum + hours, 0), charged: String(charged), ...(isEnd && { metered_until: null }),
  }).where('id', '=', row.id).execute();
}

/** What a volume has cost and costs. Null: nobody has set a price for volumes, and it has cost nothing. */
export function volumeCost(context: MeterContext, row: VolumeRow): VolumeCost | null {
  const nowMs = context.clock.nowMs();
  const price = priceAt(context, row, nowMs);
  const unit = price?.buckets.hour;
  const currency = price?.currency ?? context.access.directory.organisation(row.organisation_id)?.currency;
  if (currency === undefined || (unit === undefined && BigInt(row.charged) === 0n)) return null;
  const begun = row.kept_at === null || (row.state !== 'kept' && row.state !== 'in-use') ? 0 : begunHours(beganMs(row), nowMs) - row.metered_hours;
  const open = hoursOpen(context, row, begun);
  return { currency, soFar: String(BigInt(row.charged) + open), perMonth: unit === undefined || row.bytes === null ? null : String(amountOf(gibOf(row.bytes) * MONTH_HOURS, unit)) };
}

/** What the hours cost that have begun and are not in the books. */
function hoursOpen(context: MeterContext, row: VolumeRow, hours: number): Picodollars {
  if (hours <= 0) return 0n;
  return atOnePrice(context, row, { from: row.metered_hours, hours }).reduce((sum, part) => sum + (part.price === undefined ? 0n : amountOf(gibOf(row.bytes) * BigInt(part.hours), part.price.buckets.hour!)), 0n);
}

/** Hours by the price that was in force when each began; undefined: there was none. */
function atOnePrice(context: MeterContext, row: VolumeRow, { from, hours }: Hours): (Hours & { readonly price: PriceVersion | undefined })[] {
  const parts: { from: number; hours: number; price: PriceVersion | undefined }[] = [];
  for (let hour = from; hour < from + hours; hour += 1) {
    const price = priceAt(context, row, beganMs(row) + hour * HOUR_MS);
    const last = parts.at(-1);
    if (last !== undefined && last.price?.id === price?.id) last.hours += 1;
    else parts.push({ from: hour, hours: 1, price });
  }
  return parts;
}

function priceAt({ standing, access }: MeterContext, row: VolumeRow, atMs: number): PriceVersion | undefined {
  const tier = access.directory.project(row.project_id)?.tier ?? 'standard';
  const price = standing.priceAt(row.organisation_id, VOLUME_RESOURCE, tier, atMs) ?? standing.priceAt(row.organisation_id, VOLUME_RESOURCE, 'standard', atMs);
  return price?.buckets.hour === undefined ? undefined : price;
}

function beganMs({ metered_from, kept_at }: Pick<VolumeRow, 'metered_from' | 'kept_at'>): number {
  return (metered_from ?? kept_at!).getTime();
}

function amountOf(gibHours: bigint, { price, per }: Unit): Picodollars {
  return multiplyPrice(gibHours, price, per);
}
