import type { BodyOf, ReplyOf, Schemas } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';

/** What leaves the invented organisation: hooks, webhooks and usage feeds, each in a state of its own. */
export interface Outgoing {
  readonly hooks: Schemas['Hook'][];
  readonly webhooks: Schemas['Webhook'][];
  readonly feeds: Schemas['Feed'][];
}

const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const DAY = 24 * 60;
const problem = 'it did not answer within 300 ms';

export const nothingOutgoing = (): Outgoing => ({ hooks: [], webhooks: [], feeds: [] });

export function fullOutgoing(projectId: string): Outgoing {
  return {
    hooks: [
      { id: id(), name: 'no-secrets', projectId: null, url: 'https://guard.harbour.example/check?team=7', stage: 'request', deadlineMs: 300, onFailure: 'closed', enabled: true, createdAt: ago(21 * DAY), asked: '48112', failed: '37', lastFailedAt: ago(12), lastProblem: problem },
      { id: id(), name: 'Tone of replies in the assistant for support', projectId, url: 'https://tone.harbour.example/v2/replies/check', stage: 'both', deadlineMs: 2_000, onFailure: 'open', enabled: true, createdAt: ago(9 * DAY), asked: '9120', failed: '0', lastFailedAt: null, lastProblem: null },
      { id: id(), name: 'old-filter', projectId: null, url: 'https://filter.harbour.example/', stage: 'reply', deadlineMs: 1_000, onFailure: 'closed', enabled: false, createdAt: ago(40 * DAY), asked: '120', failed: '120', lastFailedAt: ago(33 * DAY), lastProblem: 'it answered 404' },
    ],
    webhooks: [
      { id: id(), url: 'https://hooks.harbour.example/tandem/budgets', events: ['budget.alert'], createdAt: ago(30 * DAY), waiting: 0, lastDeliveredAt: ago(3 * 60), oldestWaitingAt: null, failingSince: null, nextTryAt: null, givenUp: 0, lastProblem: null },
      { id: id(), url: 'https://chat.harbour.example/services/T0/B0/in', events: ['budget.alert'], createdAt: ago(20 * DAY), waiting: 2, lastDeliveredAt: ago(4 * DAY), oldestWaitingAt: ago(26 * 60), failingSince: ago(26 * 60), nextTryAt: ago(-90), givenUp: 1, lastProblem: 'it answered 410' },
    ],
    feeds: [
      { id: id(), url: 'https://warehouse.harbour.example/tandem/usage', format: 'tandem', customer: '01938f2a-7c00-7fff-8a3d-000000000001', state: 'sending', createdAt: ago(31 * DAY), sent: '1204118', lastSentAt: ago(0), resumesFrom: null, nextTryAt: null, failingSince: null, lastProblem: null },
      { id: id(), url: 'https://meter.harbour.example/in', format: 'stripe', customer: 'cus_9s6XKzkNRiz8i3', state: 'failing', createdAt: ago(12 * DAY), sent: '80211', lastSentAt: ago(190), resumesFrom: ago(189), nextTryAt: ago(-14), failingSince: ago(185), lastProblem: 'it answered 503' },
      { id: id(), url: 'https://lab.harbour.example/usage', format: 'tandem', customer: 'lab', state: 'paused', createdAt: ago(5 * DAY), sent: '0', lastSentAt: null, resumesFrom: ago(4 * DAY), nextTryAt: null, failingSince: null, lastProblem: null },
    ],
  };
}

export function failuresOf(hook: Schemas['Hook']): ReplyOf<'/api/hooks/{id}/failures', 'get'>['items'] {
  return hook.failed === '0' ? [] : Array.from({ length: 12 }, (_, index) => ({ id: id(), callId: id(), stage: hook.stage === 'reply' ? 'reply' : 'request', problem: index % 5 === 4 ? 'it cannot be reached' : problem, at: ago(12 + index * index * 7) }));
}

export function deliveriesOf(webhook: Schemas['Webhook']): ReplyOf<'/api/webhooks/{id}/deliveries', 'get'>['items'] {
  const one = (minutes: number, more: Partial<Schemas['WebhookDelivery']>): Schemas['WebhookDelivery'] => ({ id: id(), event: 'budget.alert', state: 'delivered', attempts: 1, createdAt: ago(minutes), dueAt: null, deliveredAt: ago(minutes), lastStatus: 200, lastProblem: null, ...more });
  const waits = { state: 'waiting' as const, deliveredAt: null, dueAt: ago(-90), lastStatus: 410, lastProblem: 'it answered 410' };
  return webhook.failingSince === null ? [one(180, {}), one(9 * DAY, { attempts: 3 })] : [one(60, { ...waits, attempts: 4 }), one(26 * 60, { ...waits, attempts: 9 }), one(4 * DAY, {}), one(8 * DAY, { state: 'given-up', attempts: 24, deliveredAt: null, lastStatus: 410, lastProblem: 'it answered 410' })];
}

export const newHook = (body: BodyOf<'/api/hooks', 'post'>): Schemas['Hook'] => ({
  id: id(), name: body.name, url: body.url, projectId: body.projectId ?? null, stage: body.stage ?? 'request', deadlineMs: body.deadlineMs ?? 1_000, onFailure: body.onFailure ?? 'closed', enabled: true, createdAt: ago(0), asked: '0', failed: '0', lastFailedAt: null, lastProblem: null,
});
export const newWebhook = (url: string): Schemas['Webhook'] => ({ id: id(), url, events: ['budget.alert'], createdAt: ago(0), waiting: 0, lastDeliveredAt: null, oldestWaitingAt: null, failingSince: null, nextTryAt: null, givenUp: 0, lastProblem: null });
export const newFeed = ({ url, format = 'tandem', customer = 'us' }: BodyOf<'/api/feeds', 'post'>): Schemas['Feed'] => ({ id: id(), url, format, customer, state: 'sending', createdAt: ago(0), sent: '0', lastSentAt: null, resumesFrom: null, nextTryAt: null, failingSince: null, lastProblem: null });
