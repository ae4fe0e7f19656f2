import { CliError, usageError } from '../cli-error.ts';
import type { Client } from '../client/client.ts';
import type { components, paths } from '../client/schema.ts';
import type { Input, Run } from '../command.ts';
import { print, readInput } from '../context.ts';
import { perMillion } from '../output/money.ts';
import { table, type Place } from '../output/table.ts';
import { timeText } from '../output/text.ts';
import { findBackend } from './models.ts';
import { oneOf } from './keys.ts';

type Model = components['schemas']['Model'];
type Change = paths['/api/models/{name}']['patch']['requestBody']['content']['application/json'];
type NewTarget = NonNullable<Change['targets']>[number];

const GOALS = ['weights', 'order', 'cheapest', 'fastest', 'least-busy', 'same-prefix'] as const;

/** One name: how it finds its target, and how each target is doing. */
export const show: Run = async (context, { args }) => {
  const model = await context.client().call('GET', '/api/models/{name}', { path: { name: args[0]! } });
  print(context, model, () => `${settingsText(model)}\n\n${targetTable(model, context.out)}`);
};

/** Changes goal, regions, limits or targets; makes the name where it is new and targets are given. */
export const set: Run = async (context, { args, options }) => {
  const client = context.client();
  const [name, ...words] = args as [string, ...string[]];
  const targets = await Promise.all(words.map((word) => readTarget(client, word)));
  const limits = readLimits(options);
  const body: Change = {
    ...(typeof options['goal'] === 'string' && { goal: oneOf(options['goal'], GOALS, '--goal') }),
    ...(typeof options['regions'] === 'string' && { regions: options['regions'].split(',').map((region) => region.trim()).filter((region) => region !== '') }),
    ...(targets.length > 0 && { targets }),
  };
  const known = (await client.call('GET', '/api/models', {})).items.find((model) => model.name === name);
  if (limits) body.limits = { ...known?.limits, ...limits };
  if (Object.keys(body).length === 0) throw usageError('Nothing is given to change.', 'Name targets, or one of the options: tandem models set --help');
  const { targets: given, ...rest } = body;
  const model = known
    ? await client.call('PATCH', '/api/models/{name}', { path: { name }, body })
    : await client.call('POST', '/api/models', { body: { name, ...rest, targets: given ?? missingTargets(name) } as paths['/api/models']['post']['requestBody']['content']['application/json'] });
  print(context, model, () => `${settingsText(model)}\n\n${targetTable(model, context.out)}${model.price ? '' : `\n\nIt has no price yet, so calls are refused. Set one: tandem prices set ${model.name} --input 1.00 --output 3.00 --source TEXT`}`);
};

export const keys: Run = async (context, { args }) => {
  const backend = await findBackend(context.client(), args[0]!);
  print(context, backend.keys, (rows) => (rows.length === 0 ? `${backend.name} has no key. Give it one: tandem backends keys set ${backend.name} LABEL --key-file FILE` : table(rows, [
    { title: 'LABEL', value: (key) => key.label },
    { title: 'STATE', value: (key) => (key.reason === null ? key.state : `${key.state}: ${key.reason}`) },
    { title: 'UNTIL', value: (key) => timeText(key.againAt) },
    { title: 'REQUESTS/MIN', align: 'right', value: (key) => key.requestsPerMinute?.toString() ?? '-' },
    { title: 'TOKENS/MIN', align: 'right', value: (key) => key.tokensPerMinute?.toString() ?? '-' },
    { title: 'PARALLEL', align: 'right', value: (key) => key.parallel?.toString() ?? '-' },
  ], context.out)));
};

export const keySet: Run = async (context, { args, options }) => {
  const client = context.client();
  const [wanted, label] = args as [string, string];
  const backend = await findBackend(client, wanted);
  const key = typeof options['keyFile'] === 'string' ? (await readInput(context, options['keyFile'])).trim() : undefined;
  const changed = await client.call('POST', '/api/backends/{id}/keys', {
    path: { id: backend.id },
    body: { label, ...(key !== undefined && { key }), ...limitOf(options, 'requests', 'requestsPerMinute'), ...limitOf(options, 'tokens', 'tokensPerMinute'), ...limitOf(options, 'parallel', 'parallel') },
  });
  print(context, changed, () => `${changed.name} has ${changed.keys.length === 1 ? 'one key' : `${changed.keys.length} keys`}: ${changed.keys.map((one) => one.label).join(', ')}.`);
};

export const keyRemove: Run = async (context, { args }) => {
  const client = context.client();
  const [wanted, label] = args as [string, string];
  const backend = await findBackend(client, wanted);
  await client.call('DELETE', '/api/backends/{id}/keys/{label}', { path: { id: backend.id, label } });
  print(context, { removed: label }, () => `Removed the key ${label} of ${backend.name}.`);
};

