import { expect, test } from 'vitest';
import { against } from '../testing/against.ts';
import { run } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const webhook = { id: ID, url: 'https://hooks.example.com/t', events: ['budget.alert'], createdAt: '2026-11-23T07:00:00.000Z', waiting: 2, lastDeliveredAt: null, oldestWaitingAt: '2026-11-23T07:00:00.000Z', failingSince: '2026-11-23T07:00:00.000Z', nextTryAt: '2026-11-23T07:05:00.000Z', givenUp: 0, lastProblem: 'it answered 500' };

test('addresses are listed with what waits and why, and none says how to add one', async () => {
  const { env } = await against({ 'GET /api/webhooks': { json: { items: [webhook], nextCursor: null } } });
  const { out } = await run(['webhooks'], env);
  for (const part of ['https://hooks.example.com/t', 'budget.alert', 'it answered 500', '2026-11-23 07:05 UTC', ID]) expect(out).toContain(part);
  const none = await against({ 'GET /api/webhooks': { json: { items: [], nextCursor: null } } });
  expect((await run(['webhooks'], none.env)).out).toContain('tandem webhooks add URL');
});

test('a new one shows its signing secret once; removed, it is named', async () => {
  const { env, seen } = await against({ 'POST /api/webhooks': { status: 201, json: { endpoint: { ...webhook, waiting: 0, lastProblem: null }, secret: 'whsec_once' } }, [`DELETE /api/webhooks/${ID}`]: { status: 204 }, [`POST /api/webhooks/${ID}/rotate`]: { json: { secret: 'whsec_next', bothUntil: '2026-11-24T07:00:00.000Z' } } });
  expect((await run(['webhooks', 'add', 'https://hooks.example.com/t'], env)).out).toContain('whsec_once');
  expect(seen[0]!.body).toEqual({ url: 'https://hooks.example.com/t', events: ['budget.alert'] });
  await run(['webhooks', 'add', 'https://hooks.example.com/t', '--events', 'budget.alert, lease.notice'], env);
  expect(seen[1]!.body).toEqual({ url: 'https://hooks.example.com/t', events: ['budget.alert', 'lease.notice'] });
  expect((await run(['webhooks', 'add', 'https://hooks.example.com/t', '--events', 'rain'], env)).code).toBe(2);
  expect((await run(['webhooks', 'rotate', ID], env)).out).toContain('whsec_next');
  expect((await run(['webhooks', 'remove', ID], env)).out).toBe('Removed the webhook; what waited for it is given up.\n');
});

test('what was sent is listed with its tries', async () => {
  const delivery = { id: ID, event: 'budget.alert', state: 'waiting', attempts: 3, createdAt: '2026-11-23T07:00:00.000Z', dueAt: '2026-11-23T07:01:00.000Z', deliveredAt: null, lastStatus: 500, lastProblem: 'it answered 500' };
  const { env } = await against({ [`GET /api/webhooks/${ID}/deliveries`]: { json: { items: [delivery], nextCursor: null } } });
  expect((await run(['webhooks', 'deliveries', ID], env)).out).toContain('it answered 500');
});

test('a budget takes the shares at which webhooks are told', async () => {
  const budget = { id: ID, scope: { kind: 'organisation', id: ID, name: 'Home' }, amount: '5000000000000', currency: 'USD', period: 'month', spent: '0', held: '0', left: '5000000000000', windowStart: '2026-11-01T00:00:00.000Z', windowEnd: null, createdAt: '2026-11-23T07:00:00.000Z', alertShares: [50, 80] };
  const { env, seen } = await against({
    'GET /api/whoami': { json: { organisation: { id: ID } } }, 'GET /api/budgets': { json: { items: [], nextCursor: null } }, 'POST /api/budgets': { status: 201, json: budget },
  });
  expect((await run(['budgets', 'set', 'organisation', '5', '--alert', '50,80%'], env)).code).toBe(0);
  expect(seen.at(-1)!.body).toEqual({ subject: null, scope: { kind: 'organisation', id: ID }, amount: '5000000000000', period: 'month', alertShares: [50, 80] });
  expect((await run(['budgets', 'set', 'organisation', '5', '--alert', 'most'], env)).code).toBe(2);
});

test('usage is sent to an address, held, let go on and sent again', async () => {
  const feed = { id: ID, url: 'https://warehouse.example.com/in', format: 'tandem', customer: ID, state: 'failing', createdAt: '2026-11-23T07:00:00.000Z', sent: '12345', lastSentAt: null, resumesFrom: '2026-11-22T06:00:00.000Z', nextTryAt: null, failingSince: null, lastProblem: 'it answered 503' };
  const { env, seen } = await against({
    'GET /api/feeds': { json: { items: [feed], nextCursor: null } }, 'POST /api/feeds': { status: 201, json: { feed, secret: 'whsec_once' } }, [`PATCH /api/feeds/${ID}`]: { json: feed }, [`DELETE /api/feeds/${ID}`]: { status: 204 }, [`POST /api/feeds/${ID}/rotate`]: { json: { secret: 'whsec_next', bothUntil: '2026-11-24T07:00:00.000Z' } },
  });
  for (const part of ['failing', '12,345', 'it answered 503', '2026-11-22 06:00 UTC']) expect((await run(['feeds'], env)).out).toContain(part);
  expect((await run(['feeds', 'add', feed.url, '--format', 'stripe', '--customer', 'cus_1', '--from', '2026-11-01'], env)).out).toContain('whsec_once');
  expect(seen.at(-1)!.body).toEqual({ url: feed.url, format: 'stripe', customer: 'cus_1', from: '2026-11-01T00:00:00.000Z' });
  expect((await run(['feeds', 'pause', ID], env)).out).toContain('Paused');
  expect((await run(['feeds', 'resume', ID], env)).out).toContain('Going on');
  expect((await run(['feeds', 'replay', ID, '--from', '2026-11-02'], env)).out).toContain('Sending again');
  expect(seen.at(-1)!.body).toEqual({ replayFrom: '2026-11-02T00:00:00.000Z' });
  expect((await run(['feeds', 'replay', ID], env)).code).toBe(2);
  expect((await run(['feeds', 'rotate', ID], env)).out).toContain('whsec_next');
  expect((await run(['feeds', 'remove', ID], env)).out).toContain('Removed the feed');
});
