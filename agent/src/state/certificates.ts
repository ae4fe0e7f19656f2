import { existsSync, readFileSync, renameSync } from 'node:fs';
import { writeWhole, type Home } from './home.ts';

/**
 * The node's certificate and, from a renewal until the next connection, the one before it. A server whose clock is wrong when it renews gives one
 * that is not valid yet, or not any more, once the clock is right: then the one before it may still be.
 */
export class Certificates {
  readonly #home: Home;
  readonly #beforePath: string;
  /** What the last connection was taken with. */
  #taken: string | undefined;
  #shown: 'newest' | 'before' = 'newest';

  constructor(home: Home) {
    this.#home = home;
    this.#beforePath = `${home.certificate}.before`;
  }

  /** The one to show now, in PEM. @throws Error when the node is not enrolled. */
  get shown(): string {
    return readFileSync(this.#shown === 'before' ? this.#beforePath : this.#home.certificate, 'utf8');
  }

  /** The server took what was shown: it is the node's from now on. */
  taken(): void {
    if (this.#shown === 'before') renameSync(this.#beforePath, this.#home.certificate);
    this.#shown = 'newest';
    this.#taken = this.shown;
  }

  /** The server did not take what was shown: the other one is next, where there is one. Time may make either valid. */
  refused(): void {
    this.#shown = this.#shown === 'newest' && existsSync(this.#beforePath) ? 'before' : 'newest';
  }

  /** Keeps a new one, and the one that a server is known to have taken. */
  renewed(certificate: string): void {
    if (this.#taken !== undefined) writeWhole(this.#beforePath, this.#taken);
    writeWhole(this.#home.certificate, certificate);
  }
}
