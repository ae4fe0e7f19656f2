import type { Clock, Logger } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Audit, AuditEntry, By } from './audit.ts';

const WINDOW_MS = 600_000;
const PER_WINDOW = 60;

/**
 * Writes refused attempts (another organisation's id, a key that has ended at the sign-in) to the audit
 * trail, beside the request and at most 60 per organisation in ten minutes, so that an attacker can
 * neither slow calls down nor fill the trail.
 */
export class Refusals {
  readonly #database: Database;
  readonly #audit: Audit;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #windows = new Map<string, { count: number; endsMs: number }>();
  /** One after the other: an attack must not take the connections that calls need. */
  #tail: Promise<void> = Promise.resolve();

  constructor(database: Database, audit: Audit, clock: Clock, log: Logger) {
    this.#database = database;
    this.#audit = audit;
    this.#clock = clock;
    this.#log = log;
  }

  /** Returns at once; false when the window is full and nothing is written. */
  note(by: By, entry: AuditEntry): boolean {
    const nowMs = this.#clock.monotonicMs();
    let window = this.#windows.get(by.organisationId);
    if (window === undefined || window.endsMs <= nowMs) {
      window = { count: 0, endsMs: nowMs + WINDOW_MS };
      this.#windows.set(by.organisationId, window);
    }
    window.count += 1;
    if (window.count > PER_WINDOW) return false;
    this.#tail = this.#tail.then(() => this.#write(by, entry));
    return true;
  }

  /** Resolves when what was noted is written. */
  settled(): Promise<void> {
    return this.#tail;
  }

  async #write(by: By, entry: AuditEntry): Promise<void> {
    try {
      await this.#database.transaction((tx) => this.#audit.record(tx, by, entry));
    } catch (error) {
      this.#log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'a refused attempt could not be written to the audit trail');
    }
  }
}
