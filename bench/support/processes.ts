import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** Kernel clock ticks per second on Linux, for every architecture that Tandem runs on. */
const TICKS_PER_SECOND = 100;

/** How much of a program's output is kept, characters. */
const KEPT_OUTPUT = 20_000;

const started = new Set<ChildProcess>();
/** What each program printed last, and whether its end was asked for. */
const outputs = new Map<ChildProcess, { text: string; told: boolean }>();
process.on('exit', () => {
  // Not SIGKILL: nginx's worker would outlive its master.
  for (const child of started) child.kill('SIGTERM');
});
// A signal ends Node without that event, and whatever was started would run on beside the next benchmark.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const output of outputs.values()) output.told = true;
    process.exit(1);
  });
}

/**
 * What makes a program run before all others of its core: the load and the backend must never wait for the poster or Postgres, whose core
 * they share, or the gateway is charged for their queue. For programs that sleep when they have nothing to do: one that spins would let no other
 * run. Nothing where this user may not.
 */
export const FIRST: readonly string[] = before(1);
/** Before those, too: a backend that waits for the load to take its turn would be taken for a slow gateway, in every call. */
export const BEFORE_FIRST: readonly string[] = before(2);

function before(priority: number): readonly string[] {
  return spawnSync('chrt', ['-f', String(priority), 'true'], { stdio: 'ignore' }).status === 0 ? ['chrt', '-f', String(priority)] : [];
}

/** Starts a program on one core, or on a list of them as `taskset` takes it. When it ends without having been told, how it ended and what it printed last go to our output. */
export function startOnCore(core: number | string, command: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): ChildProcess {
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', 'pipe'], env: options.env ?? process.env, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
  started.add(child);
  const output = { text: '', told: false };
  outputs.set(child, output);
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output.text = (output.text + chunk.toString()).slice(-KEPT_OUTPUT)));
  child.on('exit', () => started.delete(child));
  // Not at its exit, when its last words may still be on the way.
  child.on('close', () => {
    if (!output.told) console.error(`\n${ending(child)}`);
  });
  return child;
}

function ending(child: ChildProcess): string {
  return `${child.spawnargs.join(' ')} (process ${child.pid}) ended with ${child.signalCode ?? child.exitCode} at ${new Date().toISOString()}, unasked. It printed last:\n${outputs.get(child)?.text ?? ''}`;
}

/** Resolves once the program has printed the text; rejects when it ends before. */
export function printed(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!outputs.get(child)?.text.includes(text)) return;
      for (const stream of [child.stdout, child.stderr]) stream?.off('data', look);
      resolve();
    };
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', look);
    child.once('close', () => reject(new Error(`${child.spawnargs.join(' ')} ended before it printed '${text}'`)));
  });
}

/** Ends a program and waits for it. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const output = outputs.get(child);
  if (output) output.told = true;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** Waits until an address answers with any status. */
export async function answers(url: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** CPU seconds that a process has used so far, user and system; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** How long a core has been, and how much of that it was used, seconds. */
export interface CoreSeconds {
  readonly busy: number;
  readonly all: number;
}

/** @param cores one, or several together: `0,4`. */
export function coreSeconds(cores: string): CoreSeconds {
  const names = new Set(cores.split(',').map((core) => `cpu${core}`));
  const sum = { busy: 0, all: 0 };
  for (const line of readFileSync('/proc/stat', 'utf8').split('\n')) {
    const [name, ...ticks] = line.split(' ');
    if (!names.has(name!)) continue;
    // user, nice, system, idle, waiting for a disk, interrupts, soft interrupts, given to others by a hypervisor.
    const seconds = ticks.slice(0, 8).map((one) => Number(one) / TICKS_PER_SECOND);
    const all = seconds.reduce((total, one) => total + one, 0);
    sum.all += all;
    sum.busy += all - (seconds[3] ?? 0) - (seconds[4] ?? 0);
  }
  return sum;
}

/** How much of one core, or of several together, was used since then, 0 to 1. */
export function busySince(cores: string, before: CoreSeconds): number {
  const now = coreSeconds(cores);
  return (now.busy - before.busy) / (now.all - before.all);
}

/** Memory that a process holds now, MiB. */
export function residentMiB(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

/** All descendants of a process, by parent numbers. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended meanwhile.
    }
  }
  const found: number[] = [];
  const look = (one: number) => {
    for (const child of parents.get(one) ?? []) {
      found.push(child);
      look(child);
    }
  };
  look(pid);
  return found;
}

/** What a process is, in a word: its command line. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Moves a running process, all its threads, to one core. */
export function moveToCore(pid: number, core: number | string): void {
  spawnSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}
