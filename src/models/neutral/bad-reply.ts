/**
 * Thrown by a backend's dialect for what is no answer. The dialect does not know which backend it reads, so the runner makes the
 * caller's error of it: with the backend's name, without its address and key.
 */
export class BadReply extends Error {
  /** What the backend itself said, for the caller alone: it may repeat a prompt, so it is never logged. Null: this is our own word. */
  readonly said: string | null;
  /** Whether the backend says that it is too busy, so that another try may find it free. */
  readonly busy: boolean;
  /** Whether the backend says that the request itself is wrong: then no other one is asked, and none is blamed. */
  readonly refused: boolean;

  /** `reason` is a sentence's part: `its answer ended in the middle`. */
  constructor(reason: string, options: { readonly said?: string; readonly busy?: boolean; readonly refused?: boolean } = {}) {
    super(reason);
    this.name = 'BadReply';
    this.said = options.said ?? null;
    this.busy = options.busy ?? false;
    this.refused = options.refused ?? false;
  }
}
