import type { Random } from '../../base/index.ts';
import type { Alias, Connection, Target } from '../registry/target.ts';
import type { Candidate, PassedOver, RoutePlan, RouteReason } from './plan.ts';
import { pickByWeight } from './weights.ts';

/** How one target stands at the moment of a plan: plain data. */
export interface TargetNow {
  /** Its ways in that take a call now, the best first; a local engine has one that is null. */
  readonly connections: readonly (Connection | null)[];
  /** Why there is none; null: there are some, or it has no key at all. */
  readonly keys: { readonly reason: string; readonly againAtMs: number | null } | null;
  readonly breaker: 'closed' | 'half-open' | 'open';
  /** What failed last, and when it is tried again. */
  readonly open: { readonly reason: string; readonly againAtMs: number | null } | null;
  readonly running: number;
  /** Milliseconds to the first text as lately seen; null: not seen. */
  readonly firstTokenMs: number | null;
  /** Picodollars for a million tokens of a usual call; null: no cost is known. */
  readonly cost: bigint | null;
  /** From the pick before, for the goal `weights`. */
  readonly credit: number;
  /** Blocks of the prompt's beginning that it was last sent; 0: none, or another was sent more. */
  readonly prefixBlocks: number;
}

export interface PlanInput {
  readonly alias: Pick<Alias, 'targets' | 'goal' | 'regions' | 'limits'>;
  /** Of the same targets, in the same order. */
  readonly now: readonly TargetNow[];
  /** What the request needs and this target has not; null: nothing. */
  readonly lacks: (target: Target) => string | null;
  readonly random: Random;
}

/** Of this many calls one goes to another target than the fastest, so that a slow time is noticed to be over. */
const EXPLORES_ONE_IN = 50;
/** A target that may hold the prompt's beginning is passed over when it has so many times the mean of the others running, and so many more. */
const GUARD_TIMES = 2;
const GUARD_MORE = 4;

/**
 * Puts an alias's targets into the order in which a call tries them. Regions stand first, then `order`, and within one
 * of these groups the alias's goal. Where attempts are fewer than candidates the last one goes to another region than
 * the first, so that a region whose targets all refuse at once does not use up every attempt.
 *
 * @returns the plan, and the credits of all targets for the next one.
 */
export function planRoute(input: PlanInput): RoutePlan & { readonly credits: readonly number[] } {
  const { alias, now } = input;
  const passed: PassedOver[] = [];
  const ready: number[] = [];
  for (const [index, target] of alias.targets.entries()) {
    const reason = passedOver(target, now[index]!, input.lacks);
    if (reason) passed.push(reason);
    else ready.push(index);
  }
  const credits = now.map(({ credit }) => credit);
  if (ready.length === 1) {
    const index = ready[0]!;
    return { candidates: everyWay([{ index, why: alias.targets.length === 1 ? 'only' : goalReason(alias.goal) }], input), passed, credits };
  }
  const candidates: Candidate[] = [];
  for (const group of groupsOf(ready, alias)) {
    const { order, credits: raised, why } = orderGroup(group, input);
    for (const [at, index] of group.entries()) credits[index] = raised[at]!;
    candidates.push(...everyWay(order.map((index, at) => ({ index, why: at === 0 && candidates.length === 0 ? why : 'next' })), input));
  }
  return { candidates: spareOneForElsewhere(candidates, alias.limits.attempts), passed, credits };
}

function passedOver(target: Target, now: TargetNow, lacks: PlanInput['lacks']): PassedOver | null {
  if (!target.enabled || !target.backend.enabled) return { target, why: 'off', detail: 'it is switched off here', againAtMs: null };
  const lacking = lacks(target);
  if (lacking !== null) return { target, why: 'lacks', detail: lacking, againAtMs: null };
  if (now.breaker === 'open') return { target, why: 'open', detail: now.open?.reason ?? 'it failed too often', againAtMs: now.open?.againAtMs ?? null };
  if (now.connections.length === 0) return { target, why: 'keys', detail: now.keys?.reason ?? 'its key cannot be opened', againAtMs: now.keys?.againAtMs ?? null };
  return null;
}

