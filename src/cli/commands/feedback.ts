import type { Run } from '../command.ts';
import { CliError } from '../cli-error.ts';
import { print } from '../context.ts';
import { EXIT } from '../exit.ts';
import { moneyText } from '../output/money.ts';
import { table } from '../output/table.ts';
import { countText, plural, visible } from '../output/text.ts';

const PAGE = 50;

export const summary: Run = async (context, { options }) => {
  const query = { ...timeOf('from', options['from']), ...timeOf('to', options['to']) };
  const client = context.client();
  const [{ items }, { organisation }] = await Promise.all([client.call('GET', '/api/feedback/summary', { query }), client.call('GET', '/api/whoami', {})]);
  print(context, items, (rows) => (rows.length === 0 ? 'No call names a scenario, and nothing was said of replies. Name one in the metadata of a call: {"scenario": "support"}' : table(rows, [
    { title: 'SCENARIO', value: (row) => (row.scenario === '' ? '(none)' : visible(row.scenario)) },
    { title: 'CALLS', align: 'right', value: (row) => countText(row.calls) },
    { title: 'SAID', align: 'right', value: (row) => countText(row.said.count) },
    { title: 'RATING', align: 'right', value: (row) => (row.said.meanRating === null ? '-' : row.said.meanRating.toFixed(2)) },
    { title: 'UP/DOWN', align: 'right', value: (row) => `${row.said.up}/${row.said.down}` },
    { title: 'REFUSALS', align: 'right', value: (row) => countText(row.refusals) },
    { title: 'FIRST TOKEN', align: 'right', value: (row) => (row.firstTokenP50Ms === null ? '-' : `${Math.round(row.firstTokenP50Ms)} ms`) },
    { title: 'WHOLE P95', align: 'right', value: (row) => (row.wholeP95Ms === null ? '-' : `${Math.round(row.wholeP95Ms)} ms`) },
    { title: 'CHARGE', align: 'right', value: (row) => moneyText(row.charge, organisation.currency) },
  ], context.out)));
};

export const exportAll: Run = async (context, { args }) => {
  const client = context.client();
  const path = args[0];
  const file = path === undefined ? undefined : await (await import('node:fs/promises')).open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new CliError('file_unwritable', `${path} cannot be made (${error.code}).`, 'Name a file that does not exist yet.', EXIT.error);
  });
  let records = 0;
  try {
    let cursor: string | undefined;
    do {
      const page: { items: unknown[]; nextCursor: string | null } = await client.call('GET', '/api/feedback/export', { query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) } });
      for (const item of page.items) {
        const line = `${JSON.stringify(item)}\n`;
        if (file === undefined) context.out.write(line);
        else await file.write(line);
      }
      records += page.items.length;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  } finally {
    await file?.close();
  }
  if (file !== undefined) print(context, { file: path, records }, () => `Wrote ${plural(records, 'record')} to ${path}. Redaction finds forms, not meanings: read what you pass on.`);
};

function timeOf(name: 'from' | 'to', value: string | boolean | undefined): { from?: string; to?: string } {
  if (typeof value !== 'string') return {};
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) throw new CliError('usage', `--${name} is not a time: ${value}`, `Write it like --${name} 2026-11-01`, EXIT.usage);
  return { [name]: time.toISOString() };
}
