import { WireError } from '../../wire/index.ts';
import type { Device } from './devices.ts';

/**
 * Resets of cards, which may take linked cards of other leases with them, and leases that begin. Neither waits for the other: a lease that would begin
 * meanwhile is refused, and asked for again by the server.
 */
export class Resets {
  #running = 0;

  /** @param others what the leases that run have, read once none can begin any more. */
  async during<T>(others: () => readonly Device[], work: (others: readonly Device[]) => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work(others());
    } finally {
      this.#running -= 1;
    }
  }

  /** To be asked in the same turn in which the lease is written down. @throws WireError not_wiped. */
  mayBegin(devices: readonly Device[]): void {
    if (this.#running > 0 && devices.length > 0) throw new WireError('not_wiped', 'a card that another lease had is being reset');
  }
}