/** Targets of one region and one `order`, the first to be tried first. */
function groupsOf(ready: readonly number[], { targets, regions }: PlanInput['alias']): number[][] {
  const rankOf = (index: number) => {
    const { region } = targets[index]!;
    const at = region === null ? -1 : regions.indexOf(region);
    return at === -1 ? regions.length : at;
  };
  const sorted = ready.toSorted((a, b) => rankOf(a) - rankOf(b) || targets[a]!.order - targets[b]!.order || a - b);
  const groups: number[][] = [];
  for (const index of sorted) {
    const group = groups.at(-1);
    if (group && rankOf(group[0]!) === rankOf(index) && targets[group[0]!]!.order === targets[index]!.order) group.push(index);
    else groups.push([index]);
  }
  return groups;
}

function orderGroup(group: readonly number[], input: PlanInput): { order: number[]; credits: readonly number[]; why: RouteReason } {
  const { alias: { targets, goal }, now, random } = input;
  const same = { credits: group.map((index) => now[index]!.credit) };
  const busyness = (index: number) => now[index]!.running / Math.max(1, targets[index]!.weight);
  const leastBusy = () => {
    const order = group.toSorted((a, b) => busyness(a) - busyness(b) || a - b);
    if (order.length < 3) return order;
    // The lesser of two that chance names: the least of all would get every call of every process at once.
    const two = [Math.floor(random() * order.length), Math.floor(random() * order.length)];
    return toFront(order, order[Math.min(...two)]!);
  };
  switch (goal) {
    case 'weights': {
      const picked = pickByWeight(group.map((index) => targets[index]!.weight), same.credits);
      return { order: picked.order.map((at) => group[at]!), credits: picked.credits, why: 'weights' };
    }
    case 'order': return { ...same, order: [...group], why: 'order' };
    case 'cheapest': return { ...same, order: group.toSorted((a, b) => compareCost(now[a]!.cost, now[b]!.cost) || busyness(a) - busyness(b) || a - b), why: 'cheapest' };
    case 'fastest': {
      // One that was never seen is tried first: only so is it seen.
      const order = group.toSorted((a, b) => (now[a]!.firstTokenMs ?? -1) - (now[b]!.firstTokenMs ?? -1) || a - b);
      const explores = order.length > 1 && random() < 1 / EXPLORES_ONE_IN;
      return { ...same, order: explores ? toFront(order, order[1 + Math.floor(random() * (order.length - 1))]!) : order, why: 'fastest' };
    }
    case 'least-busy': return { ...same, order: leastBusy(), why: 'least-busy' };
    case 'same-prefix': {
      const order = leastBusy();
      const holder = group.reduce((best, index) => (now[index]!.prefixBlocks > now[best]!.prefixBlocks ? index : best), group[0]!);
      const mean = group.reduce((sum, index) => sum + now[index]!.running, 0) / group.length;
      const free = now[holder]!.running <= GUARD_TIMES * mean + GUARD_MORE;
      return now[holder]!.prefixBlocks > 0 && free ? { ...same, order: toFront(order, holder), why: 'same-prefix' } : { ...same, order, why: 'least-busy' };
    }
  }
}

/** Each target by its best way in, then once more by its other keys: a key's fault is not its target's. */
function everyWay(order: readonly { readonly index: number; readonly why: RouteReason }[], { alias, now }: PlanInput): Candidate[] {
  const first = order.map(({ index, why }): Candidate => ({ target: alias.targets[index]!, connection: now[index]!.connections[0]!, why: now[index]!.breaker === 'half-open' ? 'probe' : why }));
  const others = order.flatMap(({ index }) => (now[index]!.breaker === 'half-open' ? [] : now[index]!.connections.slice(1).map((connection): Candidate => ({ target: alias.targets[index]!, connection, why: 'next' }))));
  return [...first, ...others];
}

function spareOneForElsewhere(candidates: Candidate[], attempts: number): Candidate[] {
  const here = candidates[0]?.target.region;
  const elsewhere = candidates.findIndex(({ target }) => target.region !== here);
  if (attempts < 2 || elsewhere < attempts) return candidates;
  const [one] = candidates.splice(elsewhere, 1);
  candidates.splice(attempts - 1, 0, one!);
  return candidates;
}

function toFront(order: readonly number[], index: number): number[] {
  return [index, ...order.filter((other) => other !== index)];
}

/** What is not known stands last: it is not free. */
function compareCost(one: bigint | null, other: bigint | null): number {
  if (one === other) return 0;
  if (one === null) return 1;
  if (other === null) return -1;
  return one < other ? -1 : 1;
}

function goalReason(goal: Alias['goal']): RouteReason {
  return goal;
}
