import type { Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { ifSeen, seesCosts } from '../costs.ts';
import { keyLabel, projectLabel } from '../bill/labels.ts';
import { snapshot } from '../bill/snapshot.ts';
import type { BackendNames, NamesPort } from '../ports.ts';
import { OTHER } from '../sight/names.ts';
import { rangeOf, wrong, type Range } from '../sight/range.ts';
import { clash, isTime, type Dimension, type Metric } from './dimensions.ts';
import { readParts, type PartFigures } from './parts.ts';
import { byPages, figures, readsAll, valueOf, values, type Context, type FigureRow } from './read.ts';
import { weeksOf } from './weeks.ts';

/** Sums of a set of calls; amounts in picodollars as text. */
export interface SpendFigures {
  readonly requests: string;
  readonly failed: string;
  readonly charge: string;
  /** Of the calls whose cost is known; null: of none. Absent, as the three after it: the caller does not see costs. */
  readonly cost?: string | null;
  /** Charge less cost, over the calls whose cost is known; null: of none. */
  readonly margin?: string | null;
  /** Calls whose cost is not known: neither in `cost` nor in `margin`. */
  readonly costUnknown?: string;
  /** What leased machines cost for these calls, as far as their minutes are split: neither in `cost` nor in `margin`, since they are paid as leases. */
  readonly machine?: string;
  readonly tokens: string;
}

/** `key` is the id or the text; null for what lies past the top and is shown together. */
interface Part {
  readonly key: string | null;
  readonly name: string;
  /** Of the metric that was asked for; null: not known. */
  readonly value: string | null;
}

export interface SpendGroup extends Part, SpendFigures {
  readonly parts: Part[];
}

export interface SpendView {
  readonly from: string;
  readonly to: string;
  readonly currency: string;
  readonly metric: Metric;
  readonly group: Dimension;
  readonly subgroup: Dimension | null;
  /** Of everything in the range that fits the filters, whatever is listed. */
  readonly total: SpendFigures & { readonly value: string | null };
  /** The metric over the same length of time before; null: not known. */
  readonly before: string | null;
  readonly groups: SpendGroup[];
  /** How many groups there are, those shown together included. */
  readonly groupsInAll: number;
  /** True by tag: a call with two tags counts in both groups, and once in the total. */
  readonly overlapping: boolean;
}

export interface SpendFilter {
  readonly projectId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly model?: string | undefined;
  readonly backendId?: string | undefined;
  readonly tier?: string | undefined;
  readonly user?: string | undefined;
  readonly scenario?: string | undefined;
  readonly tag?: string | undefined;
}

export interface SpendQuery extends SpendFilter {
  readonly metric: Metric;
  readonly group: Dimension;
  readonly subgroup?: Dimension | undefined;
  readonly top: number;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface SpendOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly names: NamesPort;
  readonly backendNames: BackendNames;
}

const DAY_MS = 86_400_000;
const HOURS_UP_TO_MS = 14 * DAY_MS;

/**
 * Sums by one or two dimensions, made in Postgres out of daily sums (hourly ones where hours are asked for): what it
 * costs does not grow with the number of calls. The range is widened to whole days or hours, UTC.
 * @throws TandemError invalid_request for dimensions that are not kept together; operator_only, project_bound for costs and margins that the caller does not see.
 */
export async function showSpend(options: SpendOptions, principal: Principal, query: SpendQuery): Promise<SpendView> {
  demand(principal, 'usage.read');
  if (query.metric === 'cost' || query.metric === 'margin' || query.metric === 'machine') demand(principal, 'costs.read');
  const asked = rangeOf(query, options.clock.nowMs(), 30 * DAY_MS);
  const dimensions = [query.group, ...(query.subgroup === undefined ? [] : [query.subgroup])];
  const hourly = dimensions.includes('hour');
  const filtered = ([['key', query.keyId], ['user', query.user], ['scenario', query.scenario], ['tag', query.tag]] as const).flatMap(([dimension, value]) => (value === undefined ? [] : [dimension]));
  const problem = clash([...dimensions, ...filtered]);
  if (problem !== null) throw wrong('group', `group: ${problem}.`);
  if (query.subgroup === query.group) throw wrong('subgroup', 'subgroup: must differ from group.');
  if (hourly && asked.toMs - asked.fromMs > HOURS_UP_TO_MS) throw wrong('from', 'from: at most 14 days can be shown by the hour.');
  const range = whole(asked, hourly ? 3_600_000 : DAY_MS);
  const seen = seesCosts(principal);
  const plain: Context = { principal, query, range, hourly, filtered, weeks: null };
  const everyRow = [...dimensions.map((one) => [one]), dimensions].some((apart) => readsAll(plain, apart));
  return snapshot(options.database, 'sums over the rows of the organisation given', async (executor) => {
    const context = everyRow ? { ...plain, weeks: await weeksOf(executor, principal.organisationId, range) } : plain;
    const before = await valueOf(executor, { ...plain, range: { fromMs: 2 * range.fromMs - range.toMs, toMs: range.fromMs } });
    const { groups, groupsInAll, total } = await readGroups(executor, options, context);
    return {
      from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString(), currency: principal.currency, metric: query.metric, group: query.group, subgroup: query.subgroup ?? null,
      total: { ...figuresView(total, seen), value: known(total, query.metric) }, before: known(before, query.metric), groups, groupsInAll, overlapping: dimensions.includes('tag'),
    };
  });
}

async function readGroups(executor: Executor, options: SpendOptions, context: Context): Promise<{ groups: SpendGroup[]; groupsInAll: number; total: FigureRow }> {
  const { query } = context;
  const seen = seesCosts(context.principal);
  const { kept, together, total, groupsInAll } = await (OF_MANY.has(query.group) && readsAll(context, [query.group]) ? largestOfMany(executor, context) : largest(executor, context));
  const rest = groupsInAll - kept.length;
  const parts = query.subgroup === undefined ? new Map<string | null, PartFigures[]>() : await readParts(executor, context, query.subgroup, kept, together);
  const name = (dimension: Dimension, value: string) => nameOf(options, context.principal, dimension, value);
  const partsOf = (place: string | null) => (parts.get(place) ?? []).map(({ part, ...figures }) => ({ key: part, name: part === null ? 'others' : name(query.subgroup!, part), value: known(figures, query.metric) }));
  const groups: SpendGroup[] = kept.map((row) => ({
    key: row.place!, name: name(query.group, row.place!), value: known(row, query.metric), ...figuresView(row, seen), parts: partsOf(row.place!),
  }));
  if (rest > 0) {
    groups.push({ key: null, name: `${rest} other${rest === 1 ? '' : 's'}`, value: known(together, query.metric), ...figuresView(together, seen), parts: partsOf(null) });
  }
  return { groups, groupsInAll, total };
}

/** The groups that are listed by name, what the others come to, and everything. */
interface Largest {
  readonly kept: readonly FigureRow[];
  readonly together: FigureRow;
  readonly total: FigureRow;
  readonly groupsInAll: number;
}

async function largest(executor: Executor, context: Context): Promise<Largest> {
  const { group, top } = context.query;
  const all = (await figures(executor, context, group)).toSorted(isTime(group) ? earliestFirst : largestFirst);
  const kept = isTime(group) ? all : all.slice(0, top);
  // A call with two tags is in two groups.
  const total = group === 'tag' ? (await figures(executor, context, null))[0]! : sumOf(all);
  return { kept, together: sumOf(all.slice(kept.length)), total, groupsInAll: all.length };
}

/** What there can be thousands of, each with an index to its rows. */
const OF_MANY: ReadonlySet<Dimension> = new Set(['user', 'key']);

/** The same where all rows are read for it: who is largest is asked first, by the metric alone; figures are read of those listed, and the others are the difference to everything. */
async function largestOfMany(executor: Executor, context: Context): Promise<Largest> {
  const { group, top } = context.query;
  const all = (await byPages(executor, () => values(executor, context, group))).toSorted(largestFirst);
  const kept = (await figures(executor, context, group, all.slice(0, top).map(({ place }) => place))).toSorted(largestFirst);
  const [total] = await figures(executor, context, null);
  return { kept, together: less(total!, sumOf(kept)), total: total!, groupsInAll: all.length };
}

function whole({ fromMs, toMs }: Range, stepMs: number): Range {
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(toMs / stepMs) * stepMs };
}

