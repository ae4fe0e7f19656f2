import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { given, rangeArgument } from '../output/range.ts';
import { table, type Place } from '../output/table.ts';
import { countText } from '../output/text.ts';
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
  const rows = table([...view.series, ...(view.series.length > 1 ? [view.all] : [])], [
    { title: view.by.toUpperCase(), value: nameOf },
    { title: 'CALLS', align: 'right', value: (one) => countText((one.wholeMs ?? one.firstTokenMs)?.calls ?? '0') },
    ...(['p50', 'p95', 'p99'] as const).map((share) => ({ title: `FIRST ${share}`, align: 'right' as const, value: (one: Series) => msText(one.firstTokenMs?.[share] ?? null) })),
    ...(['p50', 'p95', 'p99'] as const).map((share) => ({ title: `WHOLE ${share}`, align: 'right' as const, value: (one: Series) => msText(one.wholeMs?.[share] ?? null) })),
    ...(['p50', 'p95'] as const).map((share) => ({ title: `TOKENS/s ${share}`, align: 'right' as const, value: (one: Series) => (one.tokensPerSecond === null ? '-' : String(one.tokensPerSecond[share])) })),
  ], place);
  if (place.isTTY !== true) return rows;
  const { firstTokenMs } = view.all;
  const head = firstTokenMs === null ? 'No call had a token.' : `Half of the calls had their first token within ${msText(firstTokenMs.p50)}, 95 in 100 within ${msText(firstTokenMs.p95)}.`;
  return `${head}\n\n${rows}\n\nPercentiles to ${(view.errorShare * 100).toFixed(1)} %. Tokens/s p95: 95 in 100 calls had at least so many.`;
}

function nameOf(one: Series): string {
  const parts = [one.model, one.backendName === '' ? null : one.backendName, one.projectName].filter((part) => part !== null);
  return parts.length === 0 ? 'all' : parts.join(' on ');
}
