import { newId } from '../../base/index.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { components } from '../client/schema.ts';
import type { Input, Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { durationSeconds, timeArgument } from '../output/duration.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { plural, timeText } from '../output/text.ts';
import { leaseIdOf } from './called.ts';
import { findProject, oneOf } from './keys.ts';
import { boundsLines, poolReachText, reachOptions } from './lease-bounds.ts';
import { jobLines, jobWish, waitFor } from './lease-jobs.ts';

type Lease = components['schemas']['Lease'];
type Quote = Reply<'/api/leases/quote', 'POST'>;
const ACCESS = ['api', 'job', 'shell', 'root'] as const;

export const list: Run = async (context, { options }) => {
  const client = context.client();
  const projectId = typeof options['project'] === 'string' ? await findProject(client, options['project']) : undefined;
  const { items } = await client.call('GET', '/api/leases', { query: { limit: 200, ...(options['all'] === true ? {} : { state: 'live' as const }), ...(projectId === undefined ? {} : { projectId }) } });
  print(context, items, (rows) => (rows.length === 0 ? 'There are no leases. Lease something: tandem gpu lease, tandem mac lease, or tandem node lease' : table(rows, [
    { title: 'NAME', value: (lease) => lease.name },
    { title: 'STATE', value: (lease) => lease.state },
    { title: 'WHAT', value: (lease) => `${lease.count} × ${lease.resource}` },
    { title: 'UNTIL', value: (lease) => timeText(lease.endedAt ?? lease.endsAt) },
    { title: 'PAID UNTIL', value: (lease) => timeText(lease.paidUntil) },
    { title: 'SO FAR', align: 'right', value: (lease) => moneyText(lease.cost.soFar, lease.cost.currency) },
    { title: 'WHY', value: (lease) => lease.reason ?? (lease.state === 'reserved' ? `begins ${timeText(lease.startsAt)}` : '-') },
    { title: 'ID', value: (lease) => lease.id },
  ], context.out)));
};

export const gpu: Run = async (context, input) => {
  const { options } = input;
  const whole = options['whole'] === true;
  if (whole && options['gpus'] !== undefined) throw usageError('--whole and --gpus are two wishes.', 'Say one of them: tandem gpu lease --gpus 2');
  if (options['gpu'] !== undefined && options['slice'] !== undefined) throw usageError('--gpu and --slice are two wishes: a slice is named by its profile.', 'Say one of them: tandem gpu lease --slice 1g.10gb');
  if (whole && (options['slice'] !== undefined || options['memory'] !== undefined)) throw usageError('--whole takes all of a machine, so --slice and --memory say nothing of it.', 'Name its kind of GPU: tandem gpu lease --whole --gpu h100-80gb');
  return ask(context, input, {
    kind: 'gpu', gpus: whole ? null : wholeNumber(options['gpus'] ?? '1', '--gpus'), gpu: text(options['gpu']), slice: text(options['slice']),
    memoryGb: typeof options['memory'] === 'string' ? Number(options['memory']) : null,
  });
};

export const mac: Run = async (context, input) => ask(context, input, { kind: 'mac', macClass: text(input.options['class']), xcode: text(input.options['xcode']) }, '24h');

/** A whole machine, whatever it has. */
export const node: Run = async (context, input) => ask(context, input, { kind: 'node' });

export const show: Run = async (context, { args }) => {
  const client = context.client();
  const shown = await client.call('GET', '/api/leases/{id}', { path: { id: await leaseIdOf(client, args[0]!) } });
  print(context, shown, ({ lease, events }) => [
    ...leaseLines(lease), '', 'What happened:', ...events.slice(0, 20).map(({ at, kind, detail }) => `  ${timeText(at)}  ${kind}${detail === '' ? '' : `: ${detail}`}`),
  ].join('\n'));
};

export const extend: Run = async (context, { args, options }) => {
  const client = context.client();
  const body = { minutes: minutesOf(args[1]!, 'The time'), atMost: atMost(options) };
  const lease = await client.call('POST', '/api/leases/{id}/extend', { path: { id: await leaseIdOf(client, args[0]!) }, body });
  print(context, lease, () => `${lease.name} lasts until ${timeText(lease.endsAt)} and comes to ${moneyText(lease.cost.atEnd ?? lease.cost.soFar, lease.cost.currency)}.`);
};

export const handOver: Run = async (context, { args }) => {
  const client = context.client();
  const lease = await client.call('POST', '/api/leases/{id}/hand-over', { path: { id: await leaseIdOf(client, args[0]!) }, body: { projectId: await findProject(client, args[1]!) } });
  print(context, lease, () => `${lease.name} is paid by the project ${args[1]} from the next minute on.`);
};

export const pools: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/pools', {});
  print(context, items, (rows) => (rows.length === 0 ? 'There are no machines to lease. Add one: tandem node add' : table(rows, [
    { title: 'POOL', value: (pool) => (pool.standIn ? `${pool.name} (stand-in, not macOS)` : pool.name) },
    { title: 'WHAT', value: (pool) => pool.kinds.join(', ') || '-' },
    { title: 'PRICED BY', value: (pool) => pool.resources.join(', ') || '-' },
    { title: 'MACHINES', align: 'right', value: (pool) => String(pool.machines.all) },
    { title: 'LEASED', align: 'right', value: (pool) => String(pool.machines.leased) },
    { title: 'IDLE', align: 'right', value: (pool) => String(pool.machines.idle) },
    { title: 'WIPING', align: 'right', value: (pool) => String(pool.machines.wiping) },
    { title: 'CLOSED', align: 'right', value: (pool) => String(pool.machines.closed) },
    { title: 'OPEN TO', value: (pool) => (pool.openTo === 'all' ? 'all' : 'own') },
  ], context.out)));
};

