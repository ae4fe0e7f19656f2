import type { Client, Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { usageError } from '../cli-error.ts';
import { print } from '../context.ts';
import { moneyText } from '../output/money.ts';
import { given, rangeArgument } from '../output/range.ts';
import { table, type Place } from '../output/table.ts';
import { countText, timeText } from '../output/text.ts';
import { msText, waterfall, type Bar } from '../output/waterfall.ts';
import { findKey, findProject, oneOf } from './keys.ts';
import { findBackend } from './models.ts';

type Request = Reply<'/api/requests', 'GET'>['items'][number];
type Detail = Reply<'/api/requests/{id}', 'GET'>;

const OUTCOMES = ['completed', 'client_left', 'failed', 'cut', 'deadline', 'refused', 'not_completed'] as const;

export const list: Run = async (context, { options }) => {
  const client = context.client();
  const limit = typeof options['limit'] === 'string' ? Number(options['limit']) : 20;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw usageError('--limit is a whole number from 1 to 500.', 'tandem requests --limit 20');
  const status = typeof options['status'] === 'string' ? Number(options['status']) : undefined;
  const minMs = typeof options['minMs'] === 'string' ? Number(options['minMs']) : undefined;
  if (Number.isNaN(status) || Number.isNaN(minMs)) throw usageError('--status and --min-ms are numbers.', 'tandem requests --status 429');
  const reply = await client.call('GET', '/api/requests', {
    query: {
      limit, ...rangeArgument(options, context.nowMs()), ...given(options, { model: 'model', code: 'code', dialect: 'dialect', tier: 'tier', user: 'user', tag: 'tag', scenario: 'scenario' }),
      ...(await holders(client, options)), ...(options['outcome'] === undefined ? {} : { outcome: oneOf(options['outcome'], OUTCOMES, '--outcome') }),
      ...(status === undefined ? {} : { status }), ...(minMs === undefined ? {} : { minMs }),
    },
  });
  print(context, reply.items, (rows) => {
    if (rows.length === 0) return `No call fits${reply.lookedBackTo === null ? '' : ` since ${timeText(reply.lookedBackTo)}; look further with --to ${reply.lookedBackTo}`}. Calls of the last day are shown; --last 30d looks further.`;
    return listText(rows, context.out);
  });
};

/** What is named by name here and by id in the API. */
export async function holders(client: Client, options: Readonly<Record<string, string | boolean | undefined>>): Promise<{ keyId?: string; projectId?: string; backendId?: string }> {
  const { key, project, backend } = options;
  return {
    ...(typeof key === 'string' ? { keyId: (await findKey(client, key)).id } : {}),
    ...(typeof project === 'string' ? { projectId: await findProject(client, project) } : {}),
    ...(typeof backend === 'string' ? { backendId: (await findBackend(client, backend)).id } : {}),
  };
}

function listText(rows: readonly Request[], place: Place): string {
  return table(rows, [
    { title: 'TIME', value: (one) => timeText(one.at) },
    { title: 'ID', value: (one) => one.id },
    { title: 'KEY', value: (one) => one.keyName ?? '-' },
    { title: 'MODEL', value: (one) => one.model ?? '-' },
    { title: 'BACKEND', value: (one) => (one.backendName === null ? '-' : `${one.backendName}${one.tries > 1 ? ` (try ${one.tries})` : ''}`), keep: 'spare' },
    { title: 'OUTCOME', value: (one) => (one.code === null ? one.outcome : `${one.outcome}: ${one.code}`) },
    { title: 'FIRST', align: 'right', value: (one) => msText(one.firstTokenMs) },
    { title: 'WHOLE', align: 'right', value: (one) => msText(one.totalMs) },
    { title: 'CHARGE', align: 'right', value: (one) => (one.currency === null ? '-' : moneyText(one.charge, one.currency)) },
  ], place);
}

export const show: Run = async (context, { args }) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/requests', { query: { id: args[0]! } });
  // The list finds a call by any form of its id; a call that is not there is answered by the route of one.
  const detail = await client.call('GET', '/api/requests/{id}', { path: { id: items[0]?.id ?? args[0]! } });
  print(context, detail, (one) => detailText(one, context.out));
};

