import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ChaosHouse } from './house.ts';
import { Dice } from './random.ts';

/** Of a lease what the control API says of it. */
export interface LeaseSeen {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
  readonly resource: string;
  readonly count: number;
  readonly machines: readonly { readonly machineId: string; readonly units: readonly string[]; readonly stage: string }[];
  readonly startedAt: string | null;
  readonly endsAt: string | null;
  readonly stoppedAt: string | null;
  readonly minutes: { readonly asked: number | null; readonly paid: number; readonly outOfReach: number };
  readonly cost: { readonly soFar: string; readonly booked: string };
}

const MOST_AT_ONCE = 7;
/** A lease is not ended sooner than after so long: `tandem ssh` takes seconds where all fails. */
const STAY_MS = 8_000;

/** People who lease, extend, enter and end all the time, as a seed has them do it. What fails because the server is away is tried another time. */
export class Tenants {
  readonly #house: ChaosHouse;
  readonly #dice: Dice;
  readonly #wishes = new Map<string, object>();
  #asked = 0;
  #turns = 0;
  /** When the end of a lease was confirmed to who asked for it, in this process's time. */
  readonly endedMs = new Map<string, number>();
  readonly counts: Record<string, number> = {};
  readonly #sessions = new Set<Promise<void>>();
  readonly #entered = new Set<string>();
  readonly #ranMs = new Map<string, number>();

  constructor(house: ChaosHouse, seed: number) {
    this.#house = house;
    this.#dice = new Dice(seed ^ 0x5eed);
  }

  /** One thing that somebody does. */
  async act(seen: readonly LeaseSeen[]): Promise<void> {
    const live = seen.filter(({ state }) => state !== 'ended');
    const running = live.filter(({ id, state }) => state === 'running' && !this.endedMs.has(id));
    for (const { id } of running) if (!this.#ranMs.has(id)) this.#ranMs.set(id, Date.now());
    const roll = this.#dice.next();
    if (live.length < MOST_AT_ONCE && (roll < 0.45 || running.length === 0)) return this.#ask();
    if (running.length === 0) return;
    const lease = this.#dice.of(running);
    // Each is entered once, and has time for that before it is ended.
    if (!this.#entered.has(lease.id)) return this.#enter(lease.id);
    if (this.#dice.next() < 0.15) return void (await this.#call('extend', `/api/leases/${lease.id}/extend`, { minutes: 1 }));
    if (Date.now() - this.#ranMs.get(lease.id)! < STAY_MS) return;
    await this.#end(lease.id);
  }

  /** Ends all that is live. */
  async endAll(seen: readonly LeaseSeen[]): Promise<void> {
    for (const { id, state } of seen) {
      if (state !== 'ended' && !this.endedMs.has(id)) await this.#end(id);
    }
    await Promise.all(this.#sessions);
  }

  async #end(id: string): Promise<void> {
    if ((await this.#call('end', `/api/leases/${id}/end`, {})) === undefined) return;
    this.endedMs.set(id, Date.now());
    this.#house.note(`ended ${id}`);
  }

  async #ask(): Promise<void> {
    // A wish whose answer was lost is asked again by the same word, as an impatient person clicks twice.
    const open = [...this.#wishes].at(0);
    const [key, wish] = open ?? [`wish-${(this.#asked += 1)}`, this.#wish()];
    this.#wishes.set(key, wish);
    const both = this.#dice.next() < 0.2 ? [this.#call('ask', '/api/leases', { key, ...wish }), this.#call('ask', '/api/leases', { key, ...wish })] : [this.#call('ask', '/api/leases', { key, ...wish })];
    if ((await Promise.all(both)).some((answer) => answer !== undefined)) this.#wishes.delete(key);
  }

  #wish(): object {
    const minutes = this.#dice.whole(1, 3);
    return this.#dice.next() < 0.5 ? { kind: 'mac', minutes } : { kind: 'gpu', gpus: this.#dice.whole(1, 2), minutes };
  }

  /** Goes in by ssh, leaves a file and a program that goes on, as the next tenant must not find them. */
  async #enter(id: string): Promise<void> {
    this.#entered.add(id);
    const { url, key, home } = this.#house.program(this.#turn());
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../../src/cli/main.ts'), 'ssh', id, '--', 'echo canary > canary; (setsid sleep 3600 >/dev/null 2>&1 </dev/null &); echo in'], {
      env: { PATH: process.env['PATH'], HOME: home, TANDEM_HOME: home, TANDEM_URL: url, TANDEM_KEY: key }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString(); });
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const over = new Promise<void>((resolve) => {
      child.once('close', () => {
        clearTimeout(late);
        this.#count(out.includes('in') ? 'entered' : 'not entered');
        if (!out.includes('in')) this.#house.note(`not entered: ${err.trim().slice(-200) || 'no answer in time'}`);
        resolve();
      });
    });
    this.#sessions.add(over);
    void over.then(() => this.#sessions.delete(over));
  }

  /** Undefined: it failed, and may have been done all the same. */
  async #call(what: string, path: string, body: object): Promise<unknown> {
    try {
      const { url, key } = this.#house.program(this.#turn());
      const reply = await fetch(`${url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) });
      const answer: unknown = await reply.json();
      this.#count(reply.ok ? what : `${what} refused ${reply.status}`);
      if (reply.status >= 500) this.#house.note(`${what} ${reply.status} ${JSON.stringify(answer).slice(0, 300)}`);
      return reply.ok ? answer : undefined;
    } catch {
      this.#count(`${what} lost`);
      return undefined;
    }
  }

  /** Of several servers each is asked in its turn. */
  #turn(): number {
    return (this.#turns += 1);
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
