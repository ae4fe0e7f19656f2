import { sql, type RawBuilder } from 'kysely';

/** Each bucket ends this much above the one before. */
const GROWTH = 1.05;
/**
 * How far a percentile that is read from a bucket can lie from the true one, as a share of it: a bucket is told by
 * the value from which its lower and its upper end are equally far. Buckets can be added up, so it holds for any sum of them.
 */
export const ERROR_SHARE = (GROWTH - 1) / (GROWTH + 1);
/** From 0.05 ms to 13 days. */
const LOWEST = -60;
const HIGHEST = 430;

/** The bucket of a value above 0, in Postgres. */
export function bucketOf(value: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`greatest(${sql.lit(LOWEST)}, least(${sql.lit(HIGHEST)}, ceil(ln(${value}) / ln(${sql.lit(GROWTH)}::float8))))::smallint`;
}

/** What a bucket stands for, to three digits. */
export function valueOf(bucket: number): number {
  return Number(((2 * GROWTH ** bucket) / (GROWTH + 1)).toPrecision(3));
}
