import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const CHECKOUT = join(import.meta.dirname, '../../..');

/** The running program, driven from outside: as a user's shell sees it. */
export interface Program {
  readonly home: string;
  readonly url: string;
  /** The admin key that the first start wrote down. */
  readonly key: string;
  /** Process id of the server itself, below npm and the launcher. */
  readonly serverPid: number;
  /** Resolves with the exit code, whatever ended it. */
  readonly ended: Promise<number | null>;
  /** Everything printed so far. */
  output(): string;
  /** Ctrl-C as a terminal sends it: to the whole process group. Resolves with the exit code. */
  interrupt(): Promise<number | null>;
  /** `kill -9` of the server only; the launcher ends by itself. */
  killServer(): Promise<void>;
  cli(...words: string[]): { code: number | null; out: string; err: string };
  readonly startedInMs: number;
}

export interface ProgramOptions {
  /** The checkout to start. Default: this one. */
  readonly checkout?: string;
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Start the server itself instead of `npm start`: for tests that start it many times. */
  readonly direct?: boolean;
  /** With `direct`: how Node runs it. Default: without any flag. */
  readonly flags?: readonly string[];
  /** The user to run as, when this process is root. */
  readonly uid?: number;
  /** How long until it must have printed its block. */
  readonly deadlineMs?: number;
}

/** Runs `npm start` until it has printed its block. Rejects with what was printed when it ends before. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const checkout = options.checkout ?? CHECKOUT;
  const home = options.home ?? freshFolder('home');
  const port = await freePort();
  const env = cleanEnvironment({ TANDEM_HOME: home, TANDEM_PORT: String(port), ...options.env });
  const started = performance.now();
  const command: [string, string[]] = options.direct === true ? [process.execPath, [...(options.flags ?? []), join(checkout, 'src/start/main.ts'), 'up']] : ['npm', ['start']];
  const user = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const child = spawn(...command, { cwd: checkout, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => {
    running.delete(child);
    resolve(code);
  }));

  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`npm start printed no block within its deadline:\n${output}`)), options.deadlineMs ?? 120_000);
    const look = () => {
      if (!output.includes('Ctrl-C stops everything.')) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on('data', look);
    void ended.then((code) => {
      clearTimeout(timer);
      reject(new ProgramEnded(code, output));
    });
  });
  const startedInMs = performance.now() - started;
  const { url, key } = JSON.parse(readFileSync(join(home, 'credentials.json'), 'utf8')) as { url: string; key: string };
  const serverPid = (JSON.parse(readFileSync(join(home, 'tandem.pid'), 'utf8')) as { pid: number }).pid;
  return {
    home, url, key, serverPid, startedInMs,
    output: () => output,
    ended,
    interrupt: () => {
      send(-child.pid!, 'SIGINT');
      return ended;
    },
    killServer: async () => {
      send(serverPid, 'SIGKILL');
      await ended;
    },
    cli: (...words) => runCli(checkout, env, words),
  };
}

/** What has ended by itself needs no signal. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** `npm start` that ended by itself. */
export class ProgramEnded extends Error {
  readonly code: number | null;
  readonly output: string;

  constructor(code: number | null, output: string) {
    super(`npm start ended with ${code}:\n${output}`);
    this.code = code;
    this.output = output;
  }
}

export function runCli(checkout: string, env: NodeJS.ProcessEnv, words: readonly string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(join(checkout, 'tandem'), words, { env, encoding: 'utf8', cwd: tmpdir(), maxBuffer: 64 * 1024 * 1024 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** A copy of everything that git would clone, without what was installed or built. */
export function freshCheckout(): string {
  const target = freshFolder('checkout');
  const { stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: CHECKOUT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  for (const name of stdout.split('\0').filter((path) => path !== '')) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    cpSync(join(CHECKOUT, name), join(target, name), { verbatimSymlinks: true, force: true });
  }
  return target;
}

export function freshFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `tandem-${name}-`));
}

/** The tests' own settings must not reach the program. */
export function cleanEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TANDEM_|DATABASE_URL|NODE_|VITEST|npm_)/.test(name)));
  const cache = process.env['TANDEM_CACHE'];
  return { ...inherited, ...(cache === undefined ? {} : { TANDEM_CACHE: cache }), ...extra };
}

/** Process ids whose command line or environment holds this text: what a program left behind. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    if (pid === process.pid) return false;
    try {
      return [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((path) => readFileSync(path, 'utf8').includes(text));
    } catch {
      return false;
    }
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

/** Starts a program that is expected to end by itself, and returns what it said. */
export async function failedStart(options: ProgramOptions): Promise<{ code: number | null; output: string }> {
  try {
    const program = await startProgram({ direct: true, deadlineMs: 60_000, ...options });
    await program.interrupt();
    throw new Error(`it started:\n${program.output()}`);
  } catch (error) {
    if (error instanceof ProgramEnded) return { code: error.code, output: error.output };
    throw error;
  }
}

/** Resolves once no process of this home is left; fails the test after half a minute. */
export async function nothingLeft(home: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (processesWith(home).length > 0) {
    if (performance.now() > deadline) throw new Error(`still running with ${home}: ${processesWith(home).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const running = new Set<ChildProcess>();

/** Ends what a failing test left running. */
export function stopEverything(): void {
  for (const child of running) {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}
process.on('exit', stopEverything);
