import { usageError } from '../cli-error.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { table } from '../output/table.ts';
import { findScope } from './budgets.ts';
import { oneOf } from './keys.ts';
import { isSameSubject, subjectOf } from './subject.ts';

const KINDS = ['user', 'tag', 'model', 'key', 'project'] as const;
const METRICS = ['requests', 'tokens', 'parallel'] as const;
const WORDS = { requests: 'requests a minute', tokens: 'tokens a minute', parallel: 'requests at once' } as const;

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/limits', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No limits yet. Set one: tandem limits set project:default 20 requests --each user' : table(rows, [
    { title: 'LIMIT OF', value: (limit) => limit.holder, keep: 'whole' },
    { title: 'AMOUNT', align: 'right', value: (limit) => String(limit.amount) },
    { title: 'WHAT', value: (limit) => WORDS[limit.metric] },
    { title: 'ID', value: (limit) => limit.id },
  ], context.out)));
};

export const set: Run = async (context, { args, options }) => {
  const client = context.client();
  const amount = Number(args[1]);
  if (!/^\d{1,12}$/.test(args[1]!)) throw usageError(`${args[1]} is not a whole number.`, 'Write it without a unit: tandem limits set project:default 20 requests');
  const metric = oneOf(args[2], METRICS, 'The metric');
  const subject = subjectOf(options, KINDS);
  const scope = await findScope(client, args[0]!);
  const { items } = await client.call('GET', '/api/limits', {});
  const existing = items.find((limit) => limit.scope.kind === scope.kind && limit.scope.id === scope.id && limit.metric === metric && isSameSubject(limit.subject, subject));
  const limit = existing
    ? await client.call('PATCH', '/api/limits/{id}', { path: { id: existing.id }, body: { amount } })
    : await client.call('POST', '/api/limits', { body: { scope, subject, metric, amount } });
  print(context, limit, () => `${limit.holder}: ${limit.amount} ${WORDS[limit.metric]}.`);
};

export const remove: Run = async (context, { args }) => {
  await context.client().call('DELETE', '/api/limits/{id}', { path: { id: args[0]! } });
  print(context, { removed: args[0] }, () => 'Removed the limit.');
};
