import type { TandemError } from '../../base/index.ts';
import type { OpenAttempt } from '../routing/plan.ts';
import type { Attempt, Ready } from './attempt.ts';
import type { Delivery } from './delivery.ts';

/** One way that is being tried: its attempt, and where its answer goes. A second attempt on it takes the place of the first. */
export interface Lane {
  readonly ready: Ready;
  readonly open: OpenAttempt;
  /** Started beside another one that had not begun to answer. */
  readonly hedged: boolean;
  attempt: Attempt;
  delivery: Delivery | null;
}

/** How an attempt failed. */
export interface Failure {
  readonly lane: Lane;
  readonly error: unknown;
  readonly told: TandemError;
}
