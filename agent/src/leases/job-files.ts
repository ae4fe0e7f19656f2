import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeWhole } from '../state/home.ts';
import { WireError, type Message } from '../wire/index.ts';
import type { FileCache } from './file-cache.ts';
import type { JobOrder } from './job.ts';
import type { LeasePaths } from './record.ts';

interface JobFile {
  readonly name: string;
  readonly sha256: string;
  readonly unpack: boolean;
}

const NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/;
const VARIABLE = /^[A-Z_][A-Z0-9_]{0,99}$/;
const MOST_WORDS = 300;
const MOST_WORD_LENGTH = 8_000;

/**
 * Puts what a job needs where its lease can read it and not change it (`/run/tandem/job` inside), and writes down what is to run. The agent's own Node is there as `node` where it is asked for.
 * @throws WireError bad_job, not_here, job_runs when another one was asked for before.
 */
export async function prepareJob(params: Message, { folder, ssh }: LeasePaths, cache: FileCache): Promise<void> {
  const order = readOrder(params);
  const place = join(folder, 'job.json');
  const text = `${JSON.stringify(order)}\n`;
  if (existsSync(place)) {
    if (readFileSync(place, 'utf8') !== text) throw new WireError('job_runs', 'another job was begun in this lease');
    return;
  }
  const inside = join(ssh, 'job');
  mkdirSync(inside, { recursive: true, mode: 0o755 });
  for (const file of readFiles(params)) await linkIn(cache.pathOf(file.sha256, file.unpack), join(inside, file.name), file.unpack);
  if (params['node'] === true) linkOrCopy(process.execPath, join(inside, 'node'));
  writeWhole(place, text);
}

/** What is to run in a lease; undefined: nothing was asked for. */
export function readJob({ folder }: LeasePaths): JobOrder | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')) as JobOrder;
  } catch {
    return undefined;
  }
}

/** A second try finds what the first has linked already. */
async function linkIn(from: string, to: string, folder: boolean): Promise<void> {
  if (existsSync(to)) return;
  if (!folder) return linkOrCopy(from, to);
  rmSync(`${to}.draft`, { recursive: true, force: true });
  await promisify(execFile)('cp', ['-al', from, `${to}.draft`]);
  renameSync(`${to}.draft`, to);
}

function linkOrCopy(from: string, to: string): void {
  if (existsSync(to)) return;
  try {
    linkSync(from, to);
  } catch {
    // Another file system.
    copyFileSync(from, `${to}.draft`);
    renameSync(`${to}.draft`, to);
  }
}

/** @throws WireError bad_job. */
export function readOrder(params: Message): JobOrder {
  const { command, env } = params;
  if (!Array.isArray(command) || command.length === 0 || command.length > MOST_WORDS || !command.every(isWord)) throw new WireError('bad_job', 'the command is not a list of texts');
  if (typeof env !== 'object' || env === null || Object.entries(env).length > MOST_WORDS || !Object.entries(env).every(([name, value]) => VARIABLE.test(name) && isWord(value))) throw new WireError('bad_job', 'the environment is not a table of texts');
  return { command: command as string[], env: env as Record<string, string> };
}

function readFiles({ files }: Message): JobFile[] {
  if (!Array.isArray(files) || files.length > 20) throw new WireError('bad_job', 'the files are not a list');
  return files.map((one: unknown): JobFile => {
    const { name, sha256, unpack } = (one ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string' || !NAME.test(name) || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw new WireError('bad_job', 'a file has no name or no hash');
    return { name, sha256, unpack: unpack === true };
  });
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MOST_WORD_LENGTH && !value.includes('\0');
}
