import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockFrom } from '../../../agent/src/testing/stand-in-host.ts';
import { freshFolder, startProgram, type Program } from '../../acceptance/support/program.ts';

/** A supervisor waits so long before it starts anew what would not start. */
const SUPERVISOR_S = 1;

const pause = (seconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, seconds * 1_000); });

/** A server process that can be killed and comes back with what it had, and whose wall clock can be set. */
export class ChaosServer {
  readonly home = freshFolder('chaos');
  readonly #env: Readonly<Record<string, string>>;
  #program: Program | undefined;
  /** What the starts before this one printed. */
  #said = '';
  #starting: Promise<void> | undefined;
  #closing = false;
  readonly #endedByItself: (why: string) => void;

  /** @param endedByItself told whenever it ended that nobody had killed. */
  constructor(env: Readonly<Record<string, string>>, endedByItself: (why: string) => void) {
    this.#endedByItself = endedByItself;
    const clock = join(this.home, 'clock');
    writeFileSync(clock, '+0\n');
    this.#env = { ...env, ...clockFrom(clock) };
  }

  /** All that it printed, over all its starts. */
  said(): string {
    return this.#said + (this.#program?.output() ?? '');
  }

  get program(): Program {
    return this.#program!;
  }

  /** Whether it is there, as far as this process knows. */
  get up(): boolean {
    return this.#program !== undefined && this.#starting === undefined;
  }

  async start(): Promise<void> {
    const program = await startProgram({ direct: true, home: this.home, env: this.#env });
    this.#said = this.said();
    this.#program = program;
    void program.ended.then((code) => {
      if (this.#closing || this.#starting !== undefined || this.#program !== program) return;
      this.#endedByItself(`it ended by itself with ${code}: ${program.output().slice(-500)}`);
      void this.#again(0);
    });
  }

  /** Killed, and started again after so many seconds. Whoever does it while somebody else does waits for that. */
  restart(down: number): Promise<void> {
    if (this.#starting !== undefined) return this.#starting;
    // Whoever is to come back is not what has ended by itself.
    const again = this.#again(down);
    void this.program.killServer();
    return again;
  }

  /** As a supervisor does: started again and again until it is there. */
  #again(down: number): Promise<void> {
    this.#starting ??= (async () => {
      await this.program.ended;
      await pause(down);
      for (;;) {
        // A server takes what the wall clock says when it starts for right.
        this.setClock(0);
        try {
          await this.start();
          return;
        } catch (error) {
          this.#endedByItself((error as Error).message);
          await pause(SUPERVISOR_S);
        }
      }
    })().finally(() => { this.#starting = undefined; });
    return this.#starting;
  }

  /** Resolves when it is not being started. */
  async there(): Promise<void> {
    await this.#starting;
  }

  setClock(offSeconds: number): void {
    writeFileSync(join(this.home, 'clock.new'), `${offSeconds < 0 ? '' : '+'}${offSeconds}\n`);
    renameSync(join(this.home, 'clock.new'), join(this.home, 'clock'));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#starting;
    await this.#program?.interrupt();
  }
}
