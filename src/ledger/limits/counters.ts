import { createHash } from 'node:crypto';
import type { Slices } from '../slices/slices.ts';
import { Counter } from './counter.ts';
import type { Limit } from './limit.ts';

/** So many names a limit tells apart at once; those past it share one count. */
export const NAMES_AT_MOST = 10_000;
/** A name that did not call for this long is forgotten; what it holds is remembered by its slices. */
const FORGOTTEN_MS = 120_000;
/** Names to forget are looked for this often at most. */
const LOOK_EVERY_MS = 1_000;
const ALL = '';
const OTHERS = 'others';
const SHORT_NAME = 64;

interface Names {
  readonly counters: Map<string, Counter>;
  lookedAtMs: number;
}

/** The counts of all limits in this process. Bounded: a caller makes names up as it likes. */
export class Counters {
  readonly #slices: Slices;
  readonly #atMost: number;
  readonly #byLimit = new Map<string, Names>();

  constructor(slices: Slices, atMost = NAMES_AT_MOST) {
    this.#slices = slices;
    this.#atMost = atMost;
  }

  /** @param name whose calls are counted; null: all of the limit's together. */
  of(limit: Limit, name: string | null, atMs: number): Counter {
    let known = this.#byLimit.get(limit.id);
    if (known === undefined) {
      known = { counters: new Map(), lookedAtMs: 0 };
      this.#byLimit.set(limit.id, known);
    }
    const key = name === null ? ALL : name.length > SHORT_NAME ? hashOf(name) : `=${name}`;
    const found = known.counters.get(key);
    // A limit that was changed is another object: its counter is made anew and finds its slices again.
    if (found !== undefined && found.limit === limit) return found;
    if (name !== null && found === undefined && known.counters.size >= this.#atMost && !forget(known, atMs)) return this.#others(limit, known);
    const made = new Counter(limit, name, name === null ? ALL : hashOf(name), this.#slices);
    made.usedAtMs = atMs;
    known.counters.set(key, made);
    return made;
  }

  /** Drops what belongs to limits that are gone. */
  keepOnly(limitIds: ReadonlySet<string>): void {
    for (const id of this.#byLimit.keys()) if (!limitIds.has(id)) this.#byLimit.delete(id);
  }

  get size(): number {
    let size = 0;
    for (const known of this.#byLimit.values()) size += known.counters.size;
    return size;
  }

  #others(limit: Limit, known: Names): Counter {
    const found = known.counters.get(OTHERS);
    if (found !== undefined && found.limit === limit) return found;
    const made = new Counter(limit, null, OTHERS, this.#slices);
    known.counters.set(OTHERS, made);
    return made;
  }
}

/** True: there is room again. */
function forget(known: Names, atMs: number): boolean {
  if (atMs - known.lookedAtMs < LOOK_EVERY_MS) return false;
  known.lookedAtMs = atMs;
  const before = known.counters.size;
  for (const [key, counter] of known.counters) if (atMs - counter.usedAtMs > FORGOTTEN_MS) known.counters.delete(key);
  return known.counters.size < before;
}

/** Names of callers' users do not go to Postgres as they are. */
function hashOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, 22);
}
