import type { Clock, Logger } from '../../base/index.ts';
import type { Deadlines } from '../deadlines.ts';
import type { LocalEngine } from '../local/index.ts';
import type { MediaFetcher } from '../media/media-fetcher.ts';
import type { LedgerPort } from '../ports.ts';
import type { Hedges } from './hedges.ts';
import type { Outcomes } from '../routing/plan.ts';

/** What the runner works with. */
export interface RunTools {
  readonly ledger: LedgerPort;
  readonly engine: LocalEngine | null;
  /** For backends that take bytes only. */
  readonly media: Pick<MediaFetcher, 'fetch'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadlines: Deadlines;
  /** Told of every attempt. */
  readonly router: Outcomes;
  readonly hedges: Hedges;
  /** Whether a project pays for attempts that did not deliver. From memory. */
  readonly paysAttempts: (projectId: string) => boolean;
}
