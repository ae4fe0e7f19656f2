import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { runCommand } from '../../machine/command.ts';
import type { Home } from '../../state/home.ts';
import type { Sandbox } from '../inside.ts';
import type { LeaseRecord } from '../record.ts';
import { withRankSocket } from './rank-network.ts';

export interface RankLineOptions {
  readonly home: Home;
  readonly record: LeaseRecord;
  readonly inside: Sandbox;
  /** Where what it says of itself goes. */
  readonly log: number;
}

/** The one process that serves a lease's line of ranks, as the keeper has it. A later line takes the place of the one before: its server may be gone without a word. */
export class RankLineHolder {
  readonly #options: RankLineOptions;
  #turn: Promise<void> = Promise.resolve();
  #child: ChildProcess | undefined;
  #over = false;

  constructor(options: RankLineOptions) {
    this.#options = options;
  }

  /** Gives the socket to a process of its own; one that cannot have it is closed. */
  take(socket: Socket): Promise<void> {
    this.#turn = this.#turn.then(() => this.#begin(socket)).catch(() => void socket.destroy());
    return this.#turn;
  }

  /** The lease is over: nothing of it asks for anything any more. */
  end(): void {
    this.#over = true;
    this.#child?.kill('SIGKILL');
  }

  async #begin(socket: Socket): Promise<void> {
    const { home, record, inside, log } = this.#options;
    await this.#gone();
    if (this.#over || record.ranks === null || !('pid' in inside)) return void socket.destroy();
    const command = await withRankSocket(runCommand, inside.pid, [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../main.ts'), 'ranks', '--home', home.root, '--lease', record.lease]);
    if (command === undefined || this.#over) return void socket.destroy();
    const [program, ...args] = command;
    this.#child = spawn(program!, args, { stdio: [socket, socket, log], cwd: '/' });
    this.#child.on('error', () => {});
    // The process has the socket now: this end of it is closed, not shut down.
    socket.destroy();
  }

  /** The one before is gone, and its place inside is free. */
  async #gone(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise<void>((resolve) => { child.once('close', () => resolve()).once('error', () => resolve()); });
    child.kill('SIGKILL');
    await over;
  }
}
