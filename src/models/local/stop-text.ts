/**
 * Watches a stream of text for stop texts that may come in pieces. Text that could be the beginning of
 * one is held back until it is decided.
 */
export class StopText {
  readonly #stops: readonly string[];
  /** The stop text that has come; null while none has. */
  met: string | null = null;
  #held = '';

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** The text that is safe to show now, and whether a stop text has come; after that nothing more is pushed. */
  push(text: string): { readonly text: string; readonly stopped: boolean } {
    const all = this.#held + text;
    let end = all.length;
    for (const stop of this.#stops) {
      const at = all.indexOf(stop);
      if (at === -1 || (this.met !== null && at >= end)) continue;
      end = at;
      this.met = stop;
    }
    if (this.met !== null) {
      this.#held = '';
      return { text: all.slice(0, end), stopped: true };
    }
    const keep = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - keep);
    return { text: all.slice(0, all.length - keep), stopped: false };
  }

  /** What was held back, when the answer ends in another way. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}

/** The length of the longest end of `text` that begins `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
