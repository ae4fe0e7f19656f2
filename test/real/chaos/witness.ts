import { readFileSync, readdirSync } from 'node:fs';
import { AGENT_HOME, type StandInHost } from '../../../agent/src/testing/stand-in-host.ts';
import type { LeaseSeen, Tenants } from './tenants.ts';
import type { ChaosHouse } from './house.ts';

/** Users of leases have numbers from here on. */
const FIRST_UID = 1_000_000_000;
const GRACE_MS = 5_000;
/** From here on it is told: it is well before something is wrong. */
const LONG_MS = 1_000;

/** What ran on one host at one time: by lease, with the units that the host's own note of it names. */
interface Sample {
  readonly atMs: number;
  readonly host: number;
  readonly running: ReadonlyMap<string, readonly string[]>;
  /** One of the programs of each. */
  readonly programs: ReadonlyMap<string, string>;
}

interface Note {
  readonly lease: string;
  readonly uid: number;
  readonly units: readonly string[];
}

/** Looks from outside at what runs on hosts, and holds it against what the server says. */
export class Witness {
  readonly faults: string[] = [];
  samples = 0;
  /** First and last time that each lease was seen to run, in this process's time. */
  readonly seenMs = new Map<string, { first: number; last: number }>();
  /** The longest that a lease was seen to run after its end was confirmed, with nothing in the way. */
  longestMs = 0;
  readonly #house: ChaosHouse;
  readonly #tenants: Tenants;
  readonly #nodeIds: string[];
  #pending: Sample[] = [];
  #before = new Map<string, LeaseSeen>();
  #strays = new Set<number>();

  /** @param nodeIds of the hosts, in their order. */
  constructor(house: ChaosHouse, tenants: Tenants, nodeIds: string[]) {
    this.#house = house;
    this.#tenants = tenants;
    this.#nodeIds = nodeIds;
  }

