import type { Clock } from '../base/index.ts';

/** How a backend has been doing, as the control API shows it. */
export interface Health {
  readonly state: 'ready' | 'starting' | 'degraded' | 'unavailable' | 'unknown';
  readonly reason: string | null;
  /** UTC milliseconds at which this state began; null while nothing is known. */
  readonly sinceMs: number | null;
}

/** Failures in a row after which a backend counts as unavailable. */
const UNAVAILABLE_AFTER = 3;

/** What calls themselves have shown: no probes, so an idle backend costs nothing and is "unknown" until it is used. */
export class HealthRecord {
  readonly #clock: Clock;
  #failures = 0;
  #health: Health = { state: 'unknown', reason: null, sinceMs: null };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  worked(): void {
    this.#failures = 0;
    if (this.#health.state !== 'ready') this.#health = { state: 'ready', reason: null, sinceMs: this.#clock.nowMs() };
  }

  failed(reason: string): void {
    this.#failures += 1;
    const state = this.#failures >= UNAVAILABLE_AFTER ? 'unavailable' : 'degraded';
    const sinceMs = this.#health.state === state ? this.#health.sinceMs : this.#clock.nowMs();
    this.#health = { state, reason, sinceMs };
  }

  state(): Health {
    return this.#health;
  }
}
