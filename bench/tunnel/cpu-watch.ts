import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_MS = 50;

interface Seen {
  readonly parent: number;
  readonly seconds: number;
}

/** CPU by sort of process, of all that this benchmark has started: it looks again and again, since some of them are short-lived. */
export class CpuWatch {
  readonly #nameOf: (pid: number, words: string) => string | undefined;
  readonly #before = new Map<number, number>();
  readonly #now = new Map<number, number>();
  readonly #names = new Map<number, string>();
  readonly #loop: Promise<void>;
  #over = false;

  /** @param nameOf what a process counts as, by its number and command; undefined: it is not counted. */
  constructor(nameOf: (pid: number, words: string) => string | undefined) {
    this.#nameOf = nameOf;
    this.#look();
    for (const [pid, seconds] of this.#now) this.#before.set(pid, seconds);
    this.#loop = this.#keepLooking();
  }

  /** Ends it. Seconds of CPU by name. */
  async end(): Promise<ReadonlyMap<string, number>> {
    this.#over = true;
    await this.#loop;
    const sums = new Map<string, number>();
    for (const [pid, name] of this.#names) sums.set(name, (sums.get(name) ?? 0) + this.#now.get(pid)! - (this.#before.get(pid) ?? 0));
    return sums;
  }

  async #keepLooking(): Promise<void> {
    while (!this.#over) {
      await wait(LOOK_MS);
      this.#look();
    }
  }

  #look(): void {
    const all = new Map<number, Seen>();
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      const stat = read(`/proc/${pid}/stat`)?.replace(/^.*\) /, '').split(' ');
      if (stat !== undefined) all.set(pid, { parent: Number(stat[1]), seconds: (Number(stat[11]) + Number(stat[12])) / 100 });
    }
    for (const [pid, { seconds }] of all) {
      if (!isOurs(pid, all)) continue;
      this.#now.set(pid, seconds);
      // Named at each look: a process becomes another program.
      const named = this.#nameOf(pid, (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' '));
      if (named !== undefined) this.#names.set(pid, named);
    }
  }
}

function isOurs(pid: number, all: ReadonlyMap<number, Seen>): boolean {
  for (let at = all.get(pid)?.parent ?? 0; at > 1; at = all.get(at)?.parent ?? 0) if (at === process.pid) return true;
  return false;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It is gone.
    return undefined;
  }
}
