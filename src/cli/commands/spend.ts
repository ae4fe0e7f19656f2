import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { usageError } from '../cli-error.ts';
import { print } from '../context.ts';
import { moneyText } from '../output/money.ts';
import { given, rangeArgument } from '../output/range.ts';
import { table, type Place } from '../output/table.ts';
import { countText, wrapped } from '../output/text.ts';
import { oneOf } from './keys.ts';
import { holders } from './requests.ts';

type Spend = Reply<'/api/spend', 'GET'>;

const METRICS = ['charge', 'cost', 'margin', 'machine', 'requests', 'failed', 'tokens', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image'] as const;
const DIMENSIONS = ['project', 'key', 'model', 'backend', 'tier', 'user', 'scenario', 'tag', 'hour', 'day', 'month'] as const;

export const spend: Run = async (context, { options }) => {
  const client = context.client();
  const top = typeof options['top'] === 'string' ? Number(options['top']) : 10;
  if (!Number.isInteger(top) || top < 1 || top > 500) throw usageError('--top is a whole number from 1 to 500.', 'tandem spend --top 10');
  const shown = await client.call('GET', '/api/spend', {
    query: {
      metric: oneOf(options['metric'] ?? 'charge', METRICS, '--metric'), group: oneOf(options['by'] ?? 'model', DIMENSIONS, '--by'), top, ...rangeArgument(options, context.nowMs()),
      ...(options['and'] === undefined ? {} : { subgroup: oneOf(options['and'], DIMENSIONS, '--and') }),
      ...given(options, { model: 'model', tier: 'tier', user: 'user', tag: 'tag', scenario: 'scenario' }), ...(await holders(client, options)),
    },
  });
  print(context, shown, (value) => spendText(value, context.out));
};

function spendText(view: Spend, place: Place): string {
  if (view.groups.length === 0) return 'Nothing in this range. Look further back with --last 90d.';
  const text = (value: string | null) => (value === null ? 'unknown' : isMoney(view.metric) ? moneyText(value, view.currency) : countText(value));
  const money = (value: string | null | undefined) => (value === null || value === undefined ? 'unknown' : moneyText(value, view.currency));
  const lines = view.groups.flatMap((group) => [{ ...group, of: '' }, ...group.parts.map((part) => ({ ...group, ...part, name: group.name, of: part.name, whole: false }))]);
  const rows = table(lines, [
    { title: view.group.toUpperCase(), value: (row) => (place.isTTY === true && row.of !== '' ? '' : row.name) },
    ...(view.subgroup === null ? [] : [{ title: view.subgroup.toUpperCase(), value: (row: (typeof lines)[number]) => row.of }]),
    { title: view.metric.toUpperCase(), align: 'right', value: (row) => text(row.value) },
    ...(['requests', 'charge', 'cost', 'margin', 'machine'] as const).filter((figure) => figure !== view.metric && view.total[figure] !== undefined && (figure !== 'machine' || view.total.machine !== '0')).map((figure) => ({
      title: figure.toUpperCase(), align: 'right' as const, value: (row: (typeof lines)[number]) => (row.of !== '' ? '' : figure === 'requests' ? countText(row.requests) : money(row[figure])),
    })),
  ], place);
  if (place.isTTY !== true) return rows;
  const unknown = view.total.costUnknown === undefined || view.total.costUnknown === '0' ? '' : ` The cost of ${countText(view.total.costUnknown)} usage ${view.total.costUnknown === '1' ? 'event' : 'events'} (calls, minutes of machines) is not known, and in neither cost nor margin.`;
  const machines = view.total.machine === undefined || view.total.machine === '0' ? '' : ' What machines cost is paid as leases: it is in neither cost nor margin.';
  const head = `${view.from.slice(0, 10)} to ${lastDay(view.to)}: ${text(view.total.value)} (${view.metric}) for ${countText(view.total.requests)} ${view.total.requests === '1' ? 'call' : 'calls'}; the same time before: ${text(view.before)}.`;
  const foot = `The total is of everything, whatever is listed.${view.overlapping ? ' A call with two tags is in both groups.' : ''}${unknown}${machines}`;
  return [wrapped(head, place), rows, wrapped(foot, place)].join('\n\n');
}

const isMoney = (metric: string) => metric === 'charge' || metric === 'cost' || metric === 'margin' || metric === 'machine';

/** The range ends before `to`: the day that it ends with. */
function lastDay(to: string): string {
  return new Date(Date.parse(to) - 1).toISOString().slice(0, 10);
}
