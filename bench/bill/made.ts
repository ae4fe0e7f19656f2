/** What the calls of the benchmark are, as SQL over their number `n`: events and their sums are made of the same. */
export const KEYS = 1_000;
export const PROJECTS = 20;
const MODELS = 5;
/** As many as have sums of their own in a month. */
const USERS = 2_000;
const SCENARIOS = 2;
export const BACKEND = '01900000-0000-7000-8000-0000000000aa';

export const MODEL = `'acme/model-' || n % ${MODELS}`;
/** Users take turns, and each comes with every scenario and set of tags. */
export const USER = `'user-' || n % ${USERS}`;
export const SCENARIO = `'scenario-' || n / ${USERS} % ${SCENARIOS}`;
export const TAGS = `(array['{}', '{batch}', '{batch,eu}'])[n / ${USERS * SCENARIOS} % 3 + 1]::text[]`;
export const INPUT = '200 + n % 997';
export const OUTPUT = '20 + n % 389';
export const CHARGE = '1000 + n % 100000';
export const COST = '700 + n % 1000';
export const FAILED = 'n % 97 = 0';

/** Calls from `from` up to `to`, of `howMany` that are spread over the 30 days up to `nowMs`, each with its project and key. */
export function madeCalls(from: number, to: number, howMany: number, nowMs: number): string {
  const at = `to_timestamp(${nowMs / 1_000}) - interval '30 days' * (1 - n::float8 / ${howMany})`;
  return `(select n, ${at} as at from generate_series(${from}::bigint, ${to - 1}::bigint) n) made
    join bench_keys k on k.place = made.n % ${KEYS} join bench_projects p on p.place = made.n % ${PROJECTS}`;
}
