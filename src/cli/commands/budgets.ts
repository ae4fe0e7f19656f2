import { usageError } from '../cli-error.ts';
import type { Client } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { findKey, findProject, oneOf } from './keys.ts';
import { isSameSubject, subjectOf } from './subject.ts';

type Scope = { kind: 'organisation' | 'project' | 'key'; id: string };

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/budgets', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No budgets yet. Set one: tandem budgets set organisation 100.00' : table(rows, [
    { title: 'BUDGET OF', value: (budget) => budget.holder, keep: 'whole' },
    { title: 'PERIOD', value: (budget) => budget.period },
    { title: 'AMOUNT', align: 'right', value: (budget) => moneyText(budget.amount, budget.currency) },
    { title: 'SPENT', align: 'right', value: (budget) => moneyText(budget.spent, budget.currency) },
    { title: 'HELD', align: 'right', value: (budget) => moneyText(budget.held, budget.currency) },
    { title: 'LEFT', align: 'right', value: (budget) => moneyText(budget.left, budget.currency) },
    { title: 'MOST BY', value: ({ each }) => (each === null ? '-' : mostOf(each)) },
    { title: 'ALERTS', value: (budget) => (budget.alertShares.length === 0 ? '-' : budget.alertShares.map((share) => `${share}%`).join(' ')) },
    { title: 'ID', value: (budget) => budget.id },
  ], context.out)));
};

export const set: Run = async (context, { args, options }) => {
  const client = context.client();
  const amount = amountArgument(args[1]!, 'The amount');
  const period = oneOf(options['period'] ?? 'month', ['day', 'month', 'total'], '--period');
  const alertShares = typeof options['alert'] === 'string' ? sharesArgument(options['alert']) : undefined;
  const alerts = alertShares === undefined ? {} : { alertShares };
  const subject = subjectOf(options, ['user', 'tag', 'model', 'key', 'project']);
  const scope = await findScope(client, args[0]!);
  const { items } = await client.call('GET', '/api/budgets', {});
  const existing = items.find((budget) => budget.scope.kind === scope.kind && budget.scope.id === scope.id && budget.period === period && isSameSubject(budget.subject, subject));
  const budget = existing
    ? await client.call('PATCH', '/api/budgets/{id}', { path: { id: existing.id }, body: { amount, ...alerts } })
    : await client.call('POST', '/api/budgets', { body: { scope, subject, amount, period, ...alerts } });
  print(context, budget, () => `${budget.holder}: ${moneyText(budget.amount, budget.currency)} ${period === 'total' ? 'in total' : `a ${period}`}${budget.each === null ? `, ${moneyText(budget.left, budget.currency)} left` : ''}.`);
};

export const remove: Run = async (context, { args }) => {
  await context.client().call('DELETE', '/api/budgets/{id}', { path: { id: args[0]! } });
  print(context, { removed: args[0] }, () => 'Removed the budget.');
};

/** `u-17, 3 of 212 spent up`: what a budget for each says of those it counts. */
function mostOf({ names, exhausted, most: [first] }: { names: number; exhausted: number; most: readonly { label: string | null }[] }): string {
  if (first === undefined) return 'nobody yet';
  const who = first.label === null ? '(further ones)' : first.label === '' ? '(no name)' : first.label;
  return `${who}${names === 1 ? '' : `, 1 of ${names}`}${exhausted === 0 ? '' : `; ${exhausted} spent up`}`;
}

/** `50,80,100` as numbers; `0` is none. @throws a usage error. */
function sharesArgument(text: string): number[] {
  if (text === '0') return [];
  const shares = text.split(',').map((part) => Number(part.trim().replace(/%$/, '')));
  if (shares.some((share) => !Number.isInteger(share) || share < 1 || share > 100)) throw usageError(`${text} is not a list of percents.`, 'Write whole percents from 1 to 100: --alert 50,80,100');
  return shares;
}

export async function findScope(client: Client, text: string): Promise<Scope> {
  if (text === 'organisation') return { kind: 'organisation', id: (await client.call('GET', '/api/whoami', {})).organisation.id };
  const [kind, ...rest] = text.split(':');
  const name = rest.join(':');
  if (kind === 'key' && name !== '') return { kind, id: (await findKey(client, name)).id };
  if (kind === 'project' && name !== '') return { kind, id: await findProject(client, name) };
  throw usageError(`${text} is not a scope.`, 'Write key:NAME, project:NAME or organisation.');
}
