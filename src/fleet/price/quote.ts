import { isDeepStrictEqual } from 'node:util';
import { TandemError, formatAmount, type Picodollars } from '../../base/index.ts';
import type { PriceVersion } from '../../ledger/index.ts';
import { isStandIn, needOf, machineFits, unitMatches } from '../placement/fits.ts';
import type { PlacementRequest, UnitView, Want } from '../placement/index.ts';
import type { LeasableMachine } from '../pools/machines.ts';
import { priceOf, type Terms } from './best-price.ts';
import { rateCard, UNIT_MINUTES } from './rate-card.ts';

/** What a lease will be charged by, and the pool it is quoted for. */
export interface Quote {
  readonly pool: string;
  /** What is asked for, narrowed to what has this price. */
  readonly want: Want;
  readonly resource: string;
  readonly price: PriceVersion;
  readonly terms: Terms;
  /** GPUs, slices or machines that are paid, on all machines together. */
  readonly count: number;
  readonly leastDay: boolean;
  readonly idleMinutes: number | null;
  /** The pool has sessions recorded. */
  readonly record: boolean;
  /** For the minutes that were asked for, or for the hour, where there is no end. */
  readonly cost: Picodollars;
  /** It ends then at the latest; null: it has no end. */
  readonly minutes: number | null;
}

/** Longest lease: a year. */
export const MOST_MINUTES = 366 * UNIT_MINUTES.day;

/**
 * The cheapest pool that could serve a request, whatever is free there now. Pure.
 * @param minutes null: until it is ended. @param atMost what it may cost; null: anything.
 * @throws TandemError no_such_machine, mixed_machine, time_price_unknown, over_at_most.
 */
export function quote(request: PlacementRequest, machines: readonly LeasableMachine[], priceAt: (resource: string) => PriceVersion | undefined, minutes: number | null, atMost: Picodollars | null): Quote {
  const fitting = machines.filter((machine) => machineFits(machine, request));
  const byOffer = new Map<string, Offered[]>();
  for (const machine of fitting) for (const one of offeredBy(machine, request)) byOffer.set(one.key, [...(byOffer.get(one.key) ?? []), one]);
  const enough = [...byOffer.values()].filter((list) => list.length >= request.machines);
  if (enough.length === 0) {
    const mixed = fitting.find((machine) => isWholeOfSeveralPrices(machine, request));
    if (mixed !== undefined) throw new TandemError('mixed_machine', { params: { name: mixed.name, kinds: [...new Set(mixed.units.map(({ kind }) => kind))].toSorted().join(', ') } });
    throw new TandemError('no_such_machine', { params: { count: Math.max(0, ...[...byOffer.values()].map((list) => list.length)), wanted: request.machines } });
  }
  const offers: (Quote & { readonly of: Offered })[] = [];
  let unknown: string | undefined;
  for (const [first] of enough as [Offered][]) {
    const price = priceAt(first.resource);
    if (price === undefined) unknown ??= first.resource;
    else offers.push({ ...offer(request, first, price, minutes), of: first });
  }
  const cheapest = offers.reduce<(typeof offers)[number] | undefined>((best, one) => (best === undefined || isBetter(one, best) ? one : best), undefined);
  if (cheapest === undefined) throw new TandemError('time_price_unknown', { params: { resource: unknown!, bucket: 'time' }, facts: { resource: unknown!, bucket: 'time' } });
  const { of, ...quoted } = cheapest;
  const same = offers.filter((one) => one.pool === quoted.pool && one.leastDay === quoted.leastDay && one.price.currency === quoted.price.currency && isDeepStrictEqual(one.terms, quoted.terms));
  const want = narrowed(request, of, same.filter((one) => one.of.machine.owner === of.machine.owner).map((one) => one.of.unit.kind));
  return within({ ...quoted, want: { ...want, owners: ownersByTheseTerms({ ...quoted, want }, of.machine.owner, request, fitting, priceAt) } }, atMost);
}

/**
 * Pools of two organisations may have one name, and other prices or another rule of the day at least: what is paid by the terms of one is leased from
 * the other only where all that the lease could get there has the same.
 */
function ownersByTheseTerms({ pool, want, leastDay, price }: Quote, owner: string, request: PlacementRequest, fitting: readonly LeasableMachine[], priceAt: (resource: string) => PriceVersion | undefined): string[] {
  const narrowedRequest = { ...request, pool, want };
  const isSame = (resource: string): boolean => {
    const other = priceAt(resource);
    return other !== undefined && other.currency === price.currency && isDeepStrictEqual(other.buckets, price.buckets);
  };
  const byOwner = Map.groupBy(fitting.filter((machine) => machineFits(machine, narrowedRequest)), (machine) => machine.owner);
  const others = [...byOwner].filter(([, machines]) => machines.every((machine) => leastDayOf(machine, request) === leastDay && machine.units.every((unit) => !unitMatches(unit, narrowedRequest) || isSame(machine.resourceOf(unit)))));
  return [...new Set([owner, ...others.map(([name]) => name)])];
}

