import { z } from 'zod';
import { FEED_FORMATS, WEBHOOK_EVENTS } from '../../ledger/index.ts';
import { byId, count, id, list, rotation, time } from './common.ts';
import { route } from './route.ts';

const event = z.enum(WEBHOOK_EVENTS);
const webhook = z.object({
  id, url: z.string(), events: z.array(event), createdAt: time, waiting: z.number().int().describe('Messages that are not taken yet'),
  lastDeliveredAt: time.nullable(), oldestWaitingAt: time.nullable().describe('When the oldest message that waits was made'), failingSince: time.nullable().describe('Since when a message that was tried is not taken'),
  nextTryAt: time.nullable(), givenUp: z.number().int().describe('Messages of the last 30 days that are tried no more'), lastProblem: z.string().nullable().describe('Why the newest message that waits was not taken'),
});
const delivery = z.object({
  id: id.describe('Sent as webhook-id, the same at every try'), event: z.string(), state: z.enum(['waiting', 'delivered', 'given-up']), attempts: z.number().int(), createdAt: time,
  dueAt: time.nullable().describe('When it is tried next'), deliveredAt: time.nullable(), lastStatus: z.number().int().nullable(), lastProblem: z.string().nullable(),
});

const feed = z.object({
  id, url: z.string(), format: z.enum(FEED_FORMATS), customer: z.string(), state: z.enum(['sending', 'paused', 'failing']), createdAt: time, sent: count.describe('Events that were taken; sent again, counted again'),
  lastSentAt: time.nullable(), resumesFrom: time.nullable().describe('When the first event that it has not sent was recorded; null: it has sent all'), nextTryAt: time.nullable().describe('Of a feed that fails'), failingSince: time.nullable(), lastProblem: z.string().nullable(),
});

export const webhookRoutes = {
  feedList: route({ id: 'feeds.list', method: 'GET', path: '/api/feeds', summary: 'Addresses that every usage event is sent to', access: 'webhooks.read', status: 200, reply: list(feed) }),
  feedCreate: route({ id: 'feeds.create', method: 'POST', path: '/api/feeds', summary: 'Send every usage event to an address, in order and at least once; its signing secret is shown once', access: 'webhooks.write', status: 201,
    body: z.object({ url: z.string().min(1).max(2_000), format: z.enum(FEED_FORMATS).default('tandem').describe('The events as they are, or as Stripe\'s meter events'), customer: z.string().min(1).max(100).optional().describe('Whom the receiver knows this organisation as; default: its id'),
      from: time.optional().describe('Also what was recorded from here on; default: from now') }), reply: z.object({ feed, secret: z.string().describe('Shown once, never again') }) }),
  feedUpdate: route({ id: 'feeds.update', method: 'PATCH', path: '/api/feeds/{id}', summary: 'Pause or resume a feed, or send again what was recorded from a time on', access: 'webhooks.write', status: 200, params: byId,
    body: z.object({ paused: z.boolean().optional(), replayFrom: time.optional() }), reply: feed }),
  feedRotate: route({ id: 'feeds.rotate', method: 'POST', path: '/api/feeds/{id}/rotate', summary: 'Replace a feed\'s signing secret; both sign for a day', access: 'webhooks.write', status: 200, params: byId, body: z.object({}), reply: rotation }),
  feedRemove: route({ id: 'feeds.remove', method: 'DELETE', path: '/api/feeds/{id}', summary: 'Stop sending usage to an address', access: 'webhooks.write', status: 204, params: byId }),

  webhookList: route({ id: 'webhooks.list', method: 'GET', path: '/api/webhooks', summary: 'Addresses that are told of events', access: 'webhooks.read', status: 200, reply: list(webhook) }),
  webhookCreate: route({ id: 'webhooks.create', method: 'POST', path: '/api/webhooks', summary: 'Have an address told of events; its signing secret is shown once', access: 'webhooks.write', status: 201,
    body: z.object({ url: z.string().min(1).max(2_000), events: z.array(event).min(1).default(['budget.alert']) }), reply: z.object({ endpoint: webhook, secret: z.string().describe('Shown once, never again') }) }),
  webhookRotate: route({ id: 'webhooks.rotate', method: 'POST', path: '/api/webhooks/{id}/rotate', summary: 'Replace an address\' signing secret; both sign for a day', access: 'webhooks.write', status: 200, params: byId, body: z.object({}), reply: rotation }),
  webhookRemove: route({ id: 'webhooks.remove', method: 'DELETE', path: '/api/webhooks/{id}', summary: 'Stop telling an address; what waits for it is given up', access: 'webhooks.write', status: 204, params: byId }),
  webhookDeliveries: route({ id: 'webhook-deliveries.list', method: 'GET', path: '/api/webhooks/{id}/deliveries', summary: 'What was or is to be sent there, the newest hundred', access: 'webhooks.read', status: 200, params: byId, reply: list(delivery) }),
};
