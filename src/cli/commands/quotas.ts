import { usageError } from '../cli-error.ts';
import type { Input, Run } from '../command.ts';
import { print } from '../context.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { findScope } from './budgets.ts';

const figure = (value: number | null): string => (value === null ? '-' : String(value));

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/quotas', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No quotas yet. Set one: tandem quotas set project:default --gpus 8' : table(rows, [
    { title: 'QUOTA OF', value: ({ scope }) => `${scope.kind} ${scope.name}` },
    { title: 'MACHINES', align: 'right', value: ({ nodes }) => figure(nodes) },
    { title: 'GPUS', align: 'right', value: ({ gpus }) => figure(gpus) },
    { title: 'LEASES', align: 'right', value: ({ leases }) => figure(leases) },
    { title: 'PROVIDERS A MONTH', align: 'right', value: ({ spend }) => (spend === null ? '-' : moneyText(spend.amount, spend.currency)) },
    { title: 'SET BY', value: ({ byOperator, setBy }) => (byOperator ? `the operator (${setBy})` : setBy) },
    { title: 'ID', value: ({ id }) => id },
  ], context.out)));
};

export const set: Run = async (context, { args, options }) => {
  const client = context.client();
  const [kind, id] = args[0]!.split(':');
  // Another organisation is known to its operator by id alone.
  const scope = kind === 'organisation' && id !== undefined ? { kind: 'organisation' as const, id } : await findScope(client, args[0]!);
  if (scope.kind === 'key') throw usageError('Quotas are of projects and organisations.', 'Write project:NAME or organisation.');
  const body = {
    scope: { kind: scope.kind, id: scope.id }, nodes: most(options, 'machines'), gpus: most(options, 'gpus'), leases: most(options, 'leases'), spend: typeof options['spend'] === 'string' ? amountArgument(options['spend'], '--spend') : null,
  };
  if (body.nodes === null && body.gpus === null && body.leases === null && body.spend === null) throw usageError('A quota needs at least one of --machines, --gpus, --leases and --spend.', 'Take one away with: tandem quotas remove ID');
  const quota = await client.call('POST', '/api/quotas', { body });
  print(context, quota, (made) => `Set for the ${made.scope.kind} ${made.scope.name}. What is left out has no limit.`);
};

export const remove: Run = async (context, { args }) => {
  await context.client().call('DELETE', '/api/quotas/{id}', { path: { id: args[0]! } });
  print(context, { removed: args[0] }, () => 'Removed the quota.');
};

function most(options: Input['options'], name: string): number | null {
  const text = options[name];
  if (typeof text !== 'string') return null;
  if (!/^\d{1,6}$/.test(text)) throw usageError(`${text} is not a whole number up to 999999.`, `Write it without a unit: --${name} 8`);
  return Number(text);
}