/** The cheaper one; of two that cost the same the one that can be given back earlier. */
function isBetter(one: Pick<Quote, 'cost' | 'leastDay'>, other: Pick<Quote, 'cost' | 'leastDay'>): boolean {
  return one.cost === other.cost ? !one.leastDay && other.leastDay : one.cost < other.cost;
}

/** All of a machine has one price, which GPUs or slices of several prices do not have. */
function isWholeOfSeveralPrices(machine: LeasableMachine, { want }: PlacementRequest): boolean {
  return want.kind === 'whole' && new Set(machine.units.map((unit) => machine.resourceOf(unit))).size > 1;
}

/** Machines of one offer have one price and one size. */
interface Offered {
  readonly key: string;
  readonly machine: LeasableMachine;
  readonly resource: string;
  readonly unit: UnitView;
}

/** A machine may have GPUs or slices of several prices, and is then leased by these and not as a whole. */
function offeredBy(machine: LeasableMachine, request: PlacementRequest): Offered[] {
  if (isWholeOfSeveralPrices(machine, request)) return [];
  const byResource = Map.groupBy(machine.units.filter((unit) => unitMatches(unit, request)), (unit) => machine.resourceOf(unit));
  const need = request.want.kind === 'whole' ? 1 : request.want.count;
  return [...byResource].filter(([, units]) => units.length >= need).map(([resource, units]) => ({
    key: JSON.stringify([machine.pool, resource, paidUnits(machine, request), leastDayOf(machine, request)]), machine, resource, unit: units[0]!,
  }));
}

/**
 * What has the price that is quoted, and no more: a lease that waits would else be given another kind, or a larger machine, and pay for this one.
 * A machine as a whole is paid by how many GPUs it has. The rule of the day at least holds for Macs, and for nothing that stands in for one, also
 * where a pool has both. @param kinds that have this price.
 */
function narrowed({ want }: PlacementRequest, { machine, resource, unit }: Offered, kinds: readonly string[]): Want {
  const isByKind = machine.resourceOf({ ...unit, kind: `${unit.kind}?` }) !== resource;
  return { ...want, ...(want.unit === null && isByKind && { kinds }), ...(want.kind === 'whole' && machine.kind === 'gpu' && { units: machine.units.length, slice: unit.slice }), ...(machine.kind === 'mac' && { standIn: isStandIn(machine) }) };
}

/** A Mac, or a machine without GPUs, is paid as one; the rest by its GPUs or slices. */
function paidUnits(machine: LeasableMachine, request: PlacementRequest): number {
  return machine.kind === 'gpu' ? needOf(machine, request) : 1;
}

function leastDayOf(machine: LeasableMachine, { organisationId }: PlacementRequest): boolean {
  if (machine.kind !== 'mac') return machine.leastDay === 'always';
  return machine.leastDay === 'always' || (machine.leastDay === 'others' && machine.owner !== organisationId);
}

function offer(request: PlacementRequest, { machine, resource }: Offered, price: PriceVersion, minutes: number | null): Quote {
  const count = paidUnits(machine, request) * request.machines;
  const leastDay = leastDayOf(machine, request);
  const terms = { card: rateCard(price), count, leastDay };
  return { pool: machine.pool, want: request.want, resource, price, terms, count, leastDay, idleMinutes: machine.idleMinutes, record: machine.record, minutes, cost: priceOf(terms, minutes ?? UNIT_MINUTES.hour) };
}

function within(quoted: Quote, atMost: Picodollars | null): Quote {
  if (atMost === null) return quoted;
  if (quoted.cost > atMost) {
    throw new TandemError('over_at_most', { params: { cost: formatAmount(quoted.cost), atMost: formatAmount(atMost), currency: quoted.price.currency }, facts: { cost: String(quoted.cost), atMost: String(atMost) } });
  }
  return quoted.minutes === null ? { ...quoted, minutes: minutesFor(quoted.terms, atMost) } : quoted;
}

/** The most minutes that cost no more than an amount. */
export function minutesFor(terms: Terms, amount: Picodollars): number {
  let [least, most] = [0, MOST_MINUTES];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (priceOf(terms, middle) <= amount) least = middle;
    else most = middle - 1;
  }
  return least;
}
