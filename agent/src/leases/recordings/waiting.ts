import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, readdirSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../../state/home.ts';
import { WireError, textOf, wholeOf, type Message } from '../../wire/index.ts';
import { leaseOf } from '../record.ts';
import { recordingsOf, type RecordingFacts } from './recording.ts';

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MOST_LISTED = 50;
/** A message may have 512 KiB, and this is sent as base64. */
const PART_BYTES = 256 * 1024;

/** Recordings that the server has not fetched yet. */
export class WaitingRecordings {
  readonly #home: Home;

  constructor(home: Home) {
    this.#home = home;
  }

  /** Whether there are any, as far as one look at folders can tell. */
  get any(): boolean {
    return this.#leases().length > 0;
  }

  /** Those that are whole, the oldest first. @param runs whether a lease's keeper lives: what it has not ended, goes on. */
  async list(runs: (lease: string) => Promise<boolean>): Promise<Message> {
    const recordings: (RecordingFacts & { readonly bytes: number })[] = [];
    for (const lease of this.#leases()) {
      const alive = await runs(lease);
      for (const facts of this.#of(lease)) {
        if (facts.endedMs === null && alive) continue;
        const cast = this.#cast(facts);
        const bytes = existsSync(cast) ? statSync(cast).size : 0;
        // Its keeper was ended in the middle of it.
        recordings.push({ ...facts, bytes, ...(facts.endedMs === null && { whole: false, endedMs: Math.floor(statSync(bytes > 0 ? cast : this.#facts(lease, facts.id)).mtimeMs) }) });
      }
    }
    return { recordings: recordings.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MOST_LISTED) };
  }

  /** A part of one, in base64; empty at its end. @throws WireError. */
  read(params: Message): Message {
    const at = wholeOf(params, 'at');
    const path = this.#cast({ lease: leaseOf(params), id: idOf(params) });
    if (!existsSync(path)) return { part: '' };
    const file = openSync(path, 'r');
    try {
      const part = Buffer.alloc(Math.min(PART_BYTES, Math.max(0, fstatSync(file).size - at)));
      return { part: part.subarray(0, readSync(file, part, 0, part.length, at)).toString('base64') };
    } finally {
      closeSync(file);
    }
  }

  /** The server has it. @throws WireError. */
  remove(params: Message): Message {
    const [lease, id] = [leaseOf(params), idOf(params)];
    rmSync(this.#cast({ lease, id }), { force: true });
    rmSync(this.#facts(lease, id), { force: true });
    try {
      rmdirSync(recordingsOf(this.#home, lease));
    } catch {
      // There are others.
    }
    return {};
  }

  #leases(): string[] {
    return namesIn(join(this.#home.root, 'recordings')).filter((name) => ID.test(name));
  }

  #of(lease: string): RecordingFacts[] {
    return namesIn(recordingsOf(this.#home, lease)).filter((name) => name.endsWith('.json')).flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(recordingsOf(this.#home, lease), name), 'utf8')) as RecordingFacts];
      } catch {
        return [];
      }
    });
  }

  #cast({ lease, id }: Pick<RecordingFacts, 'lease' | 'id'>): string {
    return join(recordingsOf(this.#home, lease), `${id}.cast`);
  }

  #facts(lease: string, id: string): string {
    return join(recordingsOf(this.#home, lease), `${id}.json`);
  }
}

function idOf(params: Message): string {
  const id = textOf(params, 'id', 36);
  if (!ID.test(id)) throw new WireError('bad_message', 'a recording has no id of one');
  return id;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
