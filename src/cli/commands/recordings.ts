import { CliError, usageError } from '../cli-error.ts';
import { errorOf, readAll, type Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print } from '../context.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/text.ts';
import { leaseIdOf } from './called.ts';

type Recording = Reply<'/api/leases/{id}/recordings', 'GET'>['items'][number];

/** Lists recordings of a lease; with `--out` one is written, with `--remove` one is removed. */
export const recordings: Run = async (context, { args, options }) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/leases/{id}/recordings', { path: { id: await leaseIdOf(client, args[0]!) } });
  const { out } = options;
  if (options['remove'] === true) {
    if (args[1] === undefined || typeof out === 'string') throw usageError('--remove needs the id of a recording, and nothing else.', `See which there are: tandem leases recordings ${args[0]}`);
    await client.call('DELETE', '/api/recordings/{id}', { path: { id: args[1] } });
    print(context, { removed: args[1] }, () => `Removed ${args[1]}.`);
    return;
  }
  if (typeof out === 'string') {
    const one = args[1] === undefined ? items.find(({ bytes }) => bytes > 0) : items.find(({ id }) => id === args[1]);
    if (one === undefined) throw new CliError('no_recording', 'There is no such recording of that lease.', `See which there are: tandem leases recordings ${args[0]}`);
    const response = await client.open('GET', `/api/recordings/${one.id}`, undefined);
    if (response.statusCode !== 200) throw errorOf(response.statusCode ?? 0, await readAll(response));
    const [{ createWriteStream }, { pipeline }] = await Promise.all([import('node:fs'), import('node:stream/promises')]);
    await pipeline(response, createWriteStream(out, { flags: 'wx', mode: 0o600 }));
    print(context, { written: out, recording: one.id }, () => `Wrote ${one.id} to ${out}, an asciicast of version 2. What it shows comes from the machine: play it with a player, and do not print it.`);
    return;
  }
  print(context, args[1] === undefined ? items : items.filter(({ id }) => id === args[1]), (all) => (all.length === 0 ? 'Nothing was recorded. Have sessions recorded when you lease: tandem gpu lease --record' : table(all, [
    { title: 'BEGAN', value: (one) => timeText(one.startedAt) },
    { title: 'SECONDS', align: 'right', value: seconds },
    { title: 'WHO', value: (one) => one.person },
    { title: 'WHAT', value: what },
    { title: 'STATE', value: state },
    { title: 'KEPT UNTIL', value: (one) => timeText(one.expiresAt) },
    { title: 'ID', value: (one) => one.id },
  ], context.out)));
};

function seconds({ startedAt, endedAt }: Recording): string {
  return String(Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000));
}

function what({ kind, command }: Recording): string {
  if (kind === 'connection') return 'ports alone';
  return command ?? (kind === 'terminal' ? 'terminal in the browser' : 'shell by SSH');
}

function state(one: Recording): string {
  if (one.state === 'refused') return one.reason ?? 'refused';
  return [one.bytes === 0 ? 'times and command' : 'can be played', ...(one.whole ? [] : ['not whole']), ...(one.tamperProof ? [] : ['not tamper-proof'])].join(', ');
}
