import type { Picodollars } from '../../base/index.ts';
import type { LimitFigures } from '../limits/figures.ts';
import type { CallerTier, PriceVersion, Quantities, ServiceTier } from '../prices/types.ts';
import type { RatedLine } from '../rating/rate.ts';

/** One call before it is made. */
export interface Admission {
  /** UUIDv7: hold, event and idempotency go by it. */
  readonly id: string;
  readonly organisationId: string;
  /** Null for a key of the whole organisation: then it is booked under the organisation's own id. */
  readonly projectId: string | null;
  readonly keyId: string | null;
  /** The alias: what is priced. */
  readonly resource: string;
  readonly tier: CallerTier;
  /** How it is to be served, which is priced; `default` where it is left out. */
  readonly serviceTier?: ServiceTier;
  /** UTC milliseconds: the time by which it is rated and to whose month it belongs. */
  readonly admittedAtMs: number;
  /** The most that the call could use: on the dearest of its routes, or on all of them where the project pays for each. */
  readonly worst: Quantities;
  /** How the output of `worst` follows from a cap of the caller's; left out: one answer, of up to all of it. */
  readonly capped?: Capped;
  /** Whom the caller makes the call for, as it names them: limits and budgets may count by it. */
  readonly user?: string | null;
  /** The caller's own words for the call: limits and budgets may count by each. */
  readonly tags?: readonly string[];
  /** Which quantity a 402 tells the caller to lower. */
  readonly capBucket?: 'output';
}

/** Answers that one cap of the caller's holds for. */
export interface Capped {
  /** Answers of each attempt. */
  readonly choices: number;
  /** Output of each attempt at most, over its answers. */
  readonly bounds: readonly bigint[];
}

export type Outcome = 'completed' | 'client_left' | 'failed' | 'cut' | 'deadline';
export type Counted = 'backend' | 'tokenizer' | 'mixed' | 'estimate';

/**
 * One try on one backend: what it used, and what that costs the operator. What the caller pays is of the one that
 * delivered; failed tries and the losers of hedges are the operator's cost alone, unless the project pays for them (`billed`).
 */
export interface Attempt {
  readonly backendId: string;
  /** The backend's name at the time. */
  readonly backend?: string;
  /** Which of the backend's keys was used: its label, never the key. */
  readonly backendKey?: string;
  readonly backendModel: string;
  readonly outcome: Outcome;
  readonly quantities: Quantities;
  /** Who counted what this attempt used, where it is not who counted the call. */
  readonly countedBy?: 'backend' | 'tokenizer' | 'estimate';
  /** Null: not known. */
  readonly cost: Picodollars | null;
  readonly costPriceId: string | null;
  readonly httpStatus: number | null;
  /** Milliseconds from the call's start to this attempt's. */
  readonly startedMs?: number;
  /** Milliseconds from the attempt's start until it was connected, and until its first token. */
  readonly connectMs?: number;
  readonly firstTokenMs?: number;
  /** How long it took. */
  readonly ms: number;
  /** Started beside another one that had not delivered yet. */
  readonly hedged?: boolean;
  /** What the caller pays of a try that did not deliver, in the buckets of its price: the project has opted in. Part of the call's quantities. */
  readonly billed?: Quantities;
  /** The caller got this one's answer. Left out everywhere: the last attempt's. */
  readonly delivered?: boolean;
}

/** Which target a call took, and why: a short code (`weight`, `fallback`, `cheapest` …) and the same in words. */
export interface Route {
  readonly target: string;
  readonly code: string;
  readonly words?: string;
}

/** How a call ended, and what its caller is to pay for. */
export interface CallEnd {
  readonly outcome: Outcome;
  /** With those of tries that the project pays for though they did not deliver. */
  readonly quantities: Quantities;
  /** Nothing was delivered: all that is paid is of such tries. */
  readonly undelivered?: boolean;
  readonly counted: Counted;
  readonly attempts: readonly Attempt[];
  readonly timings: { readonly queueMs: number; readonly connectMs: number; readonly firstTokenMs: number; readonly totalMs: number };
  readonly finishReason: string | null;
  readonly streamed: boolean;
  /** The API that the caller spoke: `chat`, `responses`, `messages`, `embeddings` … */
  readonly dialect?: string;
  readonly route?: Route;
  /** The caller's own label of its user. */
  readonly user?: string | null;
  readonly tags?: readonly string[];
  /** What the call is for, as the caller names it: quality and cost are compared by it. */
  readonly scenario?: string | null;
}

/** Told of a call's end once it is in the log, with what was charged. */
export type OnEnd = (end: CallEnd, charge: Picodollars, currency: string) => void;

export interface Settlement {
  readonly charge: Picodollars;
  readonly currency: string;
  readonly lines: readonly RatedLine[];
}

/** Money set aside for one call. It ends exactly once: by `settle` or by `release`; a second end throws. */
export interface Hold {
  readonly id: string;
  readonly amount: Picodollars;
  /** The version by which the call will be rated. */
  readonly price: PriceVersion;
  /** How much is left of the limits on requests and tokens, for headers; null or absent: none holds this call. */
  readonly limits?: LimitFigures | null;
  /** What was delivered so far, input included. Cheap: written once a second or every 64 tokens at most. */
  progress(quantities: Quantities): void;
  /**
   * Rates the call and writes its final event; resolves when that is in the log (strict: on disk). The charge is
   * never above the hold.
   * @throws TandemError ledger_unavailable when the server stops while its disk refuses.
   */
  settle(end: CallEnd): Promise<Settlement>;
  /** Ends the call without a charge. */
  release(end: CallEnd): Promise<void>;
}
