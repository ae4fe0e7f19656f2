/** When a breaker opens and closes. */
export interface BreakerLimits {
  /** Failures are counted over this long at least, and twice as long at most. */
  readonly windowMs: number;
  /** So many failures, and so large a share of what ended, open it. */
  readonly failures: number;
  readonly share: number;
  /** How long it stays open the first time; twice as long each time after it, to the longest. */
  readonly openMs: number;
  readonly longestOpenMs: number;
  /** Calls at a time while it is half open, and how many must work before it closes. */
  readonly probes: number;
  readonly closesAfter: number;
}

export const BREAKER_LIMITS: BreakerLimits = { windowMs: 15_000, failures: 5, share: 0.5, openMs: 5_000, longestOpenMs: 300_000, probes: 1, closesAfter: 2 };

/** After it has closed, its open times begin anew only when it has stayed closed for this many times the last of them. */
const CALM_TIMES = 4;

export type BreakerStateName = 'closed' | 'open' | 'half-open';

/** A state for people. */
export interface BreakerView {
  readonly state: BreakerStateName;
  /** UTC milliseconds. */
  readonly sinceMs: number | null;
  readonly reason: string | null;
  /** When an open one lets a call through again. */
  readonly againAtMs: number | null;
}

/** Which calls it counts: those that began before it opened say nothing about how things are after it. */
export type Era = number;

/**
 * A circuit breaker: closed, until too many calls failed; then open, and no call goes through; after a while half open,
 * when a few calls try it; closed again when they worked. One that opens again and again stays open longer and longer.
 * The clock and chance are passed in: the same calls always lead to the same state.
 */
export class Breaker {
  readonly #limits: BreakerLimits;
  #open = false;
  #sinceMs: number | null = null;
  #reason: string | null = null;
  #era: Era = 0;
  #againAtMs = 0;
  #openForMs = 0;
  #probing = 0;
  #probesWorked = 0;
  /** Ended calls of the window that runs and of the one before it. */
  #windowStartMs = 0;
  #ended = 0;
  #failed = 0;
  #endedBefore = 0;
  #failedBefore = 0;

  constructor(limits: BreakerLimits = BREAKER_LIMITS) {
    this.#limits = limits;
  }

  state(nowMs: number): BreakerStateName {
    if (!this.#open) return 'closed';
    return nowMs < this.#againAtMs ? 'open' : 'half-open';
  }

  admits(nowMs: number): boolean {
    return !this.#open || (nowMs >= this.#againAtMs && this.#probing < this.#limits.probes);
  }

  /** A call begins that `admits` let through. @returns what its end is told with. */
  begin(): Era {
    if (this.#open) this.#probing += 1;
    return this.#era;
  }

  worked(era: Era, nowMs: number): void {
    if (era !== this.#era) return;
    if (!this.#open) {
      this.#count(nowMs, 0);
      return;
    }
    this.#probing -= 1;
    this.#probesWorked += 1;
    if (this.#probesWorked >= this.#limits.closesAfter) this.#close(nowMs);
  }

  /** @param chance from 0 to 1: spreads the times at which several processes try again. */
  failed(era: Era, nowMs: number, reason: string, chance: number): void {
    if (era !== this.#era) return;
    if (!this.#open) {
      this.#count(nowMs, 1);
      const failures = this.#failed + this.#failedBefore;
      if (failures < this.#limits.failures || failures < this.#limits.share * (this.#ended + this.#endedBefore)) return;
      const calm = this.#sinceMs === null || nowMs - this.#sinceMs >= CALM_TIMES * this.#openForMs;
      if (calm) this.#openForMs = 0;
    }
    this.#openUp(nowMs, reason, chance);
  }

  /** A call ended without saying anything of the target. */
  left(era: Era): void {
    if (era === this.#era && this.#open) this.#probing -= 1;
  }

  view(nowMs: number): BreakerView {
    const state = this.state(nowMs);
    return { state, sinceMs: state === 'half-open' ? this.#againAtMs : this.#sinceMs, reason: this.#reason, againAtMs: state === 'open' ? this.#againAtMs : null };
  }

  #openUp(nowMs: number, reason: string, chance: number): void {
    const { openMs, longestOpenMs } = this.#limits;
    this.#openForMs = Math.min(longestOpenMs, this.#openForMs === 0 ? openMs : 2 * this.#openForMs);
    this.#open = true;
    this.#reason = reason;
    this.#sinceMs = nowMs;
    this.#againAtMs = nowMs + Math.round(this.#openForMs * (1 + 0.2 * chance));
    this.#begins();
  }

  #close(nowMs: number): void {
    this.#open = false;
    this.#reason = null;
    this.#sinceMs = nowMs;
    this.#begins();
  }

  #begins(): void {
    this.#era += 1;
    this.#probing = this.#probesWorked = 0;
    this.#ended = this.#failed = this.#endedBefore = this.#failedBefore = 0;
  }

  #count(nowMs: number, failed: 0 | 1): void {
    const passed = nowMs - this.#windowStartMs;
    if (passed >= this.#limits.windowMs) {
      const next = passed < 2 * this.#limits.windowMs;
      this.#endedBefore = next ? this.#ended : 0;
      this.#failedBefore = next ? this.#failed : 0;
      this.#ended = this.#failed = 0;
      this.#windowStartMs = nowMs;
    }
    this.#ended += 1;
    this.#failed += failed;
  }
}
