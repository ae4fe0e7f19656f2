import { writeFile } from 'node:fs/promises';
import { usageError } from '../cli-error.ts';
import type { Run } from '../command.ts';
import { print, readInput } from '../context.ts';
import { readSecrets } from '../config/read-secrets.ts';
import { convertLitellm, type Converted } from '../litellm/convert.ts';
import { visible } from '../output/text.ts';
import { applyConfig, planText, type ConfigBody } from './config.ts';

/** What can be moved in from. */
export const importList: Run = async (context) => {
  print(context, ['litellm'], () => 'From LiteLLM: tandem import litellm config.yaml');
};

/** Says what each line of LiteLLM's file becomes; writes a configuration, or plans and applies it. */
export const importLitellm: Run = async (context, { args, options }) => {
  const path = args[0]!;
  const text = await readInput(context, path).catch(() => {
    throw usageError(`${path} cannot be read.`, 'Give the path of LiteLLM\'s config.yaml.');
  });
  let file: unknown;
  try {
    file = (await import('yaml')).parse(text);
  } catch {
    throw usageError(`${path} is not YAML.`, 'Give the path of LiteLLM\'s config.yaml.');
  }
  const converted = convertLitellm(file);
  if (!context.json) context.out.write(`${notesText(converted)}\n\n`);
  if (typeof options['out'] === 'string') {
    const { config, names } = withoutSecrets(converted.config);
    await writeFile(options['out'], `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    const set = names.length === 0 ? '' : `\nKeys are not written to it; set before: ${names.join(', ')}`;
    context.out.write(context.json ? `${JSON.stringify({ config, notes: converted.notes }, null, 2)}\n` : `Wrote ${options['out']}.${set}\nSee what it would change: tandem plan ${options['out']}\n`);
    return undefined;
  }
  // What the file does not speak of is left as it is: an import adds to what is here.
  const client = context.client();
  const { config: present } = await client.call('GET', '/api/config', {});
  const merged = merge(readSecrets(converted.config, { env: context.env, path }), present);
  if (options['apply'] === true || options['yes'] === true) return applyConfig(context, merged, options['yes'] === true);
  const plan = await client.call('POST', '/api/config/plan', { body: { config: merged } });
  context.out.write(context.json ? `${JSON.stringify({ ...plan, notes: converted.notes }, null, 2)}\n` : `${planText(plan)}\nNothing is applied yet: run the same command with --apply.\n`);
  return undefined;
};

function notesText({ notes }: Converted): string {
  return notes.map(({ place, became, why }) => `${became === null ? '✗' : '✓'} ${visible(place)}: ${[became === null ? 'not taken over' : visible(became), ...(why === null ? [] : [visible(why)])].join('; ')}`).join('\n');
}

/** A part of the import beside what is there: a thing of the same name is the imported one. */
function merge(imported: ConfigBody, present: ConfigBody): ConfigBody {
  const beside = <T>(own: readonly T[] | undefined, there: readonly T[] | undefined, idOf: (one: T) => string): T[] | undefined => {
    if (!own) return undefined;
    const taken = new Set(own.map(idOf));
    return [...(there ?? []).filter((one) => !taken.has(idOf(one))), ...own];
  };
  const { prices } = imported;
  return {
    backends: beside(imported.backends, present.backends, ({ name }) => name), models: beside(imported.models, present.models, ({ name }) => name),
    ...(prices && { prices }), budgets: beside(imported.budgets, present.budgets, ({ scope, period, subject }) => `${scope} ${period ?? 'month'} ${JSON.stringify(subject ?? null)}`),
  } as ConfigBody;
}

/** For a file on disk: a key that LiteLLM's file holds itself is named by a variable instead. */
function withoutSecrets(config: ConfigBody): { config: unknown; names: string[] } {
  const names: string[] = [];
  const backends = (config.backends ?? []).map((backend) => ({
    ...backend,
    keys: (backend.keys ?? []).map((key, at) => {
      const named = 'keyEnv' in key && typeof key.keyEnv === 'string' ? key.keyEnv : `${backend.name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_KEY${at === 0 ? '' : `_${at + 1}`}`;
      names.push(named);
      return { ...key, key: undefined, keyEnv: named };
    }),
  }));
  return { config: { ...config, backends }, names: [...new Set(names)] };
}

