import { basename, extname } from 'node:path';
import { usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { paths } from '../client/schema.ts';
import type { Run } from '../command.ts';
import { print, readInput, type Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { readSecrets } from '../config/read-secrets.ts';
import { plural, visible } from '../output/text.ts';

export type Plan = Reply<'/api/config/plan', 'POST'>;
export type ConfigBody = paths['/api/config/plan']['post']['requestBody']['content']['application/json']['config'];

const DEFAULT_FILE = 'tandem.config.json';
const MARKS = { add: '+', change: '~', remove: '-' } as const;

/** Shows what `apply` would change. */
export const plan: Run = async (context, { args }) => {
  const path = args[0] ?? DEFAULT_FILE;
  const config = await readConfigFile(context, path);
  const made = await context.client().call('POST', '/api/config/plan', { body: { config } });
  print(context, made, () => `${planText(made)}${made.changes.length === 0 ? '' : `\nNothing is applied yet: tandem apply ${path}`}`);
};

/** Plans, asks, and applies exactly that plan. */
export const apply: Run = async (context, { args, options }) => applyConfig(context, await readConfigFile(context, args[0] ?? DEFAULT_FILE), options['yes'] === true);

/** @returns the exit code: 2 when the person does not want it. */
export async function applyConfig(context: Context, config: ConfigBody, yes: boolean): Promise<number> {
  const client = context.client();
  const made = await client.call('POST', '/api/config/plan', { body: { config } });
  if (made.changes.length === 0) {
    print(context, made, () => planText(made));
    return EXIT.ok;
  }
  if (!yes) {
    if (context.json || context.out.isTTY !== true) throw usageError('Nobody is here to ask.', 'Look at the plan with tandem plan, then apply it with --yes.');
    context.out.write(`${planText(made)}\n\nApply this? Write yes: `);
    if ((await firstLine(context)).trim().toLowerCase() !== 'yes') {
      context.err.write('Nothing was changed.\n');
      return EXIT.usage;
    }
  }
  const done = await client.call('POST', '/api/config/apply', { body: { config, fingerprint: made.fingerprint } });
  print(context, done, () => `${yes ? `${planText(done)}\n` : ''}Applied ${plural(done.changes.length, 'change')}.`);
  return EXIT.ok;
}

/** Reads JSON, or YAML by its ending, and puts the keys in that it names. @throws CliError naming what is wrong. */
export async function readConfigFile(context: Context, path: string): Promise<ConfigBody> {
  const text = await readInput(context, path).catch(() => {
    throw usageError(`${path} cannot be read.`, 'Give the path of a configuration, or write one: tandem export FOLDER');
  });
  let content: unknown;
  try {
    content = /^\.ya?ml$/.test(extname(path)) ? (await import('yaml')).parse(text) : JSON.parse(text);
  } catch {
    // The parser's own words could repeat a secret of the file.
    throw usageError(`${basename(path)} is not ${/^\.ya?ml$/.test(extname(path)) ? 'YAML' : 'JSON'}.`, 'Correct it; tandem export FOLDER writes one that is right.');
  }
  return readSecrets(content, { env: context.env, path });
}

export function planText({ changes, same }: Plan): string {
  const lines = changes.flatMap(({ action, kind, name, fields }) => [
    `${MARKS[action]} ${kind} ${visible(name)}`,
    ...fields.map(({ field, before, after }) => `    ${field}: ${[before, after].filter((value, at) => value !== null || at === 1).map((value) => (value === null ? 'nothing' : visible(value))).join(' → ')}`),
  ]);
  const count = (action: keyof typeof MARKS) => changes.filter((change) => change.action === action).length;
  const sum = changes.length === 0 ? `Nothing to change: ${plural(same, 'thing')} as the file says.` : `${count('add')} to add, ${count('change')} to change, ${count('remove')} to remove; ${same} as they are.`;
  return [...lines, ...(lines.length > 0 ? [''] : []), sum].join('\n');
}

async function firstLine({ stdin }: Context): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString();
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0]!;
}
