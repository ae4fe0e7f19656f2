import type { JsonObject } from '../request/json.ts';
import { beganMs } from './archive.ts';

/**
 * What one connection remembers by itself: its last response with the conversation up to it, whether that is kept or not. A turn
 * that fails makes it forget what it went on from, as the Open Responses specification has it.
 */
export class ResponseSession {
  #last: { readonly id: string; readonly items: readonly JsonObject[] } | null = null;

  /**
   * The conversation up to and with a response; null: it is not the last one of this connection, or began before a purge.
   * @param purgedAtMs of the project's content, UTC milliseconds; null: never.
   */
  upTo(id: string, purgedAtMs: number | null): readonly JsonObject[] | null {
    if (this.#last !== null && purgedAtMs !== null && beganMs(this.#last.id) <= purgedAtMs) this.#last = null;
    return this.#last?.id === id ? this.#last.items : null;
  }

  remember(id: string, items: readonly JsonObject[]): void {
    this.#last = { id, items };
  }

  forget(id: string): void {
    if (this.#last?.id === id) this.#last = null;
  }
}
