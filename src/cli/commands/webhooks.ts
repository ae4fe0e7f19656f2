import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { table } from '../output/table.ts';
import { rotationText, timeText } from '../output/text.ts';
import { oneOf } from './keys.ts';

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/webhooks', {});
  print(context, items, (rows) => (rows.length === 0 ? 'Nobody is told of anything yet. Add an address: tandem webhooks add URL' : table(rows, [
    { title: 'URL', value: (webhook) => webhook.url },
    { title: 'EVENTS', value: (webhook) => webhook.events.join(', ') },
    { title: 'WAITING', align: 'right', value: (webhook) => String(webhook.waiting) },
    { title: 'LAST TAKEN', value: (webhook) => timeText(webhook.lastDeliveredAt) },
    { title: 'NEXT TRY', value: (webhook) => timeText(webhook.nextTryAt) },
    { title: 'PROBLEM', value: (webhook) => webhook.lastProblem ?? '-' },
    { title: 'ID', value: (webhook) => webhook.id },
  ], context.out)));
};

const EVENTS = ['budget.alert', 'lease.notice'] as const;

export const add: Run = async (context, { args, options }) => {
  const events = String(options['events'] ?? 'budget.alert').split(',').map((name) => oneOf(name.trim(), EVENTS, '--events'));
  const made = await context.client().call('POST', '/api/webhooks', { body: { url: args[0]!, events } });
  print(context, made, () => `${made.endpoint.url} is told of ${made.endpoint.events.join(', ')}. The signing secret is shown once:\n\n  ${made.secret}\n`);
};

export const deliveries: Run = async (context, { args }) => {
  const { items } = await context.client().call('GET', '/api/webhooks/{id}/deliveries', { path: { id: args[0]! } });
  print(context, items, (rows) => (rows.length === 0 ? 'Nothing was sent there yet.' : table(rows, [
    { title: 'EVENT', value: (delivery) => delivery.event },
    { title: 'STATE', value: (delivery) => delivery.state },
    { title: 'TRIES', align: 'right', value: (delivery) => String(delivery.attempts) },
    { title: 'MADE', value: (delivery) => timeText(delivery.createdAt) },
    { title: 'NEXT TRY', value: (delivery) => timeText(delivery.dueAt) },
    { title: 'PROBLEM', value: (delivery) => delivery.lastProblem ?? '-' },
    { title: 'ID', value: (delivery) => delivery.id },
  ], context.out)));
};

export const rotate: Run = async (context, { args }) => {
  const made = await context.client().call('POST', '/api/webhooks/{id}/rotate', { path: { id: args[0]! }, body: {} });
  print(context, made, rotationText);
};

export const remove: Run = async (context, { args }) => {
  await context.client().call('DELETE', '/api/webhooks/{id}', { path: { id: args[0]! } });
  print(context, { removed: args[0] }, () => 'Removed the webhook; what waited for it is given up.');
};
