import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock, Logger } from '../../base/index.ts';
import type { Connection } from '../../db/index.ts';
import type { LogPosition } from '../log/segments.ts';
import type { FromPoster, ToPoster } from './messages.ts';

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url));
/** How long written bytes may wait until the poster is told of them. */
const TELL_MS = 25;
const RESTART_MS_MAX = 5_000;

export interface PosterOptions {
  readonly connection: Connection;
  readonly ledgerFolder: string;
  readonly home: string;
  readonly epochId: string;
  readonly operator: () => string | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly logLevel: string;
  readonly position: () => LogPosition;
  readonly onPosted: (position: LogPosition, record: number) => void;
}

export type PosterState = 'starting' | 'running' | 'restarting' | 'failing' | 'stopped';

/** What brings a log into the database, as the ledger sees it. */
export type LogPoster = Pick<Poster, 'start' | 'state' | 'written' | 'beat' | 'finish' | 'restarts'>;

/** Keeps one poster process running beside this one, and tells it how far the log is written. */
export class Poster {
  readonly #options: PosterOptions;
  #child: ChildProcess | undefined;
  #state: PosterState = 'stopped';
  #reason: string | null = null;
  #lastPostedAtMs: number | null = null;
  #stopping = false;
  #telling: NodeJS.Timeout | undefined;
  #ready = Promise.withResolvers<void>();
  #finished = Promise.withResolvers<void>();
  #isFinished = false;
  #restartMs = 100;
  readonly #stop = new AbortController();
  restarts = 0;

  constructor(options: PosterOptions) {
    this.#options = options;
  }

  /** Resolves when the poster runs and the dead epochs of this home are ended. */
  start(): Promise<void> {
    this.#spawn();
    return this.#ready.promise;
  }

  state(): { state: PosterState; reason: string | null; lastPostedAtMs: number | null; pid: number | null } {
    return { state: this.#state, reason: this.#reason, lastPostedAtMs: this.#lastPostedAtMs, pid: this.#isRunning() ? (this.#child?.pid ?? null) : null };
  }

  /** The log grew. Said on at most some times a second. */
  written(): void {
    if (this.#telling !== undefined || this.#stopping) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#tell();
    }, TELL_MS);
  }

  /** Says how far the log is, also when it did not grow: then nothing is missing. */
  beat(): void {
    if (!this.#stopping) this.#tell();
  }

  /** Lets it post to the end and end the epoch. Ends it by force after `withinMs`: then the next start goes on. */
  async finish(withinMs: number): Promise<boolean> {
    this.#stopping = true;
    clearTimeout(this.#telling);
    this.#send({ kind: 'finish' });
    const late = new AbortController();
    const done = await Promise.race([
      this.#finished.promise.then(() => true),
      this.#options.clock.sleep(withinMs, late.signal).then(() => false, () => false),
    ]);
    late.abort();
    this.#stop.abort(new Error('the ledger is closed'));
    const child = this.#child;
    if (child !== undefined && this.#isRunning()) {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (!done) child.kill('SIGKILL');
      await exited;
    }
    this.#state = 'stopped';
    return done;
  }

  #spawn(): void {
    const { connection, ledgerFolder, home, epochId, operator, logLevel } = this.#options;
    if (this.#state === 'stopped') this.#state = 'starting';
    // A process group of its own: Ctrl-C in the terminal reaches the gateway only.
    const child = fork(PROGRAM, [], { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--max-semi-space-size=32'], serialization: 'json' });
    this.#child = child;
    child.on('message', (message: FromPoster) => this.#heard(message));
    child.on('error', (error) => this.#options.log.warn({ reason: error.message }, 'the poster could not be started'));
    child.once('exit', (code, signal) => this.#exited(child, signal ?? `code ${code}`));
    this.#send({ kind: 'start', connection, ledgerFolder, home, epochId, operatorId: operator(), logLevel });
    this.#tell();
    if (this.#stopping) this.#send({ kind: 'finish' });
  }

  #heard(message: FromPoster): void {
    switch (message.kind) {
      case 'ready':
        this.#state = 'running';
        this.#restartMs = 100;
        this.#reason = null;
        this.#tell();
        if (this.#stopping) this.#send({ kind: 'finish' });
        this.#ready.resolve();
        return;
      case 'posted':
        this.#state = 'running';
        this.#reason = null;
        this.#lastPostedAtMs = message.atMs;
        this.#options.onPosted(message.position, message.record);
        return;
      case 'failed':
        this.#state = 'failing';
        this.#reason = message.reason;
        return;
      case 'finished':
        this.#isFinished = true;
        this.#finished.resolve();
        return;
    }
  }

  #exited(child: ChildProcess, how: string): void {
    if (this.#child !== child || this.#isFinished || this.#stop.signal.aborted) return;
    this.#state = 'restarting';
    this.restarts += 1;
    this.#options.log.warn({ how }, 'the poster ended; it is started again');
    const waitMs = this.#restartMs;
    this.#restartMs = Math.min(waitMs * 2, RESTART_MS_MAX);
    this.#options.clock.sleep(waitMs, this.#stop.signal).then(() => this.#spawn(), () => {});
  }

  #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #tell(): void {
    this.#send({ kind: 'written', position: this.#options.position(), atMs: this.#options.clock.nowMs() });
  }

  #send(message: ToPoster): void {
    const child = this.#child;
    if (child?.connected) child.send(message, () => {
      // A poster that died is started again and told anew.
    });
  }
}
