import { printable } from '../../base/index.ts';

/**
 * Why a provider did not do what it was asked. A closed list, so that whoever reads it needs to know no provider.
 * `busy` is both a machine in a passing state and an account that asks too often.
 */
export const FAULT_KINDS = ['no_capacity', 'quota', 'bad_credentials', 'not_before', 'not_found', 'busy', 'refused', 'provider_down'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

interface Advice {
  /** Wait before the first try after it, in milliseconds; null: only a person can mend it, it is looked at rarely. */
  readonly firstMs: number | null;
  readonly longestMs: number;
  readonly next: string;
}

const RARELY_MS = 30 * 60_000;

/** What to do about each. */
export const ADVICE: Readonly<Record<FaultKind, Advice>> = {
  no_capacity: { firstMs: 60_000, longestMs: 15 * 60_000, next: 'It is ordered again by itself. Sooner: choose another offer or another zone.' },
  quota: { firstMs: null, longestMs: RARELY_MS, next: 'Ask the provider for a higher quota, or give machines back.' },
  bad_credentials: { firstMs: null, longestMs: RARELY_MS, next: 'Enter a key that is valid and may do this, in the operator\'s file.' },
  not_before: { firstMs: 60_000, longestMs: RARELY_MS, next: 'It is given back by itself when the provider takes it.' },
  not_found: { firstMs: 30_000, longestMs: RARELY_MS, next: 'Look in the provider\'s own console whether somebody removed it there.' },
  busy: { firstMs: 10_000, longestMs: 5 * 60_000, next: 'It is tried again by itself.' },
  refused: { firstMs: null, longestMs: RARELY_MS, next: 'Change what is asked for.' },
  provider_down: { firstMs: 10_000, longestMs: 10 * 60_000, next: 'It is tried again by itself. See the provider\'s status page.' },
};

export interface FaultFacts {
  /** The provider asked for this wait. */
  readonly retryAfterMs?: number | null;
  /** Of `not_before`: when it takes the machine back. */
  readonly notBeforeMs?: number | null;
  /** It may have done what it was asked: the answer was lost or could not be read. */
  readonly unclear?: boolean;
}

/** A provider's refusal or failure. The message holds no credential and no header, and of the provider's own words only a bounded, printable part. */
export class ProviderFault extends Error {
  readonly kind: FaultKind;
  readonly retryAfterMs: number | null;
  readonly notBeforeMs: number | null;
  readonly unclear: boolean;

  constructor(kind: FaultKind, message: string, { retryAfterMs = null, notBeforeMs = null, unclear = false }: FaultFacts = {}) {
    super(printable(message));
    this.name = 'ProviderFault';
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
    this.notBeforeMs = notBeforeMs;
    this.unclear = unclear;
  }
}

/**
 * When to try again: what the provider asked for, else twice as long after each failure, spread by a fifth.
 * @param failures from 1, counted since the last success.
 * @param spread from 0 to 1.
 */
export function retryAtMs(fault: Pick<ProviderFault, 'kind' | 'retryAfterMs' | 'notBeforeMs'>, failures: number, nowMs: number, spread: number): number {
  const { firstMs, longestMs } = ADVICE[fault.kind];
  if (fault.notBeforeMs !== null) return Math.max(fault.notBeforeMs, nowMs + 1_000);
  const own = firstMs === null ? longestMs : Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));
  // A provider that asks for days is asked again sooner: a wrong header must not strand a machine.
  const asked = Math.min(fault.retryAfterMs ?? 0, 3_600_000);
  return Math.round(nowMs + Math.max(asked, own * (0.8 + 0.4 * spread)));
}
