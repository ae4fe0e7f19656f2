import { createHash, hash } from 'node:crypto';
import { hashedText, placeText, type PlaceText } from '../rating/event-hash.ts';
import { Tally, type DayOfPlace } from './tally.ts';
import type { UsageEvent, UsagePlace } from './usage-event.ts';

/** Which log the events belong to, and where it stands before them. */
export interface LogState {
  readonly epochId: string;
  /** Of the last event before these. */
  readonly lastSequence: bigint;
  /** Hash of the posting before. */
  readonly chain: Buffer;
  readonly atMs: number;
}

/** An event with its place in its log. */
export interface SealedEvent {
  readonly event: UsageEvent;
  readonly sequence: number;
  /** SHA-256, one character a byte (latin1): thousands a second are made, and a Buffer for each takes longer than the hash. */
  readonly hash: string;
}

/** What a batch comes to, when all of its events are there. */
export interface BatchSums {
  readonly epochId: string;
  readonly atMs: number;
  readonly first: bigint;
  /** Below `first` when the batch has no event. */
  readonly lastSequence: bigint;
  readonly chain: Buffer;
  readonly days: readonly DayOfPlace[];
}

const texts = new WeakMap<UsagePlace, PlaceText>();

/** The events of one transaction: numbers them, hashes them, chains their hashes and sums them up, slice by slice. No database. */
export class EventBatch {
  readonly #log: LogState;
  readonly #tally: Tally;
  readonly #chain;
  #last: number;

  /** `labelled`: as `labelledOrganisations` says. */
  constructor(log: LogState, labelled: ReadonlySet<string>) {
    this.#log = log;
    this.#tally = new Tally(labelled);
    this.#chain = createHash('sha256').update(log.chain);
    this.#last = Number(log.lastSequence);
  }

  seal(events: readonly UsageEvent[]): SealedEvent[] {
    let chained = '';
    const sealed = events.map((event) => {
      this.#last += 1;
      this.#tally.add(event);
      const one = { event, sequence: this.#last, hash: hash('sha256', hashedText(textOf(event.place), event, this.#log.epochId, this.#last), 'binary') };
      chained += one.hash;
      return one;
    });
    this.#chain.update(chained, 'latin1');
    return sealed;
  }

  /** Ends the chain: call it once. */
  sums(): BatchSums {
    const { epochId, atMs, lastSequence, chain } = this.#log;
    const last = BigInt(this.#last);
    return { epochId, atMs, first: lastSequence + 1n, lastSequence: last, chain: last === lastSequence ? chain : this.#chain.digest(), days: this.#tally.days() };
  }
}

function textOf(place: UsagePlace): PlaceText {
  let text = texts.get(place);
  if (text === undefined) {
    text = placeText(place);
    texts.set(place, text);
  }
  return text;
}
