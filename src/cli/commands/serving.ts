import { isUuid } from '../../base/index.ts';
import { usageError } from '../cli-error.ts';
import type { Client, Reply } from '../client/client.ts';
import type { Input, Run } from '../command.ts';
import { print } from '../context.ts';
import { durationSeconds } from '../output/duration.ts';
import { amountArgument, moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { plural, timeText, visible } from '../output/text.ts';
import { findProject, oneOf } from './keys.ts';

type Shown = Reply<'/api/servings/{id}', 'GET'>;
type Serving = Shown['serving'];
const ENGINES = ['vllm', 'llama-cpp', 'embedded'] as const;

export const serve: Run = async (context, { args, options }) => {
  const client = context.client();
  const model = args[0]!;
  const cpu = options['cpu'] === true;
  const ofGpus = ['gpus', 'gpu', 'slice', 'memory'].find((name) => options[name] !== undefined);
  if (cpu && ofGpus !== undefined) throw usageError(`--cpu serves on processors, so --${ofGpus} says nothing of it.`, 'Say one of them: tandem gpu serve MODEL --cpu');
  if (options['gpu'] !== undefined && options['slice'] !== undefined) throw usageError('--gpu and --slice are two wishes: a slice is named by its profile.', 'Say one of them: tandem gpu serve MODEL --slice 1g.10gb');
  const shown = await client.call('POST', '/api/servings', {
    body: {
      model, name: text(options['as']) ?? nameOf(model), engine: options['engine'] === undefined ? (cpu ? 'embedded' : 'vllm') : oneOf(options['engine'], ENGINES, '--engine'),
      lease: {
        kind: cpu ? 'node' : 'gpu', gpus: cpu ? null : whole(options['gpus'] ?? '1', '--gpus'), gpu: text(options['gpu']), slice: text(options['slice']), memoryGb: typeof options['memory'] === 'string' ? Number(options['memory']) : null,
        pool: text(options['pool']), labels: {},
      },
      ...bounds({ ...options, min: options['min'] ?? '0', max: options['max'] ?? '1', idle: options['idle'] ?? '10m' }), cold: options['refuse'] === true ? 'refuse' : 'wait',
      projectId: typeof options['project'] === 'string' ? await findProject(client, options['project']) : null, atMost: typeof options['atMost'] === 'string' ? amountArgument(options['atMost'], '--at-most') : null,
      contextTokens: optional(options['context'], '--context'), maxOutputTokens: optional(options['output'], '--output') ?? 4_096, parallel: optional(options['parallel'], '--parallel'),
      targetFirstTokenMs: optional(options['firstToken'], '--first-token'), args: typeof options['args'] === 'string' ? options['args'].split(' ').filter((word) => word !== '') : [],
    },
  });
  const { items: prices } = await client.call('GET', '/api/prices', { query: { history: 'false' } });
  print(context, shown, ({ serving: { name } }) => [
    `${name} is being started. See how far it is: tandem gpu show ${name}`,
    ...(prices.some(({ resource }) => resource === name) ? [] : [`Calls need a price: tandem prices set ${name} --input 0.10 --output 0.40 --source "our own rate"`]),
  ].join('\n'));
};

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/servings', {});
  print(context, items, (rows) => (rows.length === 0 ? 'Nothing is served from leased machines. Serve a model: tandem gpu serve MODEL' : table(rows, [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'ENGINE', value: ({ engine }) => engine },
    { title: 'REPLICAS', align: 'right', value: ({ readyReplicas, wantedReplicas, max }) => `${readyReplicas}/${wantedReplicas} (max ${max})` },
    { title: 'RUNNING', align: 'right', value: ({ running }) => String(running) },
    { title: 'WAITING', align: 'right', value: ({ waiting }) => String(waiting) },
    { title: 'COLD START', align: 'right', value: ({ coldStartMs }) => secondsText(coldStartMs) },
    { title: 'PAID/M', align: 'right', value: ({ money }) => perMillion(money, 'charged') },
    { title: 'COSTS/M', align: 'right', value: ({ money }) => perMillion(money, 'occupancy') },
    { title: 'WHY', value: ({ reason }) => reason ?? '-' },
  ], context.out)));
};

export const show: Run = async (context, { args }) => {
  print(context, await find(context.client(), args[0]!), (shown) => servingText(shown).map(visible).join('\n'));
};

export const logs: Run = async (context, { args, options }) => {
  const client = context.client();
  const { serving: { id, name }, replicas } = await find(client, args[0]!);
  const replica = options['replica'] === undefined ? {} : { replica: whole(options['replica'], '--replica') };
  const output = await client.call('GET', '/api/servings/{id}/output', { path: { id }, query: replica });
  const why = replicas.find(({ number }) => number === (output.replica ?? replicas[0]?.number))?.reason;
  print(context, output, ({ text: printed }) => (printed === null ? `No program of ${name} runs, and what the last one printed went with its lease${why ? `: ${why}` : ''}.` : printed.trimEnd().split('\n').map(visible).join('\n')));
};

