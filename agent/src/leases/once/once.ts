import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Outside } from '../../outside.ts';
import { spawnInside, type Sandbox } from '../inside.ts';
import type { JobOrder } from '../job.ts';
import type { LeasePaths } from '../record.ts';
import { descendantsOf } from './tree.ts';
import { JobLog } from './job-log.ts';
import { logOf, readOnce, readOnceState, writeOnceState, type OnceState } from './once-files.ts';

/** What it prints while it ends is waited for so long: what it has left behind may hold its output open for ever. */
const LAST_WORDS_MS = 1_000;
const LOOK_MS = 200;
/** Begins in its home, and prints both its outputs in the order in which it wrote them. */
const FIRST = 'cd && exec "$@" 2>&1';
const ENV = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/tenant', USER: 'tenant', LOGNAME: 'tenant', LANG: 'C.UTF-8' };

/** A lease's job that runs once, as its keeper holds it: it is never begun a second time, by whatever keeper comes after. */
export class Once {
  readonly #paths: LeasePaths;
  readonly #inside: Sandbox;
  readonly #outside: Outside;
  #run: Promise<void> | undefined;
  #child: ChildProcess | undefined;
  #stopping = false;
  /** Why all of the sandbox is going; null: it is not. */
  #over: 'cut' | 'lost' | null = null;

  constructor(paths: LeasePaths, inside: Sandbox, outside: Outside) {
    this.#paths = paths;
    this.#inside = inside;
    this.#outside = outside;
  }

  /** Begins what was asked for where nothing has begun yet, and says how it is doing; null: nothing was asked for. */
  tell(): OnceState | null {
    if (this.#run === undefined) {
      const order = readOnce(this.#paths);
      if (order === undefined) return null;
      const before = readOnceState(this.#paths);
      if (before === undefined && this.#over !== null) return null;
      if (before === undefined) this.#run = this.#begin(order);
      // One that another keeper had went with that keeper's sandbox.
      else if (before.state === 'running') writeOnceState(this.#paths, { ...before, state: 'lost' });
    }
    const state = readOnceState(this.#paths)!;
    return state.state === 'running' ? { ...state, ranMs: Math.floor(this.#outside.bootMs() - state.sinceBootMs) } : state;
  }

  /** Tells it to end, and ends it after the grace. Nothing begins any more where nothing has begun. Once more, the first grace counts. */
  stop(graceMs: number): OnceState {
    if (this.#run === undefined && readOnceState(this.#paths) === undefined) writeOnceState(this.#paths, { state: 'cut', exitCode: null, sinceBootMs: this.#outside.bootMs(), ranMs: null });
    if (this.#run !== undefined && !this.#stopping) {
      this.#stopping = true;
      void this.#end(graceMs);
    }
    return this.tell() ?? readOnceState(this.#paths)!;
  }

  /** The sandbox is about to go, or gone. The first reason stays. */
  over(why: 'cut' | 'lost'): void {
    this.#over ??= why;
  }

  /** Resolves when how it ended is written down; at once where nothing has begun. */
  async written(): Promise<void> {
    await this.#run;
  }

  /** All that it has begun and has not let go of: as a batch system does, since a launcher need not pass on what it is told. */
  async #end(graceMs: number): Promise<void> {
    const child = this.#child;
    const untilMs = this.#outside.bootMs() + graceMs;
    let isTold = false;
    const runs = (): boolean => child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
    while (runs()) {
      const force = this.#outside.bootMs() >= untilMs;
      const found = descendantsOf(child!.pid!);
      // Told once: what it begins in its grace, to save what it has, is left to do it.
      if (force || !isTold) for (const pid of found) send(pid, force ? 'SIGKILL' : 'SIGTERM');
      isTold ||= found.length > 0;
      await this.#outside.wait(LOOK_MS);
    }
  }

  async #begin({ command, env }: JobOrder): Promise<void> {
    const sinceBootMs = this.#outside.bootMs();
    writeOnceState(this.#paths, { state: 'running', exitCode: null, sinceBootMs, ranMs: null });
    const log = new JobLog(logOf(this.#paths));
    const child = spawnInside(this.#inside, ['/bin/sh', '-c', FIRST, 'sh', ...command], ['ignore', 'pipe', 'pipe'], { ...ENV, ...env });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => log.add(chunk));
    const closed = new Promise<void>((resolve) => { child.once('close', () => resolve()); });
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once('exit', (exitCode, by) => resolve({ code: exitCode, signal: by }));
      child.once('error', (error) => {
        log.add(Buffer.from(`it could not be started: ${error.message}\n`));
        resolve({ code: 126, signal: null });
      });
    });
    const ranMs = Math.floor(this.#outside.bootMs() - sinceBootMs);
    const waited = new AbortController();
    await Promise.race([closed, this.#outside.wait(LAST_WORDS_MS, waited.signal)]);
    waited.abort();
    // A program that a signal ended while its sandbox went was ended by that.
    const by = signal === null ? null : this.#over;
    writeOnceState(this.#paths, { state: by ?? 'ended', exitCode: by === null ? (code ?? 128 + constants.signals[signal!]) : null, sinceBootMs, ranMs });
    void closed.then(() => log.close());
  }
}

function send(pid: number, which: NodeJS.Signals): void {
  try {
    process.kill(pid, which);
  } catch {
    // It has ended meanwhile.
  }
}
