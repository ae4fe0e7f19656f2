import { formatAmount } from '../../base/index.ts';

export const FEED_FORMATS = ['tandem', 'stripe'] as const;
export type FeedFormat = (typeof FEED_FORMATS)[number];

/** A usage event as it leaves the house: amounts and counts as text, no content. */
export interface SentEvent {
  readonly id: string;
  readonly kind: string;
  readonly resource: string;
  readonly tier: string;
  readonly serviceTier: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly quantities: Readonly<Record<string, string>>;
  readonly charge: string;
  /** Null: not known. Absent: the receiver is not the operator's. */
  readonly cost?: string | null;
  readonly currency: string;
  readonly outcome: string;
  readonly counted: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Events in a message: Stripe takes a hundred at most. */
export const EVENTS_PER_MESSAGE = 100;
/** What a meter in Stripe is to be named. */
const METER = 'tandem_usage';

/**
 * The body of a message. `tandem`: the events as `GET /api/usage` shows them. `stripe`: the form of Stripe's meter events
 * (API v2, `POST /v2/billing/meter_event_stream`): `identifier` is the event's id, by which repeats are known, `value` its
 * charge in the currency's unit with every digit.
 */
export function messageBody(format: FeedFormat, customer: string, events: readonly SentEvent[], atMs: number): string {
  if (format === 'tandem') return JSON.stringify({ type: 'usage.recorded', timestamp: new Date(atMs).toISOString(), data: { customer, events } });
  return JSON.stringify({
    events: events.map((event) => ({
      event_name: METER, identifier: event.id, timestamp: event.occurredAt,
      payload: { stripe_customer_id: customer, value: formatAmount(BigInt(event.charge)), currency: event.currency, model: event.resource, project: event.projectId, tokens: tokensOf(event.quantities) },
    })),
  });
}

const NO_TOKENS = new Set(['request', 'cached_reply', 'second', 'minute', 'hour', 'day', 'week', 'month', 'byte']);

function tokensOf(quantities: SentEvent['quantities']): string {
  return String(Object.entries(quantities).reduce((sum, [bucket, quantity]) => (NO_TOKENS.has(bucket) ? sum : sum + BigInt(quantity)), 0n));
}
