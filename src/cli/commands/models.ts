import { CliError, usageError } from '../cli-error.ts';
import type { Client, Reply } from '../client/client.ts';
import type { Input, Run } from '../command.ts';
import { EXIT } from '../exit.ts';
import { print, readInput } from '../context.ts';
import { perMillion } from '../output/money.ts';
import { table } from '../output/table.ts';
import { oneOf } from './keys.ts';

type Backend = Reply<'/api/backends', 'GET'>['items'][number];

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/models', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No models yet. Add one: tandem models add NAME --backend BACKEND --model MODEL' : table(rows, [
    { title: 'MODEL', value: (model) => model.name },
    { title: 'TARGETS', value: (model) => (model.targets.length === 1 ? model.backend.name : `${model.targets.length} by ${model.goal}`) },
    { title: 'HEALTH', value: (model) => (model.health.reason === null ? model.health.state : `${model.health.state}: ${model.health.reason}`) },
    { title: 'IN /M', align: 'right', value: (model) => perMillion(model.price?.input, model.currency) },
    { title: 'CACHED /M', align: 'right', value: (model) => perMillion(model.price?.cache_read, model.currency) },
    { title: 'OUT /M', align: 'right', value: (model) => (model.price ? perMillion(model.price.output, model.currency) : 'no price') },
  ], context.out)));
};

export const add: Run = async (context, { args, options }) => {
  if (typeof options['backend'] !== 'string') throw usageError('--backend is missing.', 'Name the backend: tandem backends lists them.');
  const client = context.client();
  const backend = await findBackend(client, options['backend']);
  const cap = options['maxOutputTokens'];
  if (typeof cap === 'string' && !/^\d{1,8}$/.test(cap)) throw usageError(`--max-output-tokens is not a whole number: ${cap}`, 'Write it like 4096.');
  const model = await client.call('POST', '/api/models', {
    body: { name: args[0]!, backendId: backend.id, backendModel: typeof options['model'] === 'string' ? options['model'] : args[0]!, ...(typeof cap === 'string' ? { maxOutputTokens: Number(cap) } : {}) },
  });
  print(context, model, () => `${model.name} is ${model.backendModel} on ${model.backend.name}.${model.price ? '' : `\nIt has no price yet, so calls are refused. Set one: tandem prices set ${model.name} --input 1.00 --output 3.00 --source TEXT`}`);
};

export const remove: Run = async (context, { args }) => {
  await context.client().call('DELETE', '/api/models/{name}', { path: { name: args[0]! } });
  print(context, { removed: args[0] }, () => `Removed ${args[0]}.`);
};

export const backends: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/backends', {});
  print(context, items, (rows) => (rows.length === 0 ? 'No backends yet. Add one: tandem backends add NAME --url URL' : table(rows, [
    { title: 'NAME', value: (backend) => backend.name },
    { title: 'KIND', value: (backend) => backend.kind },
    { title: 'URL', value: (backend) => backend.url ?? '-' },
    { title: 'KEY', value: (backend) => (backend.hasKey ? 'sealed' : '-') },
    { title: 'FROM', value: (backend) => backend.from },
    { title: 'HEALTH', value: (backend) => (backend.health.reason === null ? backend.health.state : `${backend.health.state}: ${backend.health.reason}`) },
  ], context.out)));
};

export const backendAdd: Run = async (context, { args, options }) => {
  if (typeof options['url'] !== 'string') throw usageError('--url is missing.', 'Give its base URL: --url https://api.example.com/v1');
  const key = typeof options['keyFile'] === 'string' ? (await readInput(context, options['keyFile'])).trim() : undefined;
  const backend = await context.client().call('POST', '/api/backends', { body: { name: args[0]!, url: options['url'], ...(key === undefined ? {} : { key }), ...kindOf(options) } });
  print(context, backend, () => `Added ${backend.name}. Check it: tandem backends check ${backend.name}`);
};

export const backendCheck: Run = async (context, { args }) => {
  const client = context.client();
  const backend = await findBackend(client, args[0]!);
  const result = await client.call('POST', '/api/backends/{id}/check', { path: { id: backend.id } });
  print(context, result, () => (result.ok
    ? `${backend.name} answers in ${Math.round(result.latencyMs ?? 0)} ms. Models: ${result.models.join(', ') || 'none listed'}${result.next === null ? '' : `\n  ${result.next}`}`
    : `${backend.name}: ${result.problem ?? 'it does not answer'}\n  Next: ${result.next ?? 'tandem backends'}`));
  return result.ok ? EXIT.ok : EXIT.error;
};

export const backendRemove: Run = async (context, { args }) => {
  const client = context.client();
  const backend = await findBackend(client, args[0]!);
  await client.call('DELETE', '/api/backends/{id}', { path: { id: backend.id } });
  print(context, { removed: backend.name }, () => `Removed ${backend.name}.`);
};

const KINDS = ['openai-compatible', 'openai-responses', 'anthropic', 'gemini', 'bedrock'] as const;

function kindOf(options: Input['options']) {
  const pairs = typeof options['options'] === 'string' ? options['options'].split(',').map((pair) => pair.split(/=(.*)/s)) : [];
  if (pairs.some(([name, value]) => !name || !value)) throw usageError('--options holds no pairs.', 'Write it like region=eu-west-1.');
  return { ...(typeof options['kind'] === 'string' && { kind: oneOf(options['kind'], KINDS, '--kind') }), ...(pairs.length > 0 && { options: Object.fromEntries(pairs.map(([name, value]) => [name!, value!])) }) };
}

/** A backend by id or name. */
export async function findBackend(client: Client, wanted: string): Promise<Backend> {
  const { items } = await client.call('GET', '/api/backends', {});
  const found = items.find((backend) => backend.id === wanted || backend.name === wanted);
  if (!found) throw new CliError('resource_not_found', `There is no backend ${wanted}.`, 'List them: tandem backends');
  return found;
}
