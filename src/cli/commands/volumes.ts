import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { CliError, usageError } from '../cli-error.ts';
import type { Client, Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { countText, plural, timeText, visibleLines } from '../output/text.ts';
import { called, leaseIdOf } from './called.ts';

type Contents = Reply<'/api/leases/{id}/contents', 'GET'>['items'][number];
type Volume = Reply<'/api/volumes', 'GET'>['items'][number];

export const contents: Run = async (context, { args }) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/leases/{id}/contents', { path: { id: await leaseIdOf(client, args[0]!) } });
  print(context, items, (all) => all.map(contentsText).join('\n'));
};

/** What would be lost is said before; who wants it keeps it. */
export const end: Run = async (context, { args, options }) => {
  const client = context.client();
  const id = await leaseIdOf(client, args[0]!);
  if (typeof options['keep'] === 'string') await keepHome(client, id, options['keep'], options['days']);
  else if (options['yes'] !== true && !(await mayGo(context, client, id))) return EXIT.usage;
  const lease = await client.call('POST', '/api/leases/{id}/end', { path: { id } });
  const kept = typeof options['keep'] === 'string' ? ` Its home is kept as the volume ${options['keep']}.` : '';
  print(context, lease, () => `${lease.name} ends: its sessions are cut, then its machines are wiped.${kept} It has cost ${moneyText(lease.cost.soFar, lease.cost.currency)}.`);
  return EXIT.ok;
};

export const keep: Run = async (context, { args, options }) => {
  const client = context.client();
  const volume = await keepHome(client, await leaseIdOf(client, args[0]!), args[1]!, options['days']);
  print(context, volume, () => `When the lease ends, its home is kept as the volume ${volume.name} for ${plural(volume.days, 'day')}. Back into a lease: tandem gpu lease --volume ${volume.name}, or tandem mac lease --volume ${volume.name}`);
};

export const letGo: Run = async (context, { args }) => {
  const client = context.client();
  await client.call('DELETE', '/api/leases/{id}/keep', { path: { id: await leaseIdOf(client, args[0]!) } });
  print(context, { kept: null }, () => 'Its home goes with the lease.');
};

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/volumes', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No home of a lease is kept. Keep one: tandem leases keep LEASE NAME' : table(rows, [
    { title: 'NAME', value: (volume) => volume.name },
    { title: 'STATE', value: (volume) => volume.state },
    { title: 'FILES', align: 'right', value: (volume) => (volume.files === null ? '-' : countText(volume.files)) },
    { title: 'SIZE', align: 'right', value: (volume) => (volume.bytes === null ? '-' : sizeText(Number(volume.bytes))) },
    { title: 'UNTIL', value: (volume) => timeText(volume.expiresAt) },
    { title: 'A MONTH', align: 'right', value: ({ cost }) => (cost === null || cost.perMonth === null ? '-' : moneyText(cost.perMonth, cost.currency)) },
    { title: 'SO FAR', align: 'right', value: ({ cost }) => (cost === null ? '-' : moneyText(cost.soFar, cost.currency)) },
    { title: 'MACHINE', value: (volume) => volume.machineId },
    { title: 'LAST LEASE', value: (volume) => volume.lastLease?.name ?? '-' },
  ], context.out)));
};

export const extend: Run = async (context, { args }) => {
  const client = context.client();
  const { id } = await findVolume(client, args[0]!);
  const volume = await client.call('PATCH', '/api/volumes/{id}', { path: { id }, body: { days: daysOf(args[1]) } });
  print(context, volume, () => `${volume.name} is kept ${volume.expiresAt === null ? `${plural(volume.days, 'day')} after its lease` : `until ${timeText(volume.expiresAt)}`}.`);
};

export const remove: Run = async (context, { args }) => {
  const client = context.client();
  const { id, name } = await findVolume(client, args[0]!);
  await client.call('DELETE', '/api/volumes/{id}', { path: { id } });
  print(context, { removed: id }, () => `${name} is deleted; what is on a machine that is out of reach goes when it is back.`);
};

async function keepHome(client: Client, id: string, name: string, days: string | boolean | undefined): Promise<Volume> {
  return client.call('POST', '/api/leases/{id}/keep', { path: { id }, body: { name, ...(days !== undefined && { days: daysOf(days) }) } });
}

/** Says what goes with the lease, and asks where somebody is there to answer. */
async function mayGo(context: Context, client: Client, id: string): Promise<boolean> {
  let lost: Contents[];
  try {
    lost = (await client.call('GET', '/api/leases/{id}/contents', { path: { id } })).items.filter(({ kept, files, processes, whole }) => kept === null && (files > 0 || processes.length > 0 || !whole));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return true;
  }
  if (lost.length === 0) return true;
  context.err.write(visibleLines(`Gone with the lease:\n${lost.map(contentsText).join('\n')}\nTo keep the home: tandem leases end ${id} --keep NAME\n`));
  if (context.json || context.out.isTTY !== true) return true;
  context.err.write('End it? Write yes: ');
  const lines = createInterface({ input: Readable.from(context.stdin) });
  try {
    for await (const line of lines) {
      if (line.trim().toLowerCase() === 'yes') return true;
      break;
    }
  } finally {
    lines.close();
  }
  context.err.write('Nothing was ended.\n');
  return false;
}

function contentsText({ machineId, files, bytes, whole, processes, kept }: Contents): string {
  const running = processes.length === 0 ? 'nothing runs in it' : processes.map(({ name, count }) => (count === 1 ? name : `${count} × ${name}`)).join(', ');
  return `  ${machineId}  ${whole ? '' : 'more than '}${plural(files, 'file')}, ${sizeText(bytes)}${kept === null ? '' : `, kept as the volume ${kept}`}; ${processes.length === 0 ? running : `running: ${running}`}`;
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [size, at] = [bytes, 0];
  while (size >= 1_000 && at < units.length - 1) [size, at] = [size / 1_000, at + 1];
  return `${at === 0 ? size : size.toFixed(1)} ${units[at]}`;
}

function daysOf(given: string | boolean | undefined): number {
  const days = Number(typeof given === 'string' ? given.replace(/d$/, '') : Number.NaN);
  if (!Number.isSafeInteger(days) || days < 1 || days > 365) throw usageError(`Days are a whole number from 1 to 365: ${String(given)}`, 'Write it like 30.');
  return days;
}

async function findVolume(client: Client, wanted: string): Promise<Volume> {
  const { items } = await client.call('GET', '/api/volumes', {});
  return called(items, wanted, { noun: 'volume', list: 'tandem volumes --json', about: ({ state, machineId }) => `${state}, on ${machineId}` });
}
