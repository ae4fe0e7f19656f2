import { CliError, usageError } from '../cli-error.ts';
import type { Client, Reply } from '../client/client.ts';
import type { components } from '../client/schema.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { durationSeconds, timeArgument } from '../output/duration.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { plural, timeText } from '../output/text.ts';

type Key = components['schemas']['Key'];
const ROLES = ['owner', 'admin', 'developer', 'viewer'] as const;
const PERIODS = ['day', 'month', 'total'] as const;

export const list: Run = async (context, { options }) => {
  const { items } = await context.client().call('GET', '/api/keys', { query: { limit: 500 } });
  const shown = options['all'] === true ? items : items.filter((key) => key.state === 'active' || key.state === 'rotating');
  print(context, shown, (rows) => (rows.length === 0 ? 'No keys yet. Make one: tandem keys create NAME' : table(rows, [
    { title: 'NAME', value: (key) => key.name },
    { title: 'KEY', value: (key) => `${key.prefix}…`, keep: 'spare' },
    { title: 'PROJECT', value: (key) => key.projectName ?? 'all' },
    { title: 'ROLE', value: (key) => key.role },
    { title: 'STATE', value: (key) => key.state },
    { title: 'BUDGET', value: budgetText, keep: 'whole' },
    { title: 'LAST USED', value: (key) => timeText(key.lastUsedAt) },
    { title: 'EXPIRES', value: (key) => timeText(key.expiresAt) },
  ], context.out)));
};

export const create: Run = async (context, { args, options }) => {
  const client = context.client();
  const period = oneOf(options['period'] ?? 'month', PERIODS, '--period');
  const budget = typeof options['budget'] === 'string' ? { amount: amountArgument(options['budget'], '--budget'), period } : null;
  const projectId = typeof options['project'] === 'string' ? await findProject(client, options['project']) : undefined;
  const made = await client.call('POST', '/api/keys', {
    body: {
      name: args[0]!, budget, role: oneOf(options['role'] ?? 'developer', ROLES, '--role'),
      models: typeof options['models'] === 'string' ? options['models'].split(',').map((name) => name.trim()) : null,
      expiresAt: typeof options['expires'] === 'string' ? timeArgument(options['expires'], context.nowMs(), '--expires') : null,
      ...(projectId === undefined ? {} : { projectId }),
    },
  });
  print(context, made, secretText);
};

export const show: Run = async (context, { args }) => {
  const key = await findKey(context.client(), args[0]!);
  print(context, key, () => [
    `${key.name}  ${key.prefix}…  ${key.state}`,
    `id        ${key.id}`,
    `project   ${key.projectName ?? 'all'}`,
    `role      ${key.role}`,
    `owner     ${key.owner.label}`,
    `models    ${key.models?.join(', ') ?? 'all'}`,
    `budget    ${budgetText(key)}`,
    `created   ${timeText(key.createdAt)}`,
    `last used ${timeText(key.lastUsedAt)}`,
    `expires   ${timeText(key.expiresAt)}`,
  ].join('\n'));
};

export const rotate: Run = async (context, { args, options }) => {
  const client = context.client();
  const key = await findKey(client, args[0]!);
  const overlap = typeof options['overlap'] === 'string' ? options['overlap'] : '1d';
  const overlapSeconds = durationSeconds(overlap, '--overlap');
  const made = await client.call('POST', '/api/keys/{id}/rotate', { path: { id: key.id }, body: { overlapSeconds } });
  print(context, made, (shown) => `${secretText(shown)}\nThe old key (${key.prefix}…) works ${overlapSeconds === 0 ? 'no more' : `for ${overlap} more`}.`);
};

export const cache: Run = async (context, { args }) => {
  const client = context.client();
  const key = await findKey(client, args[0]!);
  const cacheSeconds = args[1] === 'off' ? null : durationSeconds(args[1]!, 'the time');
  const changed = await client.call('PATCH', '/api/keys/{id}', { path: { id: key.id }, body: { cacheSeconds } });
  print(context, changed, () => (changed.cacheSeconds === null
    ? `Every request of ${changed.name} goes to its model again.`
    : `A request of ${changed.name} with temperature 0 that is the same as one of the last ${args[1]!} gets the same reply from memory. A hit costs the model's price for cached replies: tandem prices set MODEL --cached-reply 0.0001 …; nothing where there is none.`));
};

export const revoke: Run = async (context, { args }) => {
  const client = context.client();
  const key = await findKey(client, args[0]!);
  const revoked = await client.call('DELETE', '/api/keys/{id}', { path: { id: key.id } });
  print(context, revoked, () => `Revoked ${revoked.name} (${revoked.prefix}…). Calls with it are refused from now on.`);
};

function secretText({ key, secret }: Reply<'/api/keys', 'POST'>): string {
  return `Made ${key.name}${key.budget ? ` with a budget of ${limitText(key.budget)}` : ''}. The key is shown once:\n\n  ${secret}\n`;
}

function budgetText({ budget }: Key): string {
  if (!budget) return '-';
  return `${moneyText(budget.spent, 'USD')} of ${limitText(budget)}`;
}

function limitText({ amount, period }: NonNullable<Key['budget']>): string {
  return `${moneyText(amount, 'USD')}${period === 'total' ? ' in total' : ` a ${period}`}`;
}

/** A key by id, name or first characters; an unclear name is an error, never a guess. */
export async function findKey(client: Client, wanted: string): Promise<Key> {
  const { items } = await client.call('GET', '/api/keys', { query: { limit: 500 } });
  const exact = items.filter((key) => key.id === wanted || key.name === wanted);
  // After a rotation the old key goes by the same name until its overlap ends: the name means the new one.
  const live = ['active', 'rotating', 'expired'].map((state) => exact.filter((key) => key.state === state)).find((some) => some.length > 0);
  const found = live ?? (exact.length > 0 ? exact : items.filter((key) => wanted.length >= 6 && key.prefix.startsWith(wanted)));
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new CliError('resource_not_found', `There is no key ${wanted}.`, 'List them: tandem keys --all');
  throw new CliError('ambiguous', `${plural(found.length, 'key')} match ${wanted}.`, `Use an id: ${found.map((key) => `${key.id} (${key.prefix}…, ${key.projectName ?? 'all projects'})`).join(' or ')}`);
}

/** A project's id by id, name or slug. */
export async function findProject(client: Client, wanted: string): Promise<string> {
  const { items } = await client.call('GET', '/api/projects', {});
  const found = items.find((project) => project.id === wanted || project.name === wanted || project.slug === wanted);
  if (!found) throw new CliError('resource_not_found', `There is no project ${wanted}.`, 'List them: tandem projects');
  return found.id;
}

/** One of a few words. @throws a usage error that lists them. */
export function oneOf<const T extends string>(value: unknown, allowed: readonly T[], where: string): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw usageError(`${where} is none of ${allowed.join(', ')}: ${String(value)}`, where.startsWith('--') ? `Choose one: ${where} ${allowed[0]}` : `Choose one of ${allowed.join(', ')}.`);
  return found;
}
