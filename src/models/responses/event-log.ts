import type { Clock } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { Principal } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';
import { beganMs, type Owner } from './archive.ts';

export interface EventLogTools {
  readonly content: ContentStore;
  readonly database: Database;
  readonly clock: Clock;
}

/** Told with the response's id whenever there is more to read of it. */
export const EVENTS_CHANNEL = 'response_events';

/** Events are written down together, so many milliseconds of them or so many characters at once. */
const FLUSH_MS = 200;
const FLUSH_CHARACTERS = 64 * 1024;
/** How much may wait before its writer is held back. */
const MOST_WAITING = 1024 * 1024;
const SEQUENCE = /"sequence_number":(\d+)\}$/;

/** The number of the event in a frame; null where it has none, as in the closing mark. */
function sequenceOf(frame: string): number | null {
  const found = SEQUENCE.exec(frame);
  return found ? Number(found[1]) : null;
}

/**
 * Where a streamed response in the background writes its events: sealed, in pieces, so that readers in any process can follow
 * and begin anywhere. The last piece is held back for the transaction that ends the response.
 */
export class EventLogSink implements ReplySink {
  started = false;
  /** What came with the end, and is not written yet. */
  tail = '';
  readonly #tools: EventLogTools;
  readonly #owner: Owner;
  readonly #id: string;
  #waiting = '';
  #written: Promise<void> = Promise.resolve();
  #timer = false;

  constructor(tools: EventLogTools, owner: Owner, id: string) {
    this.#tools = tools;
    this.#owner = owner;
    this.#id = id;
  }

  head(): void {
    this.started = true;
  }

  write(chunk: string | Buffer): boolean {
    this.#waiting += chunk.toString();
    if (this.#waiting.length >= FLUSH_CHARACTERS) this.#flush();
    else if (!this.#timer) {
      this.#timer = true;
      void this.#tools.clock.sleep(FLUSH_MS).catch(() => {}).then(() => {
        this.#timer = false;
        this.#flush();
      });
    }
    return this.#waiting.length < MOST_WAITING;
  }

  drained(): Promise<void> {
    this.#flush();
    return this.#written;
  }

  end(chunk: string | Buffer = ''): void {
    this.tail = this.#waiting + chunk.toString();
    this.#waiting = '';
  }

  /** Resolves when all but the tail is written. @throws what the database throws. */
  async settled(): Promise<void> {
    await this.#written;
  }

  #flush(): void {
    const text = this.#waiting;
    if (text === '') return;
    this.#waiting = '';
    this.#written = this.#written.then(() => this.#tools.database.transaction((tx) => appendEvents(this.#tools, this.#owner, this.#id, text, tx)));
    // Whoever waits for `settled` is told; until then nobody is.
    this.#written.catch(() => {});
  }
}

/** Writes frames down as a content that belongs to the response, named by its first event so that names are in order. */
export async function appendEvents({ content, database }: EventLogTools, owner: Owner, id: string, text: string, tx: Executor): Promise<void> {
  const first = text.split('\n\n').map(sequenceOf).find((number) => number !== null) ?? 0;
  await content.put({ ...owner, purpose: 'background', kind: 'events', beganMs: beganMs(id), id: `${id}.${String(first).padStart(10, '0')}`, belongsTo: id, value: text }, tx);
  await database.notify(tx, EVENTS_CHANNEL, id);
}

/**
 * The frames of a response after an event, from what is written by now.
 * @param seen names of pieces that were read before; those read now are added.
 */
export async function* readEvents({ content, database }: EventLogTools, principal: Principal, id: string, after: number, seen: Set<string>): AsyncGenerator<string, void, undefined> {
  const rows = await database.scoped(principal.organisationId).selectFrom('contents').select('id').where('belongs_to', '=', id).where('kind', '=', 'events').where('whole', '=', true).orderBy('id').execute();
  for (const [at, { id: piece }] of rows.entries()) {
    if (seen.has(piece)) continue;
    seen.add(piece);
    const next = rows[at + 1];
    // All its events stand before the one that is asked for.
    if (next !== undefined && firstOf(next.id) <= after + 1) continue;
    const { value } = await content.get(principal, piece, 'background');
    for (const frame of value.toString().split('\n\n')) {
      if (frame === '') continue;
      const number = sequenceOf(frame);
      if (number === null || number > after) yield `${frame}\n\n`;
    }
  }
}

function firstOf(piece: string): number {
  return Number(piece.slice(piece.lastIndexOf('.') + 1));
}
