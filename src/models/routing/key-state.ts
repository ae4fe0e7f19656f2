import type { Place } from '../ports.ts';
import type { KeyLimits } from '../registry/target.ts';
import { MinuteCount } from './minute-count.ts';
import type { AttemptEnd } from './plan.ts';

/** How long a key rests that was refused (401, 402, 403): a person has to act, so it is tried rarely. */
const DENIED_MS = 60_000;
const LONGEST_DENIED_MS = 3_600_000;
/**
 * The same for a key that is told to slow down without being told for how long. The first time it does not rest at all: a
 * server that is full for one call may take the next.
 */
const BUSY_MS = 1_000;
const LONGEST_BUSY_MS = 60_000;
/** A backend that says "in a day" is asked again sooner than that. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

const ALONE: Place = { of: 1, at: 0 };

/**
 * A process's part of a limit: whole numbers that add up to it, or 1 for each where there are more processes than the limit is high, since
 * one with nothing would refuse calls for ever.
 */
export function partOf(limit: number, { of, at }: Place): number {
  return Math.max(1, Math.floor(limit / of) + (at < limit % of ? 1 : 0));
}

/** A key for people. */
export interface KeyView {
  readonly state: 'ready' | 'resting' | 'full';
  readonly reason: string | null;
  readonly sinceMs: number | null;
  readonly againAtMs: number | null;
}

/**
 * What is known of one key of a backend: how much of its limits is used, and whether it rests. Counted in this process, which has its part
 * of each limit: together the parts of all processes are the limit. The backend's own 429 stands above.
 */
export class KeyState {
  readonly #limits: KeyLimits;
  readonly #place: () => Place;
  readonly #requests: MinuteCount | null;
  readonly #tokens: MinuteCount | null;
  #running = 0;
  #restsUntilMs = 0;
  /** Of that, what the backend asked for or what only a person can mend: it holds even where there is no other way. */
  #demandedUntilMs = 0;
  #restsSinceMs = 0;
  #reason: string | null = null;
  #denied = 0;
  #busy = 0;

  /** @param place of this process among those that share the limits. */
  constructor(limits: KeyLimits, place: () => Place = () => ALONE) {
    this.#limits = limits;
    this.#place = place;
    this.#requests = limits.requestsPerMinute === null ? null : new MinuteCount();
    this.#tokens = limits.tokensPerMinute === null ? null : new MinuteCount();
  }

  get running(): number {
    return this.#running;
  }

  /** @param only whether there is no other way: then it is spared by nothing but what the backend said. */
  admits(nowMs: number, only = false): boolean {
    return nowMs >= (only ? this.#demandedUntilMs : this.#restsUntilMs) && this.#fullUntilMs(nowMs) === null;
  }

  begin(nowMs: number): void {
    this.#running += 1;
    this.#requests?.add(nowMs, 1);
  }

  end(nowMs: number, { outcome, reason, retryAfterSeconds, tokens }: AttemptEnd): void {
    this.#running -= 1;
    if (tokens !== null) this.#tokens?.add(nowMs, tokens);
    if (outcome === 'worked') {
      this.#denied = this.#busy = 0;
      this.#reason = null;
    } else if (outcome === 'denied') {
      this.#rest(nowMs, Math.min(LONGEST_DENIED_MS, DENIED_MS * 2 ** this.#denied), reason, true);
      this.#denied += 1;
    } else if (outcome === 'busy') {
      const told = retryAfterSeconds === null ? null : Math.min(LONGEST_RETRY_AFTER_MS, retryAfterSeconds * 1000);
      this.#rest(nowMs, told ?? (this.#busy === 0 ? 0 : Math.min(LONGEST_BUSY_MS, BUSY_MS * 2 ** (this.#busy - 1))), reason, told !== null);
      this.#busy += 1;
    }
  }

  view(nowMs: number): KeyView {
    if (nowMs < this.#restsUntilMs) return { state: 'resting', reason: this.#reason, sinceMs: this.#restsSinceMs, againAtMs: this.#restsUntilMs };
    const untilMs = this.#fullUntilMs(nowMs);
    if (untilMs === null) return { state: 'ready', reason: null, sinceMs: null, againAtMs: null };
    return { state: 'full', reason: 'its own limit is reached', sinceMs: null, againAtMs: untilMs };
  }

  /** The share of its tightest limit that is used: keys with more room go first. */
  use(nowMs: number): number {
    const { requestsPerMinute, tokensPerMinute, parallel } = this.#limits;
    return Math.max(
      this.#requests === null ? 0 : this.#requests.total(nowMs) / this.#partOf(requestsPerMinute!),
      this.#tokens === null ? 0 : this.#tokens.total(nowMs) / this.#partOf(tokensPerMinute!),
      parallel === null ? 0 : this.#running / this.#partOf(parallel),
    );
  }

  /** Null: there is room now. With as many calls as are allowed at a time, a second from now is looked again. */
  #fullUntilMs(nowMs: number): number | null {
    const { requestsPerMinute, tokensPerMinute, parallel } = this.#limits;
    if (parallel !== null && this.#running >= this.#partOf(parallel)) return nowMs + 1000;
    const requestsMs = this.#requests?.roomAtMs(nowMs, 1, this.#partOf(requestsPerMinute!)) ?? nowMs;
    const tokensMs = this.#tokens?.roomAtMs(nowMs, 1, this.#partOf(tokensPerMinute!)) ?? nowMs;
    const atMs = Math.max(requestsMs, tokensMs);
    return atMs > nowMs ? atMs : null;
  }

  #partOf(limit: number): number {
    return partOf(limit, this.#place());
  }

  /** Calls that end after it began to rest do not make the rest shorter. */
  #rest(nowMs: number, forMs: number, reason: string | null, demanded: boolean): void {
    if (nowMs >= this.#restsUntilMs) this.#restsSinceMs = nowMs;
    this.#restsUntilMs = Math.max(this.#restsUntilMs, nowMs + forMs);
    if (demanded) this.#demandedUntilMs = this.#restsUntilMs;
    this.#reason = reason;
  }
}