  /** One look at the processes of all hosts. */
  look(): void {
    // What runs while the processes are read, ran when that began: on a busy machine the reading takes long.
    const atMs = Date.now();
    const table = processTable();
    const strays = new Set<number>();
    this.#house.hosts.forEach((host, index) => {
      const init = initOf(host);
      if (init === undefined) return;
      const notes = notesOf(host);
      const running = new Map<string, readonly string[]>();
      const programs = new Map<string, string>();
      for (const [pid, { uid }] of table) {
        if (uid < FIRST_UID || !descends(table, pid, init)) continue;
        const note = notes.find((one) => one.uid === uid);
        if (note === undefined) strays.add(pid);
        else {
          running.set(note.lease, note.units);
          programs.set(note.lease, `${pid} of ${table.get(pid)!.parent}: ${commandOf(pid)}`);
        }
      }
      const held = [...running];
      held.forEach(([lease, units], at) => {
        for (const [other, theirs] of held.slice(at + 1)) if (units.some((unit) => theirs.includes(unit))) this.#fault(`two holders on ${host.name}: ${lease} and ${other} run with ${units.join(', ')} and ${theirs.join(', ')}`);
      });
      for (const lease of running.keys()) {
        const seen = this.seenMs.get(lease);
        if (seen === undefined) this.seenMs.set(lease, { first: atMs, last: atMs });
        else seen.last = atMs;
      }
      this.#pending.push({ atMs, host: index, running, programs });
      this.samples += 1;
    });
    // A process may lose its note between two readings: twice in a row it is nobody's.
    for (const pid of strays) if (this.#strays.has(pid)) this.#fault(`process ${pid} belongs to no lease that its machine knows`);
    this.#strays = strays;
  }

  /** What the server says, asked for after the looks that it is held against. */
  hold(leases: readonly LeaseSeen[]): void {
    const byId = new Map(leases.map((lease) => [lease.id, lease]));
    for (const { atMs, host, running, programs } of this.#pending) for (const lease of running.keys()) this.#judge(atMs, host, lease, byId.get(lease), programs.get(lease)!);
    this.#pending = [];
    this.#before = byId;
  }

  #judge(atMs: number, host: number, id: string, lease: LeaseSeen | undefined, program: string): void {
    const where = this.#house.hosts[host]!.name;
    if (lease === undefined) return this.#fault(`${id} runs on ${where}, and the server does not know it`);
    const on = lease.machines.find(({ machineId }) => machineId === this.#nodeIds[host]);
    if (on === undefined) return this.#fault(`${id} runs on ${where}, where it has nothing`);
    if (this.#before.get(id)?.machines.some(({ machineId, stage }) => machineId === on.machineId && stage === 'wiped')) this.#fault(`${id} runs on ${where} after its wipe`);
    // It has an end on the machine's own clock, whatever becomes of server and network.
    const late = (endMs: number): number => (atMs - endMs) / 1_000;
    if (lease.endsAt !== null && late(Date.parse(lease.endsAt)) > GRACE_MS / 1_000) this.#fault(`${id} runs on ${where} ${late(Date.parse(lease.endsAt)).toFixed(1)} s after its time`);
    // Who ends it early has to reach the machine.
    const endedMs = this.#tenants.endedMs.get(id);
    const fromMs = Math.max(endedMs ?? Number.POSITIVE_INFINITY, this.#house.troubledMs[host]!);
    if (atMs - fromMs > Math.max(this.longestMs, LONG_MS)) this.#house.note(`${id} runs on ${where} ${late(fromMs).toFixed(1)} s after its end`);
    this.longestMs = Math.max(this.longestMs, atMs - fromMs);
    if (late(fromMs) > GRACE_MS / 1_000) this.#fault(`${id} runs on ${where} ${late(fromMs).toFixed(1)} s after it was ended, with nothing in the way (process ${program})`);
  }

  #fault(text: string): void {
    // The same thing at each look is one thing.
    const kindOf = (one: string): string => one.replaceAll(/\d+\.\d s/g, 'some s').replace(/ \(process .*/s, '');
    const kind = kindOf(text);
    if (this.faults.some((one) => kindOf(one) === kind)) return;
    this.faults.push(text);
    this.#house.note(`WRONG ${text}`);
  }
}

/** What leases and their tenants have left on a host: empty when every wipe was done. */
export function remains(host: StandInHost): string[] {
  const init = initOf(host);
  const table = processTable();
  const left = init === undefined ? [] : [...table].filter(([pid, { uid }]) => uid >= FIRST_UID && descends(table, pid, init)).map(([pid, { uid }]) => `process ${pid} of user ${uid}`);
  return [...left, ...namesIn(host.path(`${AGENT_HOME}/leases`)).filter((name) => /^[0-9a-f]{8}-/.test(name)).map((name) => `the folder ${name}`)];
}

function initOf(host: StandInHost): number | undefined {
  try {
    const { init } = host;
    return Number.isSafeInteger(init) && init > 0 ? init : undefined;
  } catch {
    return undefined;
  }
}

function notesOf(host: StandInHost): Note[] {
  const folder = host.path(`${AGENT_HOME}/leases`);
  return namesIn(folder).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(`${folder}/${name}/lease.json`, 'utf8')) as Note];
    } catch {
      return [];
    }
  });
}

type Table = ReadonlyMap<number, { readonly parent: number; readonly uid: number }>;

/** Every process that lives, but no dead one that waits to be taken in. */
function processTable(): Table {
  const table = new Map<number, { parent: number; uid: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      if (/^State:\s+[ZX]/m.test(status)) continue;
      const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      if (uid >= FIRST_UID && isOfWipe(readFileSync(`/proc/${name}/cmdline`, 'utf8'), uid)) continue;
      table.set(Number(name), { parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]), uid });
    } catch {
      // It has ended meanwhile.
    }
  }
  return table;
}

/** A wipe looks for what a lease's user has left as that user, outside of its sandbox: that is the agent at work, and nobody's program. */
function isOfWipe(commandLine: string, uid: number): boolean {
  const [program, ...words] = commandLine.split('\0').slice(0, -1);
  return program === 'find' && words.slice(-4, -1).join(' ') === `-xdev -user ${uid}` && ['-print0', '-delete'].includes(words.at(-1)!);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
  } catch {
    return 'it has ended';
  }
}

function descends(table: Table, pid: number, from: number): boolean {
  for (let at = table.get(pid); at !== undefined; at = table.get(at.parent)) if (at.parent === from) return true;
  return false;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