/** A cost, and so a margin, is known when that of some call is: zero calls cost nothing, unknown ones are not nothing. */
function known(row: Pick<FigureRow, 'value' | 'cost_unknown' | 'requests'>, metric: Metric): string | null {
  if (metric !== 'cost' && metric !== 'margin') return row.value;
  return row.cost_unknown !== '0' && BigInt(row.cost_unknown) >= BigInt(row.requests) && row.value === '0' ? null : row.value;
}

function figuresView(row: Omit<FigureRow, 'place'>, seen: boolean): SpendFigures {
  return {
    requests: row.requests, failed: row.failed, charge: row.charge, tokens: row.tokens,
    ...ifSeen(seen, { cost: known({ ...row, value: row.cost }, 'cost'), margin: known({ ...row, value: row.margin }, 'margin'), costUnknown: row.cost_unknown, machine: row.machine }),
  };
}

type Ranked = Pick<FigureRow, 'place' | 'value'>;

function sumOf(rows: readonly FigureRow[]): FigureRow {
  const sum = (figure: Exclude<keyof FigureRow, 'place'>) => String(rows.reduce((total, row) => total + BigInt(row[figure]), 0n));
  return { place: null, requests: sum('requests'), failed: sum('failed'), charge: sum('charge'), cost: sum('cost'), margin: sum('margin'), machine: sum('machine'), cost_unknown: sum('cost_unknown'), tokens: sum('tokens'), value: sum('value') };
}

function less(whole: FigureRow, part: FigureRow): FigureRow {
  const rest = (figure: Exclude<keyof FigureRow, 'place'>) => String(BigInt(whole[figure]) - BigInt(part[figure]));
  return { place: null, requests: rest('requests'), failed: rest('failed'), charge: rest('charge'), cost: rest('cost'), margin: rest('margin'), machine: rest('machine'), cost_unknown: rest('cost_unknown'), tokens: rest('tokens'), value: rest('value') };
}

function largestFirst(a: Ranked, b: Ranked): number {
  const [one, other] = [BigInt(a.value), BigInt(b.value)];
  if (one !== other) return one > other ? -1 : 1;
  return earliestFirst(a, b);
}

function earliestFirst(a: Pick<FigureRow, 'place'>, b: Pick<FigureRow, 'place'>): number {
  return (a.place ?? '') < (b.place ?? '') ? -1 : 1;
}

const NONE: Readonly<Partial<Record<Dimension, string>>> = { key: '(no key)', user: '(no user)', scenario: '(no scenario)', tag: '(no tag)', backend: '(no backend)' };

function nameOf(options: SpendOptions, principal: Principal, dimension: Dimension, value: string): string {
  if (value === '') return NONE[dimension] ?? '';
  if (value === OTHER) return 'past the bound';
  switch (dimension) {
    case 'project': return projectLabel(options.names, principal.organisationId, value);
    case 'key': return keyLabel(options.names, value) ?? value;
    case 'backend': return options.backendNames(value) ?? value;
    default: return value;
  }
}
