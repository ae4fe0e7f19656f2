import { isUuid } from '../../base/index.ts';
import { usageError } from '../cli-error.ts';
import type { Client } from '../client/client.ts';
import type { Input, Run } from '../command.ts';
import { print } from '../context.ts';
import { EXIT } from '../exit.ts';
import { table } from '../output/table.ts';
import { countText, rotationText, timeText } from '../output/text.ts';
import { called } from './called.ts';
import { findProject, oneOf } from './keys.ts';

const STAGES = ['request', 'reply', 'both'] as const;
const ANSWER_WORDS = { allow: 'it lets the call go on', block: 'it blocks the call', replace: 'it puts another in its place' } as const;
const STAGE_WORDS = { request: 'requests', reply: 'replies', both: 'requests and replies' } as const;

export const list: Run = async (context) => {
  const { items } = await context.client().call('GET', '/api/hooks', {});
  print(context, items, (rows) => (rows.length === 0 ? 'Nothing is asked about calls yet. Add a hook: tandem hooks add NAME URL' : table(rows, [
    { title: 'NAME', value: (hook) => hook.name },
    { title: 'URL', value: (hook) => hook.url },
    { title: 'ASKED ABOUT', value: (hook) => STAGE_WORDS[hook.stage] },
    { title: 'OF', value: (hook) => hook.projectId ?? 'organisation' },
    { title: 'DEADLINE', align: 'right', value: (hook) => `${hook.deadlineMs} ms` },
    { title: 'ON FAILURE', value: (hook) => hook.onFailure },
    { title: 'STATE', value: (hook) => (hook.enabled ? 'on' : 'off') },
    { title: 'ASKED', align: 'right', value: (hook) => countText(hook.asked) },
    { title: 'FAILED', align: 'right', value: (hook) => countText(hook.failed) },
    { title: 'ID', value: (hook) => hook.id },
  ], context.out)));
};

export const add: Run = async (context, { args, options }) => {
  const client = context.client();
  const projectId = typeof options['project'] === 'string' ? await findProject(client, options['project']) : null;
  const made = await client.call('POST', '/api/hooks', { body: { name: args[0]!, url: args[1]!, projectId, stage: 'request', deadlineMs: 1_000, onFailure: 'closed', enabled: true, ...changesOf(options) } });
  print(context, made, () => `${made.hook.name} is asked about ${STAGE_WORDS[made.hook.stage]}. The signing secret is shown once:\n\n  ${made.secret}\n`);
};

export const update: Run = async (context, { args, options }) => {
  const changes = {
    ...changesOf(options), ...(typeof options['name'] === 'string' && { name: options['name'] }), ...(typeof options['url'] === 'string' && { url: options['url'] }),
    ...(options['off'] === true && { enabled: false }), ...(options['on'] === true && { enabled: true }),
  };
  if (Object.keys(changes).length === 0) throw usageError('There is nothing to change.', 'Say what: tandem hooks update ID --on-failure open');
  const client = context.client();
  const hook = await client.call('PATCH', '/api/hooks/{id}', { path: { id: await hookId(client, args[0]!) }, body: changes });
  print(context, hook, () => `${hook.name}: ${hook.enabled ? 'on' : 'off'}, ${hook.deadlineMs} ms, ${hook.onFailure} on failure.`);
};

/** @returns the exit code: a hook that failed its try is not ready for calls. */
export const test: Run = async (context, { args }) => {
  const client = context.client();
  const { tries } = await client.call('POST', '/api/hooks/{id}/test', { path: { id: await hookId(client, args[0]!) }, body: {} });
  print(context, { tries }, () => tries.map(({ stage, action, problem, ms }) => `${action === null ? '✗' : '✓'} ${STAGE_WORDS[stage]}: ${action === null ? problem : ANSWER_WORDS[action]}, ${ms} ms`).join('\n'));
  return tries.every(({ action }) => action !== null) ? EXIT.ok : EXIT.error;
};

export const failures: Run = async (context, { args }) => {
  const client = context.client();
  const { items } = await client.call('GET', '/api/hooks/{id}/failures', { path: { id: await hookId(client, args[0]!) } });
  print(context, items, (rows) => (rows.length === 0 ? 'It has not failed.' : table(rows, [
    { title: 'TIME', value: (one) => timeText(one.at) },
    { title: 'ASKED ABOUT', value: (one) => STAGE_WORDS[one.stage] },
    { title: 'PROBLEM', value: (one) => one.problem },
    { title: 'ID', value: (one) => one.callId },
  ], context.out)));
};

export const rotate: Run = async (context, { args }) => {
  const client = context.client();
  const made = await client.call('POST', '/api/hooks/{id}/rotate', { path: { id: await hookId(client, args[0]!) }, body: {} });
  print(context, made, rotationText);
};

export const remove: Run = async (context, { args }) => {
  const client = context.client();
  await client.call('DELETE', '/api/hooks/{id}', { path: { id: await hookId(client, args[0]!) } });
  print(context, { removed: args[0] }, () => 'Removed the hook.');
};

/** A hook's id by its id, which asks nobody, its name or the beginning of its id. @throws CliError resource_not_found, ambiguous. */
async function hookId(client: Client, word: string): Promise<string> {
  if (isUuid(word.toLowerCase())) return word.toLowerCase();
  const { items } = await client.call('GET', '/api/hooks', {});
  return called(items, word, { noun: 'hook', list: 'tandem hooks' }).id;
}

function changesOf(options: Input['options']): { stage?: (typeof STAGES)[number]; deadlineMs?: number; onFailure?: 'open' | 'closed' } {
  const deadline = options['deadline'];
  if (typeof deadline === 'string' && !/^\d{1,5}$/.test(deadline)) throw usageError(`--deadline is not a number of milliseconds: ${deadline}`, 'Write it so: --deadline 500');
  return {
    ...(options['stage'] !== undefined && { stage: oneOf(options['stage'], STAGES, '--stage') }),
    ...(typeof deadline === 'string' && { deadlineMs: Number(deadline) }),
    ...(options['onFailure'] !== undefined && { onFailure: oneOf(options['onFailure'], ['open', 'closed'], '--on-failure') }),
  };
}
