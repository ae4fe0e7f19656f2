import type { ReplyEvent } from '../../neutral/reply.ts';

type PartEvent = Extract<ReplyEvent, { type: 'part' }>;
type InPart = Extract<ReplyEvent, { type: 'delta' | 'part_end' }>;

/** What is done with one block, in the order in which a caller may see it. */
export interface BlockSteps {
  open(event: PartEvent): void;
  within(event: InPart): void;
}

/**
 * Brings parts into the order of Anthropic's stream, where one block ends before the next begins: what belongs to a part that was
 * opened while another one is open waits until that one ends. Only parallel calls of tools ever wait.
 */
export class OpenBlocks {
  readonly #steps: BlockSteps;
  /** The part that is open, and those that wait behind it, in the order in which they were opened. */
  readonly #line: { readonly part: number; readonly events: ReplyEvent[]; ended: boolean }[] = [];

  constructor(steps: BlockSteps) {
    this.#steps = steps;
  }

  take(event: PartEvent | InPart): void {
    if (event.type === 'part') {
      const first = this.#line.length === 0;
      this.#line.push({ part: event.part, events: first ? [] : [event], ended: false });
      if (first) this.#steps.open(event);
      return;
    }
    const at = this.#line.findIndex((one) => one.part === event.part);
    const found = this.#line[at];
    // A piece of a part that was never opened, or has ended, has no block to stand in.
    if (!found) return;
    if (event.type === 'part_end') found.ended = true;
    if (at > 0) {
      found.events.push(event);
      return;
    }
    this.#steps.within(event);
    if (found.ended) this.#next();
  }

  /** Ends what a reader left open. */
  close(): void {
    while (this.#line.length > 0) {
      const { part, ended } = this.#line[0]!;
      if (ended) this.#next();
      else this.take({ type: 'part_end', choice: 0, part });
    }
  }

  #next(): void {
    this.#line.shift();
    const next = this.#line[0];
    if (!next) return;
    for (const event of next.events.splice(0)) {
      if (event.type === 'part') this.#steps.open(event);
      else if (event.type === 'delta' || event.type === 'part_end') this.#steps.within(event);
    }
    if (next.ended) this.#next();
  }
}
