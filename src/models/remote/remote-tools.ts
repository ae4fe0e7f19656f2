import type { Clock, Logger } from '../../base/index.ts';
import type { DeadlineLimits, Deadlines } from '../deadlines.ts';
import type { LedgerPort } from '../ports.ts';

/** What a chat on a remote backend works with. */
export interface RemoteTools {
  readonly ledger: LedgerPort;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadlines: Deadlines;
  readonly limits: DeadlineLimits;
}
