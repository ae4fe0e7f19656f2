/** What an endpoint can be told of. */
export const WEBHOOK_EVENTS = ['budget.alert'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];
