/** What an endpoint can be told of. */
export const WEBHOOK_EVENTS = ['budget.alert', 'lease.notice'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];
