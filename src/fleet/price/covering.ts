import type { Picodollars } from '../../base/index.ts';
import { UNIT_MINUTES, type Block, type Blocks, type RateCard } from './rate-card.ts';

export interface Covering {
  readonly blocks: Blocks;
  readonly cost: Picodollars;
}

const MONTH = UNIT_MINUTES.month;

/**
 * The cheapest blocks that together last at least so many minutes: the best price of that time. Exact, for any prices, also where a longer
 * block costs less than a shorter one. Minutes, hours, days and weeks divide each other, so for them the best of each length is known from
 * the next shorter; months do not, so every number of months is tried.
 */
export function cheapestCovering(card: Extract<RateCard, { kind: 'blocks' }>, minutes: number): Covering {
  const chain = card.blocks.filter(({ unit }) => unit !== 'month');
  const month = card.blocks.find(({ unit }) => unit === 'month');
  if (minutes <= 0) return { blocks: {}, cost: 0n };
  if (month === undefined) return coverByChain(chain, minutes);
  const most = Math.ceil(minutes / MONTH);
  let best: Covering = { blocks: { month: BigInt(most) }, cost: month.price * BigInt(most) };
  if (chain.length === 0) return best;
  for (let months = most - 1; months >= 0; months -= 1) {
    const rest = coverByChain(chain, minutes - months * MONTH);
    const cost = rest.cost + month.price * BigInt(months);
    if (cost < best.cost) best = { blocks: add(rest.blocks, { month: BigInt(months) }), cost };
  }
  return best;
}

/** Of blocks that divide each other, shortest first. */
function coverByChain(chain: readonly Block[], minutes: number): Covering {
  // The cheapest way to have each length whole: the block itself, or several of the next shorter.
  const whole: Covering[] = [];
  for (const [index, block] of chain.entries()) {
    const shorter = index === 0 ? undefined : times(whole[index - 1]!, block.minutes / chain[index - 1]!.minutes);
    whole.push(shorter !== undefined && shorter.cost < block.price ? shorter : { blocks: { [block.unit]: 1n }, cost: block.price });
  }
  const cover = (index: number, rest: number): Covering => {
    const { minutes: length } = chain[index]!;
    const full = times(whole[index]!, Math.floor(rest / length));
    const left = rest % length;
    if (left === 0) return full;
    const one = whole[index]!;
    const finer = index === 0 ? undefined : cover(index - 1, left);
    return plus(full, finer !== undefined && finer.cost < one.cost ? finer : one);
  };
  return cover(chain.length - 1, minutes);
}

function times({ blocks, cost }: Covering, count: number): Covering {
  const factor = BigInt(count);
  return { blocks: Object.fromEntries(Object.entries(blocks).map(([unit, n]) => [unit, n * factor])), cost: cost * factor };
}

function plus(one: Covering, other: Covering): Covering {
  return { blocks: add(one.blocks, other.blocks), cost: one.cost + other.cost };
}

function add(one: Blocks, other: Blocks): Blocks {
  const sum: Record<string, bigint> = { ...one };
  for (const [unit, n] of Object.entries(other)) sum[unit] = (sum[unit] ?? 0n) + n;
  return sum;
}
