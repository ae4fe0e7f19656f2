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
  const rank = rankOf(options['rank']);
  if (context.json) return print(context, await part(client, id, 0, rank ?? 0), () => '');
  const last = await follow(context, client, id, options['follow'] === true, rank);
  if (options['follow'] === true) context.err.write(`${stateText(last)}\n`);
};

/** Prints what a job prints until it has ended. @returns the exit code: the job's own where it ended by itself. */
export async function waitFor(context: Context, client: Client, leaseId: string): Promise<number> {
  const last = await follow(context, client, leaseId, true, undefined);
  context.err.write(`${stateText(last)}\n`);
  return last.state === 'ended' ? (last.exitCode ?? EXIT.error) : EXIT.error;
}

export function jobLines({ job }: Lease): string[] {
  if (job === null || job === undefined) return [];
  const begun = job.startedAt === null ? '' : `, begun ${timeText(job.startedAt)}`;
  return [`job        ${stateText(job)}${begun}${job.keepOpen ? '; the lease stays when it has ended' : ''}`, ...wayLines(job), ...job.ranks.map((one) => `rank ${String(one.rank).padEnd(5)} ${stateText(one)}, on ${one.machineId}${one.rank === job.failedRank ? '; its end ended the others' : ''}`)];
}

/** How the machines of a job reach each other, and why so. */
function wayLines({ way, wayReason }: Job): string[] {
  if (way === null) return [];
  return [`ranks talk ${way === 'direct' ? 'directly over their pool\'s network, not encrypted' : `through the server${wayReason === null ? '' : `: ${wayReason}`}`}`];
}

/** @param only the rank whose output is wanted; undefined: of a job over several machines all, each line with its rank before it. */
async function follow(context: Context, client: Client, id: string, toEnd: boolean, only: number | undefined): Promise<Part> {
  const readers = new Map<number, RankReader>();
  for (;;) {
    // Which machines there are is known once they are there.
    const first = await reader(readers, only ?? 0).read(context, client, id, only === undefined);
    if (only === undefined) for (const { rank } of first.ranks) if (rank !== 0) await reader(readers, rank).read(context, client, id, true);
    const goesOn = first.state === 'waiting' || first.state === 'running';
    const isAllRead = [...readers.values()].every(({ done }) => done);
    if (isAllRead && !(toEnd && goesOn)) {
      for (const one of readers.values()) one.end(context);
      return first;
    }
    if (isAllRead) await sleep(LOOK_MS, undefined, { signal: context.signal });
  }
}

function reader(readers: Map<number, RankReader>, rank: number): RankReader {
  const known = readers.get(rank) ?? new RankReader(rank);
  readers.set(rank, known);
  return known;
}

/** Reads what one machine's program prints, part after part. */
class RankReader {
  readonly #rank: number;
  #at = 0;
  #line = '';
  /** All that has come so far is read. */
  done = false;

  constructor(rank: number) {
    this.#rank = rank;
  }

  /** @param named each line has its rank before it, where there are several. */
  async read(context: Context, client: Client, id: string, named: boolean): Promise<Part> {
    const next = await part(client, id, this.#at, this.#rank);
    const of = named && next.rank !== null ? `[${next.rank}] ` : '';
    if (next.first > this.#at) context.err.write(`${of}What it printed before byte ${next.first} is not kept.\n`);
    if (of === '') context.out.write(visibleLines(next.text));
    else {
      const lines = `${this.#line}${visibleLines(next.text)}`.split('\n');
      this.#line = lines.pop()!;
      for (const line of lines) context.out.write(`${of}${line}\n`);
    }
    this.done = next.next === this.#at || next.next >= next.total;
    this.#at = Math.max(this.#at, next.next);
    return next;
  }

  /** What stands without an end of its line. */
  end(context: Context): void {
    if (this.#line !== '') context.out.write(`[${this.#rank}] ${this.#line}\n`);
    this.#line = '';
  }
}

function part(client: Client, id: string, from: number, rank: number): Promise<Part> {
  return client.call('GET', '/api/leases/{id}/logs', { path: { id }, query: { from, ...(rank !== 0 && { rank }) } });
}

function rankOf(given: string | boolean | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'string' || !/^\d{1,3}$/.test(given)) throw usageError('--rank needs a number.', 'Write it like --rank 0; tandem leases show LEASE has them all.');
  return Number(given);
}

function stateText({ state, exitCode, reason }: Pick<Job, 'state' | 'exitCode' | 'reason'>): string {
  switch (state) {
    case 'waiting': return reason === null ? 'waits for its machine' : `waits: ${reason}`;
    case 'running': return 'runs';
    case 'ended': return `ended with code ${exitCode ?? 'unknown'}${reason === null ? '' : `: ${reason}`}`;
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