export const setPool: Run = async (context, { args, options }) => {
  const client = context.client();
  const known = (await client.call('GET', '/api/pools', {})).items.find((pool) => pool.own && pool.name === args[0] && pool.id !== null);
  const terms = {
    ...(typeof options['resource'] === 'string' && { resource: options['resource'] === 'none' ? null : options['resource'] }),
    ...(options['openTo'] !== undefined && { openTo: oneOf(options['openTo'], ['own', 'all'], '--open-to') }),
    ...(options['leastDay'] !== undefined && { leastDay: oneOf(options['leastDay'], ['others', 'always', 'never'], '--least-day') }),
    ...(typeof options['idle'] === 'string' && { idleMinutes: options['idle'] === 'never' ? null : minutesOf(options['idle'], '--idle') }),
    ...reachOptions(options, known?.limits ?? null),
    ...(options['record'] !== undefined && { record: oneOf(options['record'], ['always', 'when-asked'], '--record') === 'always' }),
  };
  const pool = known?.id ? await client.call('PATCH', '/api/pools/{id}', { path: { id: known.id }, body: terms }) : await client.call('POST', '/api/pools', { body: { name: args[0]!, ...terms } });
  const empty = known === undefined && pool.machines.all === 0 ? `\nThe pool is new, and no machine is in it: tandem node add --pool ${pool.name}. Was it a slip? tandem pools remove ${pool.name}` : '';
  print(context, pool, () => `${pool.name}: open to ${pool.openTo === 'all' ? 'all' : 'its own organisation'}, a day at least for ${pool.leastDay}, priced by ${pool.resource ?? 'what its machines are'}${pool.record ? ', sessions are recorded' : ''}. ${poolReachText(pool)}${empty}`);
};

export const removePool: Run = async (context, { args }) => {
  const client = context.client();
  const known = (await client.call('GET', '/api/pools', {})).items.find((pool) => pool.own && pool.name === args[0]);
  if (known === undefined) throw new CliError('resource_not_found', `There is no pool ${args[0]} of yours.`, 'List them: tandem pools');
  if (known.id === null) throw usageError(`Nothing is set for the pool ${known.name}: it is there because machines are in it.`, 'It goes with the last of them: tandem node remove NODE');
  await client.call('DELETE', '/api/pools/{id}', { path: { id: known.id } });
  print(context, { removed: known.id }, () => `Removed the pool ${known.name}.`);
};

/** What each of the verbs asks for by itself. */
interface Wish {
  readonly kind: 'gpu' | 'mac' | 'node';
  readonly gpus?: number | null;
  readonly gpu?: string | null;
  readonly slice?: string | null;
  readonly memoryGb?: number | null;
  readonly macClass?: string | null;
  readonly xcode?: string | null;
}

/** Shows the priced plan, or leases by it. */
async function ask(context: Context, input: Input, what: Wish, usual = '1h'): Promise<number | void> {
  const { options } = input;
  const job = jobWish(context, input);
  const client = context.client();
  const wish = {
    ...what, name: text(options['name']) ?? `${what.kind} lease`, projectId: typeof options['project'] === 'string' ? await findProject(client, options['project']) : null, pool: text(options['pool']),
    machines: wholeNumber(options['machines'] ?? '1', '--machines'), labels: labelsOf(options['label']), apart: text(options['apart']), fit: options['spread'] === true ? ('spread' as const) : ('pack' as const),
    access: oneOf(options['access'] ?? (job === null ? 'shell' : 'job'), ACCESS, '--access'), minutes: options['open'] === true ? null : minutesOf(typeof options['for'] === 'string' ? options['for'] : usual, '--for'),
    startsAt: typeof options['at'] === 'string' ? timeArgument(options['at'], context.nowMs(), '--at') : null, record: options['record'] === true, atMost: atMost(options), volume: text(options['volume']),
  };
  if (options['quote'] === true) {
    const quote = await client.call('POST', '/api/leases/quote', { body: wish });
    print(context, quote, quoteText);
    return;
  }
  const lease = await client.call('POST', '/api/leases', { body: { key: text(options['key']) ?? newId(), ...wish, job } });
  if (options['wait'] === true) {
    context.err.write(`${lease.name}  ${lease.id}\n`);
    return waitFor(context, client, lease.id);
  }
  const enter = lease.access === 'job' ? `tandem leases logs ${lease.id} --follow` : `tandem ssh ${lease.id}`;
  print(context, lease, () => `${leaseLines(lease).join('\n')}\n\nThen: tandem leases show ${lease.id}, ${enter}, tandem leases end ${lease.id}\n`);
}

