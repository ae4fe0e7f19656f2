import type { Outside } from '../outside.ts';
import type { Message } from '../wire/index.ts';
import { spawnInside, type Sandbox } from './inside.ts';

/** A program that runs in a lease for as long as the lease does. */
export interface JobOrder {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const MOST_LOG_BYTES = 16 * 1024;
const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 30_000;
/** A program that ran for so long did start: what ends it then is new. */
const WELL_AFTER_MS = 60_000;

/** One program inside a lease's sandbox, begun again when it ends, ever more slowly. It ends with the sandbox. */
export class Job {
  readonly order: JobOrder;
  readonly #inside: Sandbox;
  readonly #outside: Outside;
  #over = false;
  #runs = false;
  #exits = 0;
  #lastExit: string | null = null;
  #log = Buffer.alloc(0);

  constructor(order: JobOrder, inside: Sandbox, outside: Outside) {
    this.order = order;
    this.#inside = inside;
    this.#outside = outside;
  }

  /** The last of what it has printed is all that is kept. */
  describe(): Message {
    return { running: this.#runs, exits: this.#exits, lastExit: this.#lastExit, log: this.#log.toString('utf8') };
  }

  /** The sandbox is gone: nothing is begun again. */
  end(): void {
    this.#over = true;
  }

  async run(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#over;) {
      const fromMs = this.#outside.bootMs();
      this.#lastExit = await this.#once();
      this.#exits += 1;
      if (this.#outside.bootMs() - fromMs > WELL_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      const untilMs = this.#outside.bootMs() + pauseMs;
      pauseMs = Math.min(MOST_PAUSE_MS, pauseMs * 2);
      while (!this.#over && this.#outside.bootMs() < untilMs) await this.#outside.wait(Math.min(200, pauseMs));
    }
  }

  /** Resolves with how it ended, as a sentence's part. */
  #once(): Promise<string> {
    return new Promise((resolve) => {
      const { command, env } = this.order;
      const child = spawnInside(this.#inside, command, ['ignore', 'pipe', 'pipe'], { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/tenant', ...env });
      this.#runs = true;
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { this.#log = Buffer.concat([this.#log, chunk]).subarray(-MOST_LOG_BYTES); });
      const ended = (how: string): void => {
        this.#runs = false;
        resolve(how);
      };
      child.once('error', (error) => ended(`it could not be started: ${error.message}`));
      child.once('close', (code, signal) => ended(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`));
    });
  }
}
