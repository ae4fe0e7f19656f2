import { createInterface } from 'node:readline/promises';
import { Readable } from 'node:stream';
import { CliError } from '../cli-error.ts';
import type { Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { table } from '../output/table.ts';
import { countText, plural } from '../output/text.ts';
import { findProject, oneOf } from './keys.ts';

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/content', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No content is kept.' : table(rows, [
    { title: 'PROJECT', value: (row) => row.projectName ?? row.projectId },
    { title: 'KEPT FOR', value: (row) => row.purpose },
    { title: 'COUNT', align: 'right', value: (row) => countText(row.count) },
    { title: 'BYTES', align: 'right', value: (row) => countText(row.bytes) },
  ], context.out)));
};

export const purge: Run = async (context, { args, options }) => {
  const client = context.client();
  const id = await findProject(client, args[0]!);
  const { items } = await client.call('GET', '/api/projects', {});
  const project = items.find((one) => one.id === id)!;
  const name = typeof options['confirm'] === 'string' ? options['confirm'] : await ask(context, project.name);
  if (name !== project.name) throw new CliError('cancelled', `That is not the name of the project, so nothing was removed.`, `Give the name: tandem content purge ${project.slug} --confirm "${project.name}"`, EXIT.usage);
  const report = await client.call('POST', '/api/projects/{id}/purge', { path: { id }, body: { name } });
  print(context, { project: project.name, ...report }, () => `Removed ${plural(report.removed, 'content')} of ${project.name}. Its usage and bills stay.`);
};

export const store: Run = async (context, { args }) => {
  const client = context.client();
  const id = await findProject(client, args[0]!);
  const state = oneOf(args[1], ['on', 'off'], 'the state');
  const project = await client.call('PATCH', '/api/projects/{id}', { path: { id }, body: { store: state === 'on' } });
  print(context, project, () => (project.store
    ? `Content of ${project.name} may be kept again, where a call asks for it.`
    : `No content of ${project.name} is kept from now on: calls that need it are refused. Remove what is there: tandem content purge ${project.slug}`));
};

export const attempts: Run = async (context, { args }) => {
  const client = context.client();
  const id = await findProject(client, args[0]!);
  const state = oneOf(args[1], ['on', 'off'], 'the state');
  const project = await client.call('PATCH', '/api/projects/{id}', { path: { id }, body: { paysAttempts: state === 'on' } });
  print(context, project, () => (project.paysAttempts
    ? `${project.name} pays for what attempts that did not deliver were reported to have used, by the word of ${project.paysAttempts.by} since ${project.paysAttempts.since}. Its calls hold the sum of all attempts that they may make.`
    : `${project.name} pays for what is delivered, and for no other attempt.`));
};

/** What cannot be undone asks for the name. */
async function ask(context: Context, name: string): Promise<string> {
  context.err.write(`This removes all content of ${name} for good. Type its name to go on: `);
  const lines = createInterface({ input: Readable.from(context.stdin) });
  try {
    for await (const line of lines) return line.trim();
    return '';
  } finally {
    lines.close();
  }
}