function quoteText(quote: Quote): string {
  const money = (pico: string) => moneyText(pico, quote.currency);
  return [
    `${quote.count} × ${quote.resource}, pool ${quote.pool}`,
    `costs      ${quote.minutes === null ? `${money(quote.cost)} an hour, until it is ended` : `${money(quote.cost)} for ${durationText(quote.minutes)}`}`,
    `an hour    ${money(quote.perHour)}`,
    `a day      ${money(quote.perDay)}`,
    ...(quote.leastDay ? ['at least   a day is paid'] : []),
    `begins     ${quote.wait === null ? 'at once' : `${quote.wait.forecastAt === null ? 'not known when' : `about ${timeText(quote.wait.forecastAt)}`}: ${quote.wait.reason}`}`,
  ].join('\n');
}

function leaseLines(lease: Lease): string[] {
  const money = (pico: string) => moneyText(pico, lease.cost.currency);
  return [
    `${lease.name}  ${lease.state}${lease.reason === null ? '' : `: ${lease.reason}`}`,
    `id         ${lease.id}`,
    `what       ${lease.count} × ${lease.resource}, pool ${lease.pool}, ${lease.access}`,
    ...(lease.wait === null ? [] : [`forecast   ${lease.wait.forecastAt === null ? 'not known' : timeText(lease.wait.forecastAt)}${lease.wait.holders.length === 0 ? '' : `, after ${lease.wait.holders.join(', ')}`}`]),
    ...jobLines(lease),
    ...(lease.record ? ['sessions   are recorded'] : []),
    ...lease.machines.flatMap((machine) => [`machine    ${machine.machineId}  ${machine.units.join(' ')}  ${machine.stage}`, ...boundsLines(machine)]),
    `from       ${timeText(lease.startedAt ?? lease.startsAt)}`,
    `until      ${lease.endsAt === null && lease.minutes.asked === null ? 'it is ended' : timeText(lease.endsAt)}`,
    `paid until ${timeText(lease.paidUntil)}${lease.moneyShort ? ', and then it ends: no more money could be set aside' : ''}`,
    `so far     ${money(lease.cost.soFar)} for ${plural(lease.minutes.paid, 'minute')}${lease.minutes.outOfReach === 0 ? '' : `; ${plural(lease.minutes.outOfReach, 'minute')} out of reach are not paid`}`,
    `at its end ${lease.cost.atEnd === null ? '-' : money(lease.cost.atEnd)}`,
    `this month ${money(lease.cost.thisMonth)}, if it goes on`,
  ];
}

function durationText(minutes: number): string {
  if (minutes % 1_440 === 0) return plural(minutes / 1_440, 'day');
  return minutes % 60 === 0 ? plural(minutes / 60, 'hour') : plural(minutes, 'minute');
}

function minutesOf(given: string, where: string): number {
  const seconds = durationSeconds(given, where);
  if (seconds < 60) throw usageError(`${where} is less than a minute: ${given}`, 'Write it like 30m, 12h or 7d.');
  return Math.ceil(seconds / 60);
}

function wholeNumber(given: string | boolean, where: string): number {
  if (typeof given !== 'string' || !/^[1-9]\d{0,3}$/.test(given)) throw usageError(`${where} is not a whole number: ${String(given)}`, `Write it like ${where} 2.`);
  return Number(given);
}

function labelsOf(given: string | boolean | undefined): Record<string, string> {
  if (typeof given !== 'string') return {};
  return Object.fromEntries(given.split(',').map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw usageError(`--label is not NAME=VALUE: ${pair}`, 'Write it like --label rack=a1,region=east.');
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
}

function atMost(options: Input['options']): string | null {
  return typeof options['atMost'] === 'string' ? amountArgument(options['atMost'], '--at-most') : null;
}

function text(given: string | boolean | undefined): string | null {
  return typeof given === 'string' ? given : null;
}
