/** A whole reply as it was sent. */
export interface CachedReply {
  /** The id of the call that made it, which stands in its text. */
  readonly callId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly string[];
}

interface Entry {
  readonly reply: CachedReply;
  readonly projectId: string;
  readonly characters: number;
  readonly expiresAtMs: number;
}

/** Replies by the request that they answer, in memory alone: bounded in number, size and time, the least recently used goes first. */
export class ReplyCache {
  readonly #mostEntries: number;
  readonly #mostCharacters: number;
  /** In the order of use. */
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  constructor(bounds: { readonly entries: number; readonly characters: number }) {
    this.#mostEntries = bounds.entries;
    this.#mostCharacters = bounds.characters;
  }

  get size(): number {
    return this.#entries.size;
  }

  get characters(): number {
    return this.#characters;
  }

  get(place: string, nowMs: number): CachedReply | undefined {
    const entry = this.#entries.get(place);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs <= nowMs) {
      this.#remove(place, entry);
      return undefined;
    }
    this.#entries.delete(place);
    this.#entries.set(place, entry);
    return entry.reply;
  }

  put(place: string, projectId: string, reply: CachedReply, expiresAtMs: number): void {
    const before = this.#entries.get(place);
    if (before !== undefined) this.#remove(place, before);
    const characters = place.length + reply.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (characters > this.#mostCharacters) return;
    this.#entries.set(place, { reply, projectId, characters, expiresAtMs });
    this.#characters += characters;
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#mostEntries && this.#characters <= this.#mostCharacters) return;
      this.#remove(oldest, entry);
    }
  }

  /** Removes what a project has here; everything, when none is named. */
  drop(projectId?: string): void {
    for (const [place, entry] of this.#entries) if (projectId === undefined || entry.projectId === projectId) this.#remove(place, entry);
  }

  #remove(place: string, entry: Entry): void {
    this.#entries.delete(place);
    this.#characters -= entry.characters;
  }
}
