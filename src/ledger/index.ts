import { Ledger, type LedgerOptions } from './ledger.ts';

export type { Ledger, LedgerOptions, LedgerStatus } from './ledger.ts';
export type { Admission, Attempt, CallEnd, Counted, Hold, OnEnd, Outcome, Settlement } from './events/call.ts';
export type { Payer, Standing, StandingEvent } from './standing/standing.ts';
export type { GivenEvent } from './events/record-usage.ts';
export type { LimitFigure, LimitFigures } from './limits/figures.ts';
export { METRICS } from './limits/limit.ts';
export { FEED_FORMATS } from './feeds/formats.ts';
export { BUDGET_SUBJECTS } from './budgets/directory.ts';
export type { BudgetView, KeyBudget } from './budgets/view.ts';
export type { PathNames } from './holders/names.ts';
export { WEBHOOK_EVENTS, type WebhookEvent } from './webhooks/events.ts';
export { openSecrets, rotated } from './webhooks/rotation.ts';
export { newSecret, signedHeaders } from './webhooks/signature.ts';
export type { BackendCall } from './usage/backend-calls.ts';
export type { MachineCost } from './sight/machine-costs.ts';
export type { MachineCall, MachineShare, MachineShares } from './ports.ts';
export type { PriceBook } from './prices/book.ts';
export type { Place } from './epochs/epochs.ts';
export { forgetEpoch, lostEpochs, type LostEpoch } from './epochs/operator.ts';
export { BUCKETS, type Bucket, type PriceVersion, type Quantities } from './prices/types.ts';
export { completeBuckets } from './prices/complete.ts';
export { rate, type RatedLine } from './rating/rate.ts';

/** Opens this process's log. `start()` before the first call, `stop()` at the end. */
export function createLedger(options: LedgerOptions): Ledger {
  return new Ledger(options);
}
