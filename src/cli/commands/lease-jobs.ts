import { setTimeout as sleep } from 'node:timers/promises';
import { usageError } from '../cli-error.ts';
import type { Client, Reply } from '../client/client.ts';
import type { components } from '../client/schema.ts';
import type { Input, Run } from '../command.ts';
import { print, type Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { timeText, visibleLines } from '../output/text.ts';
import { leaseIdOf } from './called.ts';

type Lease = components['schemas']['Lease'];
type Job = NonNullable<Lease['job']>;
type Part = Reply<'/api/leases/{id}/logs', 'GET'>;

interface NewJob {
  readonly command: string[];
  readonly env: Record<string, string>;
  readonly keepOpen: boolean;
}

const LOOK_MS = 1_000;

/** What a lease is to run once: all after `--`. Null: nothing. */
export function jobWish(context: Context, { args, options }: Input): NewJob | null {
  const { env, keepOpen, access, wait } = options;
  if (args.length === 0) {
    const given = ([['env', '--env'], ['keepOpen', '--keep-open'], ['wait', '--wait']] as const).find(([name]) => options[name] !== undefined);
    if (given !== undefined || access === 'job') throw usageError(`${given?.[1] ?? '--access job'} needs a job, and there is none.`, 'Say after -- what to run: tandem gpu lease --access job -- python3 train.py');
    return null;
  }
  if (access !== undefined && access !== 'job') throw usageError(`A job is run with --access job, and not with ${String(access)}.`, 'Leave --access out.');
  if (wait === true && keepOpen === true) throw usageError('--wait and --keep-open are two wishes: the one ends the lease with its job.', 'Say one of them.');
  return { command: [...args], env: variables(context, env), keepOpen: keepOpen === true };
}

/** What a lease's job has printed; with `--follow` up to its end. */
export const logs: Run = async (context, { args, options }) => {
  const client = context.client();
  const id = await leaseIdOf(client, args[0]!);
  if (context.json) return print(context, await part(client, id, 0), () => '');
  const last = await follow(context, client, id, options['follow'] === true);
  if (options['follow'] === true) context.err.write(`${stateText(last)}\n`);
};

/** Prints what a job prints until it has ended. @returns the exit code: the job's own where it ended by itself. */
export async function waitFor(context: Context, client: Client, leaseId: string): Promise<number> {
  const last = await follow(context, client, leaseId, true);
  context.err.write(`${stateText(last)}\n`);
  return last.state === 'ended' ? (last.exitCode ?? EXIT.error) : EXIT.error;
}

export function jobLines({ job }: Lease): string[] {
  return job === null || job === undefined ? [] : [`job        ${stateText(job)}${job.startedAt === null ? '' : `, begun ${timeText(job.startedAt)}`}${job.keepOpen ? '; the lease stays when it has ended' : ''}`];
}

async function follow(context: Context, client: Client, id: string, toEnd: boolean): Promise<Part> {
  for (let at = 0; ;) {
    const next = await part(client, id, at);
    if (next.first > at) context.err.write(`What it printed before byte ${next.first} is not kept.\n`);
    context.out.write(visibleLines(next.text));
    const goesOn = next.state === 'waiting' || next.state === 'running';
    const isAllRead = next.next === at || next.next >= next.total;
    at = Math.max(at, next.next);
    if (isAllRead && !(toEnd && goesOn)) return next;
    if (isAllRead) await sleep(LOOK_MS, undefined, { signal: context.signal });
  }
}

function part(client: Client, id: string, from: number): Promise<Part> {
  return client.call('GET', '/api/leases/{id}/logs', { path: { id }, query: { from } });
}

function stateText({ state, exitCode, reason }: Pick<Job, 'state' | 'exitCode' | 'reason'>): string {
  switch (state) {
    case 'waiting': return 'waits for its machine';
    case 'running': return 'runs';
    case 'ended': return `ended with code ${exitCode ?? 'unknown'}`;
    case 'cut': return 'was cut by the end of the lease';
    case 'lost': return `is lost and is not run again: ${reason ?? 'its sandbox or its machine went down'}`;
    case 'failed': return `could not begin: ${reason ?? 'the machine refused it'}`;
  }
}

/** NAME=VALUE, or NAME alone for what stands in this program's own environment: so a secret is in no list of processes. */
function variables({ env }: Context, given: string | boolean | undefined): Record<string, string> {
  if (typeof given !== 'string') return {};
  return Object.fromEntries(given.split('\n').map((one) => {
    const at = one.indexOf('=');
    const name = at === -1 ? one : one.slice(0, at);
    const value = at === -1 ? env[name] : one.slice(at + 1);
    if (name === '' || value === undefined) throw usageError(`--env has no value for ${name === '' ? one : name}.`, 'Write it like --env NAME=VALUE, or --env NAME for a variable that is set here.');
    return [name, value];
  }));
}
