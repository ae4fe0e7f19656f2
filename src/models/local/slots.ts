/** What a slot needs to know of a sequence: which tokens its memory holds. */
interface Remembering<Token> {
  readonly contextTokens: readonly Token[];
}

/** One place to answer in: a sequence, and whose tokens it still remembers. */
interface Slot<Sequence> {
  readonly sequence: Sequence;
  key: string | undefined;
  busy: boolean;
  lastUsed: number;
}

/**
 * Chooses the free slot that remembers most of this prompt. Memory is only shared within a fairness
 * key: otherwise the count of cached tokens would tell one project what another one asked.
 */
export class Slots<Token, Sequence extends Remembering<Token>> {
  readonly #slots: Slot<Sequence>[];
  #uses = 0;

  constructor(sequences: readonly Sequence[]) {
    this.#slots = sequences.map((sequence) => ({ sequence, key: undefined, busy: false, lastUsed: 0 }));
  }

  /**
   * Takes a slot, or gives undefined when all are busy. `reuse` is how many leading tokens of the
   * prompt its memory holds, at most all but the last: that one is always evaluated, to have a next one.
   */
  take(key: string, prompt: readonly Token[]): { readonly slot: Slot<Sequence>; readonly reuse: number } | undefined {
    const candidates = this.#slots
      .filter((slot) => !slot.busy)
      .map((slot) => ({ slot, reuse: slot.key === key ? commonPrefix(slot.sequence.contextTokens, prompt) : 0 }))
      .sort((a, b) => b.reuse - a.reuse || a.slot.lastUsed - b.slot.lastUsed);
    const best = candidates[0];
    if (!best) return undefined;
    this.#uses += 1;
    best.slot.busy = true;
    best.slot.key = key;
    best.slot.lastUsed = this.#uses;
    return best;
  }

  give(slot: Slot<Sequence>): void {
    slot.busy = false;
  }
}

function commonPrefix<Token>(held: readonly Token[], prompt: readonly Token[]): number {
  const most = Math.min(held.length, prompt.length - 1);
  let length = 0;
  while (length < most && held[length] === prompt[length]) length += 1;
  return Math.max(0, length);
}
