import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { given, rangeArgument } from '../output/range.ts';
import { table, type Column, type Place } from '../output/table.ts';
import { countText, widthOf } from '../output/text.ts';
import { msText } from '../output/waterfall.ts';
import { oneOf } from './keys.ts';
import { holders } from './requests.ts';

type Latency = Reply<'/api/latency', 'GET'>;
type Series = Latency['all'];

export const latency: Run = async (context, { options }) => {
  const client = context.client();
  const by = oneOf(options['by'] ?? 'route', ['route', 'model', 'backend', 'project'] as const, '--by');
  const shown = await client.call('GET', '/api/latency', { query: { by, ...rangeArgument(options, context.nowMs()), ...given(options, { model: 'model' }), ...(await holders(client, options)) } });
  print(context, shown, (value) => latencyText(value, context.out));
};

function latencyText(view: Latency, place: Place): string {
  if (view.series.length === 0) return 'No call in this range. Make one: tandem chat "Hello", or look further back with --last 30d.';
  const rows = figures(view, place);
  if (place.isTTY !== true) return rows;
  const { firstTokenMs } = view.all;
  const head = firstTokenMs === null ? 'No call had a token.' : `Half of the calls had their first token within ${msText(firstTokenMs.p50)}, 95 in 100 within ${msText(firstTokenMs.p95)}.`;
  return `${head}\n\n${rows}\n\nPercentiles to ${(view.errorShare * 100).toFixed(1)} %. Tokens/s p95: 95 in 100 calls had at least so many.`;
}

/** One table; on a terminal that is too narrow for it two, of which each has the names whole where it can: cut names and figures below each other compare nothing. */
function figures({ by, series, all }: Latency, place: Place): string {
  const rows = [...series, ...(series.length > 1 ? [all] : [])];
  const name: Column<Series> = { title: by.toUpperCase(), value: nameOf };
  const calls: Column<Series> = { title: 'CALLS', align: 'right', value: (one) => countText((one.wholeMs ?? one.firstTokenMs)?.calls ?? '0') };
  const first = percentiles('FIRST', ['p50', 'p95', 'p99'], (one, share) => msText(one.firstTokenMs?.[share] ?? null));
  const whole = percentiles('WHOLE', ['p50', 'p95', 'p99'], (one, share) => msText(one.wholeMs?.[share] ?? null));
  const tokens = percentiles('TOKENS/s', ['p50', 'p95'], (one, share) => (one.tokensPerSecond === null ? '-' : String(one.tokensPerSecond[share])));
  const together = [name, calls, ...first, ...whole, ...tokens];
  const widest = Math.max(...table(rows, together, { isTTY: true }).split('\n').map(widthOf));
  if (place.isTTY !== true || widest <= (place.columns ?? widest)) return table(rows, together, place);
  // The header says of which of them a column is; the next ones go on with it.
  const short = ([one, ...others]: Column<Series>[]): Column<Series>[] => [one!, ...others.map((column) => ({ ...column, title: column.title.split(' ').at(-1)! }))];
  return `${table(rows, [name, calls, ...short(first)], place)}\n\n${table(rows, [name, ...short(whole), ...short(tokens)], place)}`;
}

type Share = 'p50' | 'p95' | 'p99';

function percentiles(title: string, shares: readonly Share[], value: (one: Series, share: Share) => string): Column<Series>[] {
  return shares.map((share) => ({ title: `${title} ${share}`, align: 'right', value: (one) => value(one, share) }));
}

function nameOf(one: Series): string {
  const parts = [one.model, one.backendName === '' ? null : one.backendName, one.projectName].filter((part) => part !== null);
  return parts.length === 0 ? 'all' : parts.join(' on ');
}