const STAGES = { queue: 'queue', connect: 'connect', first_token: 'first token', stream: 'stream', settle: 'settle' } as const;

function detailText(one: Detail, place: Place): string {
  const who = [one.keyName === null ? null : `key ${one.keyName}`, one.projectName === null ? null : `project ${one.projectName}`, one.user === null ? null : `user ${one.user}`, one.dialect].filter((part) => part !== null).join(', ');
  const lines = [`${timeText(one.at)}  ${one.model ?? 'no model'}  ${outcomeText(one)}`, who, `id ${one.id}`];
  if (one.error !== null) {
    lines.push('', `${one.error.code} (${one.error.status})${one.error.message === null ? '' : `: ${one.error.message}`}`);
    if (one.error.next !== null) lines.push(`  Next: ${one.error.next}`);
  }
  if (one.route !== null) lines.push('', `Route: ${one.route.why}`);
  const noted = Object.entries(one.annotations);
  if (noted.length > 0) lines.push('', `Noted by hooks: ${noted.map(([name, value]) => `${name} ${value ?? '(not kept)'}`).join(', ')}`);
  if (one.totalMs !== null) {
    lines.push('', ...waterfall([
      ...one.stages.filter(({ stage }) => stage !== 'settle').map((stage) => bar(STAGES[stage.stage], stage)),
      ...(one.attempts.length < 2 ? [] : one.attempts.map((attempt) => ({ label: `try ${attempt.number}: ${attempt.backendName ?? '-'}`, startMs: attempt.startMs, ms: attempt.ms, note: attempt.reason }))),
    ], one.totalMs), `whole reply ${msText(one.totalMs)}${one.stages.flatMap(({ stage, ms }) => (stage === 'settle' ? [`; in the books ${msText(ms)} later`] : [])).join('')}`);
  }
  if (one.lines.length > 0) {
    lines.push('', table(one.lines, [
      { title: 'BUCKET', value: (line) => line.bucket },
      { title: 'QUANTITY', align: 'right', value: (line) => countText(line.quantity) },
      { title: 'AMOUNT', align: 'right', value: (line) => moneyText(line.amount, one.currency ?? 'USD') },
    ], { ...place, isTTY: true }));
  }
  if (one.currency !== null) {
    const { currency } = one;
    // Absent, not unknown, for who may not see what calls cost the operator.
    const figure = (name: string, value: string | null | undefined) => (value === undefined ? '' : `; ${name} ${value === null ? 'unknown' : moneyText(value, currency)}`);
    lines.push('', `Charged ${moneyText(one.charge, currency)}${figure('cost', one.cost)}${figure('margin', one.margin)}${one.counted === null ? '' : `; counted by ${one.counted}`}.`);
    if (one.machine) lines.push(machineText(one.machine));
  }
  return lines.filter((line, index) => line !== '' || lines[index - 1] !== '').join('\n');
}

/** What machines cost is not a part of the cost above it: they are paid as leases. */
function machineText({ state, minutes, cost, currency }: NonNullable<Detail['machine']>): string {
  if (state === 'waiting') return 'Machines: not split yet; a minute is split three minutes after its end.';
  if (minutes === null || cost === null) return 'Machines: not known; the call was written down after the last minute of its machine was split.';
  return `Machines: ${moneyText(cost, currency)} for ${minutes} minutes, without idle ones.`;
}

function bar(label: string, { startMs, ms, reason }: { startMs: number; ms: number; reason: string }): Bar {
  return { label, startMs, ms, note: reason };
}

function outcomeText(one: Detail): string {
  return `${one.outcome}${one.finishReason === null ? '' : ` (${one.finishReason})`}${one.backendName === null ? '' : ` by ${one.backendName}`}`;
}
