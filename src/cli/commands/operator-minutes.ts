import { usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { plural, timeText, visible } from '../output/text.ts';

type Minutes = Reply<'/api/operator-minutes', 'GET'>;

const WORDS = { approval: 'waits for an approval', quarantined: 'quarantined', sick: 'sick', order: 'an order needs somebody', setup: 'set up by hand', step: 'steps by hand' } as const;

export const show: Run = async (context, { options }) => {
  const { month } = options;
  const minutes = await context.client().call('GET', '/api/operator-minutes', { query: typeof month === 'string' ? { month } : {} });
  print(context, minutes, (shown) => [heading(shown), ...(shown.kinds.length === 0 ? [] : [kindTable(shown, context.out)]), ...(shown.waiting.length === 0 ? ['Nothing waits for anybody now.'] : [waitingTable(shown, context.out)])].join('\n\n'));
};

export const price: Run = async (context, { options }) => {
  const given = (name: 'minute' | 'step'): string => (typeof options[name] === 'string' ? amountArgument(options[name], `--${name}`) : '0');
  if (options['minute'] === undefined && options['step'] === undefined) throw usageError('Say what a minute or a step is worth: --minute 1.20, --step 5.00.', 'See what there was: tandem operator-minutes');
  const made = await context.client().call('POST', '/api/prices', { body: { resource: 'operator/minutes', buckets: { minute: { price: given('minute'), per: '1' }, request: { price: given('step'), per: '1' } }, source: 'set with tandem operator-minutes price' } });
  print(context, made, () => 'Set, from now on. Nobody is charged for it: it is a cost beside those of machines and calls.');
};

function heading({ month, nodes, minutes, steps, minutesPerNode, price: set, cost, setup }: Minutes): string {
  return [
    `${month}: machines waited ${plural(minutes, 'minute')} for a person, and ${steps === 1 ? '1 step was' : `${steps} steps were`} done by hand`,
    `nodes      ${nodes} on average${minutesPerNode === null ? '' : `, ${minutesPerNode} minutes a node`}`,
    ...(setup === null ? [] : [`set up     ${setup.count}, from the line to a node that can be leased in ${setup.meanSeconds} s on average, ${setup.longestSeconds} s at most`]),
    set === null || cost === null ? 'worth      not known. Say it: tandem operator-minutes price --minute AMOUNT' : `worth      ${moneyText(cost, set.currency)}, at ${moneyText(set.minute, set.currency)} a minute and ${moneyText(set.step, set.currency)} a step`,
  ].join('\n');
}

function kindTable({ kinds }: Minutes, out: Parameters<typeof table>[2]): string {
  return table(kinds, [
    { title: 'WHAT', value: ({ kind }) => WORDS[kind] },
    { title: 'TIMES', align: 'right', value: ({ count }) => String(count) },
    { title: 'MINUTES', align: 'right', value: ({ kind, minutes }) => (kind === 'step' ? '-' : String(minutes)) },
  ], out);
}

function waitingTable({ waiting }: Minutes, out: Parameters<typeof table>[2]): string {
  return table(waiting, [
    { title: 'WAITS NOW', value: ({ name }) => visible(name) },
    { title: 'FOR', value: ({ kind }) => WORDS[kind] },
    { title: 'SINCE', value: ({ since }) => timeText(since) },
    { title: 'MINUTES', align: 'right', value: ({ minutes }) => String(minutes) },
    { title: 'BECAUSE', value: ({ detail }) => visible(detail) },
  ], out);
}
