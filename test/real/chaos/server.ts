import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockFrom } from '../../../agent/src/testing/stand-in-host.ts';
import { freshFolder, startProgram, type Program } from '../../acceptance/support/program.ts';

/** A server process that can be killed and comes back with what it had, and whose wall clock can be set. */
export class ChaosServer {
  readonly home = freshFolder('chaos');
  readonly #env: Readonly<Record<string, string>>;
  #program: Program | undefined;
  #starting: Promise<void> | undefined;

  constructor(env: Readonly<Record<string, string>>) {
    const clock = join(this.home, 'clock');
    writeFileSync(clock, '+0\n');
    this.#env = { ...env, ...clockFrom(clock) };
  }

  get program(): Program {
    return this.#program!;
  }

  /** Whether it is there, as far as this process knows. */
  get up(): boolean {
    return this.#program !== undefined && this.#starting === undefined;
  }

  async start(): Promise<void> {
    this.#program = await startProgram({ direct: true, home: this.home, env: this.#env });
  }

  /** Killed, and started again after so many seconds. Whoever does it while somebody else does waits for that. */
  restart(down: number): Promise<void> {
    this.#starting ??= (async () => {
      await this.program.killServer();
      await new Promise((resolve) => { setTimeout(resolve, down * 1_000); });
      // A server takes what the wall clock says when it starts for right.
      this.setClock(0);
      await this.start();
    })().finally(() => { this.#starting = undefined; });
    return this.#starting;
  }

  setClock(offSeconds: number): void {
    writeFileSync(join(this.home, 'clock.new'), `${offSeconds < 0 ? '' : '+'}${offSeconds}\n`);
    renameSync(join(this.home, 'clock.new'), join(this.home, 'clock'));
  }

  async close(): Promise<void> {
    await this.#starting;
    await this.#program?.interrupt();
  }
}
