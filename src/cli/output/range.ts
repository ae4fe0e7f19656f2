import { durationSeconds, timeArgument } from './duration.ts';

type Options = Readonly<Record<string, string | boolean | undefined>>;

/** `--last 24h`, or `--from` and `--to`, as the API takes a range. Nothing given: the API's own default. */
export function rangeArgument(options: Options, nowMs: number): { from?: string; to?: string } {
  const { last, from, to } = options;
  return {
    ...(typeof last === 'string' ? { from: new Date(nowMs - durationSeconds(last, '--last') * 1_000).toISOString() } : {}),
    ...(typeof from === 'string' ? { from: timeArgument(from, nowMs, '--from') } : {}),
    ...(typeof to === 'string' ? { to: timeArgument(to, nowMs, '--to') } : {}),
  };
}

/** Options that are passed on as they are, under the API's names for them. */
export function given<const M extends Readonly<Record<string, string>>>(options: Options, names: M): { [K in keyof M]?: string } {
  return Object.fromEntries(Object.entries(names).flatMap(([field, option]) => (typeof options[option] === 'string' ? [[field, options[option]]] : []))) as { [K in keyof M]?: string };
}
