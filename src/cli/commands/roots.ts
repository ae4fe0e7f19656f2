import type { Reply } from '../client/client.ts';
import type { Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { table } from '../output/table.ts';
import { plural, timeText } from '../output/text.ts';

type Roots = Reply<'/api/agent-roots', 'GET'>;

export const list: Run = async (context) => {
  const roots = await context.client().call('GET', '/api/agent-roots', {});
  print(context, roots, (shown) => rootText(context, shown));
};

export const replace: Run = async (context) => {
  const roots = await context.client().call('POST', '/api/agent-roots', {});
  print(context, roots, (shown) => `A new root signs from now on; the one before is believed until it is retired.\n\n${rootText(context, shown)}`);
};

export const retire: Run = async (context) => {
  const roots = await context.client().call('POST', '/api/agent-roots/retire', {});
  print(context, roots, (shown) => `Only the newest root is believed from now on.\n\n${rootText(context, shown)}`);
};

function rootText(context: Context, { roots, waiting }: Roots): string {
  const rows = table([...roots], [
    { title: 'ROOT', value: ({ fingerprint }) => fingerprint.slice(0, 16) },
    { title: 'SINCE', value: ({ createdAt }) => timeText(createdAt) },
    { title: 'UNTIL', value: ({ expiresAt }) => timeText(expiresAt) },
    { title: 'SIGNS', value: ({ signs }) => (signs ? 'yes' : 'no, is believed still') },
  ], context.out);
  if (roots.length < 2) return rows;
  return `${rows}\n\n${waiting === 0 ? 'No machine needs the one before any more: tandem node roots retire' : `${plural(waiting, 'machine')} still with a certificate by the one before; each that is connected gets another within 12 hours.`}`;
}