function settingsText({ name, goal, regions, limits, health, enabled }: Model): string {
  return [
    `${name}  ${enabled ? health.state : 'switched off'}${health.reason === null ? '' : `: ${health.reason}`}`,
    `goal      ${goal}`,
    `regions   ${regions.join(', ') || '-'}`,
    `attempts  ${limits.attempts} within ${limits.attemptsWithinSeconds} s`,
    `deadlines connect ${limits.connectSeconds} s, head ${limits.headSeconds} s, first token ${limits.firstTokenSeconds} s, gap ${limits.gapSeconds} s, whole ${limits.wholeSeconds} s`,
    `hedging   ${limits.hedge === null ? 'off' : `after ${limits.hedge.afterMs === null ? 'the usual time' : `${limits.hedge.afterMs} ms`}, ${limits.hedge.share * 100} % of spend at most`}`,
  ].join('\n');
}

function targetTable({ targets, currency }: Model, place: Place): string {
  return table(targets, [
    { title: 'TARGET', value: (target) => `${target.backend.name}/${target.model}` },
    { title: 'STATE', value: stateOf },
    { title: 'SINCE', value: (target) => timeText(target.breaker.state === 'closed' ? target.health.since : target.breaker.since) },
    { title: 'WEIGHT', align: 'right', value: (target) => String(target.weight) },
    { title: 'ORDER', align: 'right', value: (target) => String(target.order) },
    { title: 'REGION', value: (target) => target.region ?? '-' },
    { title: 'RUNNING', align: 'right', value: (target) => String(target.running) },
    { title: 'FIRST TOKEN', align: 'right', value: (target) => (target.firstTokenMs === null ? '-' : `${target.firstTokenMs} ms`) },
    // Absent where it is not the caller's to see.
    ...(targets.every(({ cost }) => cost === undefined) ? [] : [
      { title: 'COST IN /M', align: 'right' as const, value: (target: Model['targets'][number]) => perMillion(target.cost?.input, currency) },
      { title: 'COST OUT /M', align: 'right' as const, value: (target: Model['targets'][number]) => perMillion(target.cost?.output, currency) },
    ]),
  ], place);
}

function stateOf({ enabled, breaker, health }: Model['targets'][number]): string {
  if (!enabled) return 'switched off';
  if (breaker.state !== 'closed') return `${breaker.state}: ${breaker.reason ?? 'it failed too often'}`;
  return health.reason === null ? health.state : `${health.state}: ${health.reason}`;
}

/** `gpu-1=big-70b,weight=3,order=1,region=eu,off`. */
async function readTarget(client: Client, word: string): Promise<NewTarget> {
  const [first, ...rest] = word.split(',');
  const [backend, model] = first!.split(/=(.*)/s);
  if (!backend || !model) throw usageError(`${word} is not a target.`, 'Write BACKEND=MODEL, then what else it has: gpu-1=big-70b,weight=3,region=eu');
  const target: NewTarget = { backendId: (await findBackend(client, backend)).id, model };
  for (const part of rest) {
    const [name, value = ''] = part.split('=');
    if (name === 'off') target.enabled = false;
    else if (name === 'region') target.region = value;
    else if ((name === 'weight' || name === 'order') && /^\d{1,4}$/.test(value)) target[name] = Number(value);
    else if (name === 'max-output' && /^\d{1,8}$/.test(value)) target.maxOutputTokens = Number(value);
    else if (name === 'context' && /^\d{1,9}$/.test(value)) target.contextTokens = Number(value);
    else if (name === 'can' || name === 'cannot') target.can = { ...target.can, ...Object.fromEntries(value.split('+').map((capability) => [capability, name === 'can'])) };
    else throw usageError(`${part} says nothing of a target.`, 'Write weight=3, order=1, region=eu, context=131072, max-output=4096, can=tools+images, cannot=logprobs or off.');
  }
  return target;
}

function readLimits(options: Input['options']): Change['limits'] {
  const number = (name: string) => {
    const given = options[name];
    if (given === undefined) return undefined;
    if (typeof given !== 'string' || !/^\d{1,6}(\.\d+)?$/.test(given)) throw usageError(`${String(given)} is not a number.`, 'Write it like 30.');
    return Number(given);
  };
  const share = number('hedgeShare');
  const after = number('hedgeAfter');
  const limits = {
    attempts: number('attempts'), headSeconds: number('head'), firstTokenSeconds: number('firstToken'), gapSeconds: number('gap'), wholeSeconds: number('whole'),
    ...(share !== undefined && { hedge: share === 0 ? null : { share: share / 100, afterMs: after ?? null } }),
  };
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  return Object.keys(given).length === 0 ? undefined : given;
}

function limitOf<F extends string>(options: Input['options'], option: string, field: F): { [K in F]?: number | null } {
  const given = options[option];
  if (typeof given !== 'string') return {};
  if (given !== 'none' && !/^\d{1,9}$/.test(given)) throw usageError(`--${option} is not a whole number: ${given}`, 'Write it like 600, or none.');
  return { [field]: given === 'none' ? null : Number(given) } as { [K in F]?: number | null };
}

function missingTargets(name: string): never {
  throw new CliError('resource_not_found', `There is no model ${name}, and no target for a new one.`, `Give it one: tandem models set ${name} BACKEND=MODEL`);
}
