import { sql, type RawBuilder } from 'kysely';

/** What spend is added up by. */
export const DIMENSIONS = ['project', 'key', 'model', 'backend', 'tier', 'user', 'scenario', 'tag', 'hour', 'day', 'month'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What is added up. Money is in picodollars (`machine`: what leased machines cost for the calls), the rest are counts; the last ones are tokens. */
export const METRICS = ['charge', 'cost', 'margin', 'machine', 'requests', 'failed', 'tokens', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image'] as const;
export type Metric = (typeof METRICS)[number];

interface Source {
  /** Its text, for every row of the sums. */
  readonly column: string;
  /** What it is the text of, where adding up by that is quicker. */
  readonly from?: string;
  /** Only these sums have it. */
  readonly only?: 'days' | 'hours';
}

const SOURCES: Readonly<Record<Dimension, Source>> = {
  project: { column: 'project_id::text', from: 'project_id' },
  key: { column: `coalesce(key_id::text, '')`, from: 'key_id', only: 'days' },
  model: { column: 'resource' },
  backend: { column: 'backend' },
  tier: { column: 'tier' },
  user: { column: 'user_name', only: 'days' },
  scenario: { column: 'scenario', only: 'days' },
  tag: { column: 'tag', only: 'days' },
  hour: { column: `to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24":00:00.000Z"')`, from: 'hour', only: 'hours' },
  day: { column: `to_char(day, 'YYYY-MM-DD')`, from: 'day' },
  month: { column: `to_char(day, 'YYYY-MM')` },
};

export const isTime = (dimension: Dimension): boolean => dimension === 'hour' || dimension === 'day' || dimension === 'month';

/** Why these cannot be asked for together; null: they can. */
export function clash(dimensions: readonly Dimension[]): string | null {
  const finest = dimensions.find((one) => SOURCES[one].only === 'hours');
  const daily = dimensions.find((one) => SOURCES[one].only === 'days');
  return finest === undefined || daily === undefined ? null : `${daily} is kept by the day, so it cannot be shown by the hour`;
}

export function dimensionColumn(dimension: Dimension): RawBuilder<string> {
  return sql.raw<string>(SOURCES[dimension].column);
}

/** For `group by`: one group for each text of `dimensionColumn`. */
export function grouped(dimension: Dimension): RawBuilder<unknown> {
  return sql.raw(SOURCES[dimension].from ?? SOURCES[dimension].column);
}

const SUMS: Readonly<Record<Metric, string>> = {
  charge: 'sum(charge)', cost: 'sum(cost)', margin: '(sum(charge_known) - sum(cost))', machine: 'sum(machine)', requests: 'sum(requests)', failed: 'sum(failed)',
  // Seven sums are quicker than adding up seven numbers of each row.
  tokens: '(sum(input) + sum(cache_read) + sum(cache_write) + sum(output) + sum(reasoning) + sum(audio) + sum(image))',
  input: 'sum(input)', cache_read: 'sum(cache_read)', cache_write: 'sum(cache_write)', output: 'sum(output)', reasoning: 'sum(reasoning)', audio: 'sum(audio)', image: 'sum(image)',
};

export function metricSum(metric: Metric): RawBuilder<string> {
  return sql.raw<string>(SUMS[metric]);
}

/** That a row has one of these values in a dimension, in a form that its index serves. */
export function oneOf(dimension: Dimension, values: readonly string[]): RawBuilder<unknown> {
  if (dimension === 'project') return sql`project_id = any(${values}::uuid[])`;
  if (dimension !== 'key') return sql`${dimensionColumn(dimension)} = any(${values}::text[])`;
  const keys = sql`key_id = any(${values.filter((value) => value !== '')}::uuid[])`;
  return values.includes('') ? sql`(${keys} or key_id is null)` : keys;
}
