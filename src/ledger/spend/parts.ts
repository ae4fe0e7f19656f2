import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { dimensionColumn, grouped, isTime, metricSum, oneOf, type Dimension } from './dimensions.ts';
import { byPages, readsAll, rowsOf, type Context, type FigureRow } from './read.ts';

/** What one part of a group comes to; null stands for the parts that have no name here. */
export interface PartFigures {
  readonly part: string | null;
  /** Of the metric that was asked for. */
  readonly value: string;
  readonly cost_unknown: string;
  readonly requests: string;
}

type Figures = Pick<FigureRow, 'value' | 'cost_unknown' | 'requests'>;

interface Cell extends Figures {
  readonly place: string;
  readonly part: string;
}

/**
 * The parts of each group: the largest over all groups by name, the others together, so that one colour is one thing in every group. The
 * key null has those of the groups past the top.
 *
 * Two names together are kept in the largest of the sums, of which only what is shown by name is read: the rows of the named parts, or
 * those of the groups that are listed. What is left is the difference to the sums of one name, of which there are few rows.
 */
export async function readParts(executor: Executor, context: Context, subgroup: Dimension, kept: readonly FigureRow[], together: Figures): Promise<Map<string | null, PartFigures[]>> {
  const { query } = context;
  const ranked = await (readsAll(context, [subgroup]) ? byPages(executor, () => totalsOf(executor, context, subgroup)) : totalsOf(executor, context, subgroup));
  const named = isTime(subgroup) ? ranked : ranked.slice(0, query.top);
  const partNames = named.map(({ part }) => part);
  const places = kept.map(({ place }) => place!);
  const byParts = readsParts(query.group, subgroup);
  const cells = await cellsOf(executor, context, subgroup, byParts ? [subgroup, partNames, !isTime(subgroup) && named.length < ranked.length] : [query.group, places, !isTime(query.group)]);

  const shown = new Map<string | null, Map<string | null, Sum>>();
  const add = (place: string | null, part: string | null, figures: Figures, sign: 1n | -1n = 1n) => {
    let parts = shown.get(place);
    if (!parts) shown.set(place, (parts = new Map<string | null, Sum>()));
    const sum = parts.get(part) ?? [0n, 0n, 0n];
    parts.set(part, [sum[0] + sign * BigInt(figures.value), sum[1] + sign * BigInt(figures.cost_unknown), sum[2] + sign * BigInt(figures.requests)]);
  };
  const [isPlace, isNamed] = [new Set(places), new Set(partNames)];
  if (byParts) {
    for (const row of kept) add(row.place, null, row);
    add(null, null, together);
    for (const cell of cells) {
      if (!isNamed.has(cell.part)) continue;
      const place = isPlace.has(cell.place) ? cell.place : null;
      add(place, cell.part, cell);
      add(place, null, cell, -1n);
    }
  } else {
    for (const total of ranked) add(null, isNamed.has(total.part) ? total.part : null, total);
    for (const cell of cells) {
      const part = isNamed.has(cell.part) ? cell.part : null;
      add(cell.place, part, cell);
      add(null, part, cell, -1n);
    }
  }
  const order = isTime(subgroup) ? partNames.toSorted() : partNames;
  return new Map([...shown].map(([place, parts]) => [place, [...order, null].flatMap((part) => viewOf(part, parts.get(part)))]));
}

/** Value, calls of unknown cost, calls. */
type Sum = readonly [bigint, bigint, bigint];

/** Nothing, where nothing is left. */
function viewOf(part: string | null, sum: Sum | undefined): PartFigures[] {
  if (sum === undefined || sum.every((figure) => figure === 0n)) return [];
  return [{ part, value: String(sum[0]), cost_unknown: String(sum[1]), requests: String(sum[2]) }];
}

/**
 * Whether the rows of the named parts are read, and not those of the listed groups: those of users first, then those of keys, which have
 * the fewest rows each. A call with two tags is in two of them, so the difference is only that of sums which count it twice, too.
 */
function readsParts(group: Dimension, subgroup: Dimension): boolean {
  if (subgroup === 'tag' || isTime(subgroup)) return false;
  if (group === 'tag' || isTime(group)) return true;
  return NARROW.indexOf(subgroup) > NARROW.indexOf(group);
}

const NARROW: readonly Dimension[] = ['key', 'user'];

/** By part, the largest first. */
async function totalsOf(executor: Executor, context: Context, subgroup: Dimension): Promise<(Figures & { readonly part: string })[]> {
  const { rows } = await sql<Figures & { part: string }>`select ${dimensionColumn(subgroup)} as part, ${metricSum(context.query.metric)}::text as value, sum(cost_unknown)::text as cost_unknown, sum(requests)::text as requests
    from ${rowsOf(context, [subgroup])} group by ${grouped(subgroup)} order by ${metricSum(context.query.metric)} desc, 1`.execute(executor);
  return rows;
}

/** By group and part, of the rows that have one of the values in the dimension given, or of all. */
async function cellsOf(executor: Executor, context: Context, subgroup: Dimension, [dimension, values, only]: readonly [Dimension, readonly string[], boolean]): Promise<Cell[]> {
  const { query } = context;
  const { rows } = await sql<Cell>`select ${dimensionColumn(query.group)} as place, ${dimensionColumn(subgroup)} as part, ${metricSum(query.metric)}::text as value, sum(cost_unknown)::text as cost_unknown, sum(requests)::text as requests
    from ${rowsOf(context, [query.group, subgroup], only ? oneOf(dimension, values) : null)} group by ${grouped(query.group)}, ${grouped(subgroup)}`.execute(executor);
  return rows;
}
