import { newId } from '../../base/index.ts';
import { usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { Input, Run } from '../command.ts';
import { print } from '../context.ts';
import { timeArgument } from '../output/duration.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { timeText, visible, wrapped } from '../output/text.ts';

type Order = Reply<'/api/orders', 'GET'>['items'][number];

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/orders', {});
  print(context, items, (rows) => (rows.length === 0 ? 'Nothing is ordered. See what can be: tandem providers list' : table(rows, [
    { title: 'ORDER', value: ({ id }) => id },
    { title: 'PROVIDER', value: ({ provider }) => provider },
    { title: 'OFFER', value: ({ offer }) => offer },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'SO FAR', value: ({ cost }) => moneyText(cost.soFar, cost.currency) },
    { title: 'GOES', value: ({ releaseAt }) => timeText(releaseAt) },
  ], context.out)));
};

export const show: Run = async (context, { args }) => {
  const order = await context.client().call('GET', '/api/orders/{id}', { path: { id: args[0]! } });
  print(context, order, orderText);
};

export const create: Run = async (context, { args, options }) => {
  const order = await context.client().call('POST', '/api/orders', { body: { provider: args[0]!, offer: args[1]!, ...terms(options, context.nowMs()), pool: options['byHand'] === true ? null : word(options, 'pool') ?? 'default', name: word(options, 'name') } });
  print(context, order, (made) => `Ordered. It is looked after from now on: tandem orders show ${made.id}`);
};

export const adopt: Run = async (context, { args, options }) => {
  const order = await context.client().call('POST', '/api/orders/adopt', { body: { provider: args[0]!, machineId: args[1]!, ...terms(options, context.nowMs()), pool: word(options, 'pool'), name: word(options, 'name') } });
  print(context, order, (made) => `Adopted. It is looked after from now on: tandem orders show ${made.id}`);
};

export const release: Run = async (context, { args, options }) => {
  const order = await context.client().call('POST', '/api/orders/{id}/release', { path: { id: args[0]! }, body: { neededUntil: until(options, context.nowMs()) } });
  print(context, order, ({ releaseAt }) => (releaseAt === null ? 'It is given back when it is known whether it came.' : `It is given back at ${timeText(releaseAt)}; until then it is paid for.`));
};

export const reinstall: Run = async (context, { args }) => {
  const order = await context.client().call('POST', '/api/orders/{id}/reinstall', { path: { id: args[0]! } });
  print(context, order, ({ id }) => `All that is on it is deleted when nothing uses it any more. How far it is: tandem orders show ${id}`);
};

export const enter: Run = async (context, { args }) => {
  const access = await context.client().call('POST', '/api/orders/{id}/enter', { path: { id: args[0]! } });
  print(context, access, ({ host, port, user, password, hostKey }) => [
    `ssh -p ${port} ${user}@${host}`,
    `password   ${password ?? 'none: by the key that the provider knows'}`,
    `host key   ${hostKey ?? 'the provider reports none, so the first connection proves nothing'}`,
    'It is written down nowhere, and told of in the audit trail.',
  ].map(visible).join('\n'));
};

export const orphans: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/orphans', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No account is billed for a machine that no order here knows.' : table(rows, [
    { title: 'PROVIDER', value: ({ provider }) => provider },
    { title: 'MACHINE', value: ({ machineId }) => machineId },
    { title: 'NAME', value: ({ name }) => name },
    { title: 'OFFER', value: ({ offer }) => offer },
    { title: 'PER HOUR', value: ({ perHour, currency }) => (perHour === null || currency === null ? 'unknown' : moneyText(perHour, currency)) },
    { title: 'BILLED SINCE', value: ({ billedSince }) => timeText(billedSince) },
    { title: 'SEEN SINCE', value: ({ firstSeenAt }) => timeText(firstSeenAt) },
  ], context.out)));
};

export const providers: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/providers', {});
  print(context, items, (rows) => (rows.length === 0 ? wrapped('There are no accounts at providers here. The operator names them in the file TANDEM_CONFIG, under providers.', context.out) : table(rows, [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'REINSTALLS', value: ({ reinstalls }) => (reinstalls ? 'yes' : 'no') },
  ], context.out)));
};

export const check: Run = async (context, { args }) => {
  const checked = await context.client().call('GET', '/api/providers/{name}', { path: { name: args[0]! } });
  print(context, checked, ({ offers }) => table(offers, [
    { title: 'OFFER', value: ({ name }) => name },
    { title: 'WHAT', value: ({ about }) => about },
    { title: 'PER HOUR', value: ({ perHour }) => (perHour === null ? 'unknown' : moneyText(perHour.amount, perHour.currency)) },
    { title: 'AT LEAST', value: ({ minimumHours }) => `${minimumHours} h` },
    { title: 'THERE', value: ({ available }) => (available === null ? 'unknown' : available ? 'yes' : 'no') },
  ], context.out));
};

function terms(options: Input['options'], nowMs: number): { ceiling: string; key: string; neededUntil: string | null } {
  if (typeof options['atMost'] !== 'string') throw usageError('An order needs --at-most: what it may cost at the provider in all.', 'See what offers cost: tandem providers check PROVIDER');
  return { ceiling: amountArgument(options['atMost'], '--at-most'), key: typeof options['key'] === 'string' ? options['key'] : newId(), neededUntil: until(options, nowMs) };
}

function word(options: Input['options'], name: string): string | null {
  return typeof options[name] === 'string' ? options[name] : null;
}

function until(options: Input['options'], nowMs: number): string | null {
  return typeof options['until'] === 'string' ? timeArgument(options['until'], nowMs, '--until') : null;
}

function orderText(order: Order): string {
  const { cost } = order;
  return [
    `${order.offer} at ${order.provider}  ${order.state}${order.reason === null ? '' : `: ${order.reason}`}`,
    ...(order.next === null ? [] : [`next       ${order.next}`]),
    `id         ${order.id}`,
    `machine    ${order.machineId ?? '-'}`,
    `expected   ${timeText(order.estimateAt)}`,
    `cost       ${moneyText(cost.soFar, cost.currency)} so far, ${moneyText(cost.perHour, cost.currency)} an hour, at most ${moneyText(cost.ceiling, cost.currency)}`,
    `paid until ${timeText(order.paidUntil)}`,
    `goes       ${timeText(order.releaseAt)}`,
    ...arrivalLines(order.arrival),
    `ordered    ${timeText(order.createdAt)} by ${order.orderedBy}`,
  ].map(visible).join('\n');
}

function arrivalLines(arrival: Order['arrival']): string[] {
  if (arrival === null) return ['node       by hand: tandem node add, and how to enter it: tandem orders enter ORDER'];
  const { pool, nodeId, hostKey, hostKeyFrom, by, steps } = arrival;
  return [
    `node       ${nodeId ?? 'not yet'}, in the pool ${pool}${by === null ? '' : `, again by ${timeText(by)}`}`,
    ...(hostKey === null ? [] : [`host key   ${hostKey}${hostKeyFrom === 'first-use' ? ' (answered first: the provider reports none)' : ''}`]),
    ...steps.flatMap(({ step, state, attempts, reason, next }) => [
      `  ${step.padEnd(9)}${state}${attempts > 1 ? ` after ${attempts} tries` : ''}${reason === null ? '' : `: ${reason}`}`, ...(next === null ? [] : [`           ${next}`]),
    ]),
  ];
}
