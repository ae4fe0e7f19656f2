import type { Client, Reply } from '../client/client.ts';
import type { Input, Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { durationSeconds } from '../output/duration.ts';
import { table } from '../output/table.ts';
import { timeText, visible } from '../output/text.ts';
import { called } from './called.ts';

type Node = Reply<'/api/nodes', 'GET'>['items'][number];

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/nodes', {});
  print(context, items, (rows) => (rows.length === 0 ? 'There are no nodes yet. Add a machine: tandem node add' : table(rows, [
    { title: 'NAME', value: (node) => node.name },
    { title: 'POOL', value: (node) => node.pool },
    { title: 'STATE', value: (node) => node.state },
    { title: 'HEALTH', value: (node) => node.health.state },
    { title: 'PLATFORM', value: platformText },
    { title: 'APPROVED', value: (node) => (node.approved === null ? 'no' : node.changed.length > 0 ? 'changed since' : 'yes') },
    { title: 'LAST SEEN', value: (node) => timeText(node.lastSeenAt) },
  ], context.out)));
};

export const add: Run = async (context, { options }) => {
  const made = await context.client().call('POST', '/api/nodes', {
    body: { ...(typeof options['pool'] === 'string' && { pool: options['pool'] }), ...(typeof options['name'] === 'string' && { name: options['name'] }) },
  });
  print(context, made, ({ line, expiresAt }) => `Paste this on the machine. It may be used once, until ${timeText(expiresAt)}:\n\n  ${line}\n\nThen: tandem node list\n`);
};

export const show: Run = async (context, { args }) => {
  const client = context.client();
  const { id } = await findNode(client, args[0]!);
  const shown = await client.call('GET', '/api/nodes/{id}', { path: { id } });
  print(context, shown, ({ node, events }) => [
    `${node.name}  ${node.state}${node.quarantine === null ? '' : `: ${node.quarantine.reason}`}`,
    `id         ${node.id}`,
    `pool       ${node.pool}`,
    `platform   ${platformText(node)}`,
    `health     ${node.health.state}${node.health.reasons.map((reason) => `\n           ${reason}`).join('')}`,
    `approved   ${node.approved === null ? `no: tandem node approve ${node.name}` : `by ${node.approved.by}, ${timeText(node.approved.at)}`}${node.changed.length === 0 ? '' : `; since then another ${node.changed.join(', ')}`}`,
    ...(node.wanted.what === 'serve' ? [] : [`wanted     ${node.wanted.what} by ${node.wanted.by ?? '-'}${node.wanted.reason === null ? '' : `: ${node.wanted.reason}`}${node.wanted.deadlineAt === null ? '' : `; what runs is ended at ${timeText(node.wanted.deadlineAt)}`}`]),
    `last seen  ${timeText(node.lastSeenAt)}`,
    `agent      ${node.agentVersion ?? '-'}`,
    '', 'It says it is:', ...inventoryLines(node.inventory),
    '', 'What happened:', ...events.slice(0, 20).map((event) => `  ${timeText(event.at)}  ${event.kind}${event.detail === '' ? '' : `: ${event.detail}`}`),
  ].map(visible).join('\n'));
};

export const approve: Run = async (context, { args }) => {
  const client = context.client();
  const { id } = await findNode(client, args[0]!);
  const node = await client.call('POST', '/api/nodes/{id}/approve', { path: { id } });
  print(context, node, () => `${node.name} is approved as what it says it is now.`);
};

export const cordon = wish('cordon', (node) => `Nothing new is placed on ${node.name}.`);
export const uncordon = wish('serve', (node) => `${node.name} serves again.`);
export const drain = wish('drain', (node) => `${node.name} is draining${deadlineText(node)}.`);
export const maintain = wish('maintain', (node) => `${node.name} goes into maintenance${deadlineText(node)}. Afterwards: tandem node uncordon ${node.name}`);

export const remove: Run = async (context, input) => {
  const client = context.client();
  const { id, name } = await findNode(client, input.args[0]!);
  if (input.options['grace'] !== undefined) return wish('remove', (node) => `${node.name} is removed when nothing is on it${deadlineText(node)}.`)(context, input);
  await client.call('DELETE', '/api/nodes/{id}', { path: { id } });
  print(context, { removed: id }, () => `Removed ${name}. Its agent is refused from now on.`);
};

export const doctor: Run = async (context, { args }) => {
  const client = context.client();
  const { id } = await findNode(client, args[0]!);
  const { checks } = await client.call('POST', '/api/nodes/{id}/doctor', { path: { id } });
  print(context, { checks }, () => checks.map(({ state, id: name, detail, next }) => `${state.padEnd(5)} ${visible(name).padEnd(12)} ${visible(detail)}${next === null || state === 'pass' ? '' : `\n      Next: ${visible(next)}`}`).join('\n'));
  return checks.some(({ state }) => state === 'fail') ? EXIT.error : EXIT.ok;
};

function wish(what: Node['wanted']['what'], said: (node: Node) => string) {
  return async (context: Context, { args, options }: Input): Promise<void> => {
    const client = context.client();
    const { id } = await findNode(client, args[0]!);
    const node = await client.call('POST', '/api/nodes/{id}/wanted', { path: { id }, body: {
      what, reason: typeof options['reason'] === 'string' ? options['reason'] : null, graceSeconds: typeof options['grace'] === 'string' ? durationSeconds(options['grace'], '--grace') : null,
    } });
    print(context, node, () => said(node));
  };
}

function deadlineText(node: Node): string {
  return node.wanted.deadlineAt === null ? '' : `; what still runs is ended at ${timeText(node.wanted.deadlineAt)}`;
}

function platformText(node: Pick<Node, 'platform' | 'standIn'>): string {
  return node.standIn ? `${node.platform} (stand-in, not macOS)` : node.platform;
}

/** What a machine says, each thing of a list on a line of its own. All of it, whatever its length, is in `--json`. */
function inventoryLines(inventory: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(inventory).slice(0, 40).flatMap(([name, value]) => {
    const things = Array.isArray(value) ? (value as unknown[]).slice(0, 20) : [value];
    return (things.length === 0 ? ['none'] : things.map((thing) => inWords(name, thing))).map((text, at) => `  ${(at === 0 ? withoutUnit(name) : '').padEnd(12)} ${text.slice(0, 160)}`);
  });
}

const BYTES = /(?:^b|B)ytes$/;

function withoutUnit(name: string): string {
  return name === 'bytes' ? 'size' : name.replace(BYTES, '');
}

function inWords(name: string, value: unknown): string {
  if (typeof value === 'number' && BYTES.test(name)) return `${(value / 1e9).toFixed(1)} GB`;
  if (typeof value !== 'object' || value === null) return value === null ? '-' : String(value);
  if (Array.isArray(value)) return value.map((one) => inWords('', one)).join(', ');
  return Object.entries(value).map(([part, one]) => `${withoutUnit(part)} ${inWords(part, one)}`).join(', ');
}

/** A node by its id, its name or the beginning of its id. */
export async function findNode(client: Client, wanted: string): Promise<Node> {
  const { items } = await client.call('GET', '/api/nodes', {});
  return called(items, wanted, { noun: 'node', list: 'tandem node list', about: ({ state, pool }) => `${state}, pool ${pool}`, isOver: ({ state }) => state === 'removed' });
}