export const scale: Run = async (context, { args, options }) => {
  const client = context.client();
  const { serving: { id } } = await find(client, args[0]!);
  const cold = options['refuse'] === true ? { cold: 'refuse' as const } : options['wait'] === true ? { cold: 'wait' as const } : {};
  const shown = await client.call('PATCH', '/api/servings/{id}', { path: { id }, body: { ...bounds(options), ...cold } });
  print(context, shown, ({ serving: { name, min, max, idleMinutes } }) => `${name} goes between ${min} and ${plural(max, 'replica')}${idleMinutes === null ? '' : `, and down to ${min} after ${plural(idleMinutes, 'minute')} without a call`}.`);
};

export const stop: Run = async (context, { args }) => {
  const client = context.client();
  const { serving: { id } } = await find(client, args[0]!);
  const shown = await client.call('POST', '/api/servings/{id}/stop', { path: { id } });
  print(context, shown, ({ serving: { name } }) => `${name} takes no more calls. What runs is finished, then its leases end.`);
};

async function find(client: Client, given: string): Promise<Shown> {
  const { items } = await client.call('GET', '/api/servings', {});
  const found = items.find(({ id, name }) => id === given || name === given);
  if (found === undefined && !isUuid(given)) throw usageError(`No model is served from machines by the name ${given}.`, 'See what is: tandem gpu list');
  return client.call('GET', '/api/servings/{id}', { path: { id: found?.id ?? given } });
}

function bounds(options: Input['options']): { min?: number; max?: number; idleMinutes?: number | null } {
  const { idle } = options;
  return {
    ...(options['min'] !== undefined && { min: whole(options['min'], '--min') }), ...(options['max'] !== undefined && { max: whole(options['max'], '--max') }),
    ...(typeof idle === 'string' && { idleMinutes: idle === 'never' ? null : Math.max(1, Math.ceil(durationSeconds(idle, '--idle') / 60)) }),
  };
}

function servingText({ serving, replicas }: Shown): string[] {
  const { money } = serving;
  const amount = (pico: string) => moneyText(pico, money.currency);
  return [
    `${serving.name}  ${serving.state}${serving.reason === null ? '' : `: ${serving.reason}`}`,
    `id         ${serving.id}`,
    `model      ${serving.model} by ${serving.engine}`,
    `replicas   ${serving.readyReplicas} of ${serving.wantedReplicas} answer; between ${serving.min} and ${serving.max}${serving.idleMinutes === null ? '' : `, down to ${serving.min} after ${plural(serving.idleMinutes, 'minute')} without a call`}`,
    `load       ${serving.running} running, ${serving.waiting} waiting`,
    `cold start ${secondsText(serving.coldStartMs)}; a call meanwhile ${serving.cold === 'wait' ? 'waits' : 'is answered 503'}`,
    `tokens     ${money.tokens} in the last 30 days, for which callers paid ${amount(money.charged)}`,
    `machines   ${amount(money.busyCost)} for ${plural(money.busyMinutes, 'minute')} with tokens, ${amount(money.idleCost)} for ${plural(money.idleMinutes, 'idle minute')}`,
    `a million  ${money.perMillion === null ? '-' : `${amount(money.perMillion.charged)} paid; ${amount(money.perMillion.occupancy)} cost with idle minutes, ${amount(money.perMillion.busy)} without`}`,
    ...replicas.filter(({ state }, at) => state !== 'ended' || at < 5).flatMap((replica) => [
      '', `replica ${replica.number}  ${replica.state}${replica.reason === null ? '' : `: ${replica.reason}`}`,
      ...(replica.leaseId === null ? [] : [`  lease    ${replica.leaseId}`]), ...(replica.nodeId === null ? [] : [`  node     ${replica.nodeId}`]),
      ...(replica.coldStart === null ? [] : [`  started  in ${secondsText(replica.coldStart.totalMs)}: ${secondsText(replica.coldStart.leaseMs)} for its lease, ${secondsText(replica.coldStart.loadMs)} for the model`]),
      ...(replica.figures === null ? [] : [`  load     ${replica.figures.running ?? '-'} running, ${replica.figures.waiting ?? '-'} waiting${replica.figures.cacheUse === null ? '' : `, cache ${Math.round(replica.figures.cacheUse * 100)} % full`}`]),
      ...(replica.endedAt === null ? [] : [`  ended    ${timeText(replica.endedAt)}`]),
    ]),
  ];
}

function perMillion(money: Serving['money'], which: 'charged' | 'occupancy'): string {
  return money.perMillion === null ? '-' : moneyText(money.perMillion[which], money.currency);
}

function secondsText(ms: number | null): string {
  return ms === null ? '-' : `${(ms / 1_000).toFixed(1)} s`;
}

/** A path or a name at a hub as a name that callers can write. */
function nameOf(model: string): string {
  if (model === 'tandem/local') throw usageError('tandem/local is the server\'s own already.', 'Give what is served from machines another name: --as fleet/local.');
  return model.replace(/^\/+/, '');
}

function optional(given: string | boolean | undefined, where: string): number | null {
  return given === undefined ? null : whole(given, where);
}

function whole(given: string | boolean, where: string): number {
  if (typeof given !== 'string' || !/^\d{1,9}$/.test(given)) throw usageError(`${where} is not a whole number: ${String(given)}`, `Write it like ${where} 2.`);
  return Number(given);
}

function text(given: string | boolean | undefined): string | null {
  return typeof given === 'string' ? given : null;
}
