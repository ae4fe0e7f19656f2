import { TandemError, multiplyPrice, type Picodollars } from '../../base/index.ts';
import type { PriceVersion } from '../../ledger/index.ts';

/** Blocks of time that a price list can state, shortest first, in minutes: a day is 24 h, a week 7 × 24 h, a month 30 × 24 h. */
export const UNIT_MINUTES = { minute: 1, hour: 60, day: 1_440, week: 10_080, month: 43_200 } as const;
export type Unit = keyof typeof UNIT_MINUTES;
export const UNITS = Object.keys(UNIT_MINUTES) as Unit[];

/** How many of each block. */
export type Blocks = { readonly [U in Unit]?: bigint };

/** What one machine, GPU or slice costs by time, as the price list said when the lease was quoted. */
export type RateCard =
  /** By the started minute alone: `price` for `per` minutes. Each event is rated by itself, as any usage is. */
  | { readonly kind: 'minutes'; readonly price: Picodollars; readonly per: bigint }
  /** By blocks, of which the cheapest covering counts. Shortest first, never empty. */
  | { readonly kind: 'blocks'; readonly blocks: readonly Block[] };

export interface Block {
  readonly unit: Unit;
  readonly minutes: number;
  readonly price: Picodollars;
}

/**
 * Reads a price list as a rate card. A list with longer blocks than minutes states each of them for one, and in whole picodollars, so that
 * a sum of blocks is exact.
 * @throws TandemError time_price_unknown where the list states no time at all or a block for more than one.
 */
export function rateCard({ buckets, resource }: Pick<PriceVersion, 'buckets' | 'resource'>): RateCard {
  const stated = UNITS.filter((unit) => buckets[unit] !== undefined);
  const unknown = (bucket: string) => new TandemError('time_price_unknown', { params: { resource, bucket }, facts: { resource, bucket } });
  if (stated.length === 0) throw unknown('time');
  if (stated.length === 1 && stated[0] === 'minute') {
    const { price, per } = buckets.minute!;
    return { kind: 'minutes', price, per };
  }
  return {
    kind: 'blocks',
    blocks: stated.map((unit) => {
      const { price, per } = buckets[unit]!;
      if (price % per !== 0n) throw unknown(unit);
      return { unit, minutes: UNIT_MINUTES[unit], price: price / per };
    }),
  };
}

/** What so many blocks cost. */
export function costOfBlocks(card: Extract<RateCard, { kind: 'blocks' }>, blocks: Blocks): Picodollars {
  return card.blocks.reduce((sum, { unit, price }) => sum + (blocks[unit] ?? 0n) * price, 0n);
}

/** What one event of so many minutes costs where minutes alone are priced: the line as the ledger rounds it. */
export function costOfMinutes(card: Extract<RateCard, { kind: 'minutes' }>, minutes: number, count: number): Picodollars {
  return multiplyPrice(BigInt(minutes) * BigInt(count), card.price, card.per);
}
