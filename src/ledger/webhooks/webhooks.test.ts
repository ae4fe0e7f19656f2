import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock, isTandemError, newId, openSecretBox, silentLogger } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

interface Heard { readonly headers: IncomingMessage['headers']; readonly body: string }
type Answer = (response: ServerResponse, count: number) => void;

let house: PathHouse;
let server: Server;
let heard: Heard[];
let answer: Answer;
let clock: ManualClock;
let webhooks: Webhooks;
const stop = new AbortController();

beforeEach(async () => {
  house = await openPathHouse();
  heard = [];
  answer = (response) => void response.writeHead(204).end();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => { body += part.toString(); });
    request.on('end', () => {
      heard.push({ headers: request.headers, body });
      answer(response, heard.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  clock = new ManualClock(Date.now());
  webhooks = open(['127.0.0.1']);
});
afterEach(async () => {
  await webhooks.sender.close();
  server.closeAllConnections();
  server.close();
  await house.close();
});

function open(allow: string[]): Webhooks {
  return createWebhooks({
    database: house.database, clock, log: silentLogger, newId, audit: { record: async () => {} }, secrets: openSecretBox(join(mkdtempSync(join(tmpdir(), 'tandem-hooks-')), 'secret')),
    policy: readEgressPolicy({ allow }), resolve: async () => [{ address: '127.0.0.1', family: 4 }], spread: () => 0.5,
  });
}

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?team=7`;
const tell = (subject: string) => house.database.transaction((tx) => webhooks.deliveries.enqueue(tx, house.organisationId, 'budget.alert', subject, { share: 80 }));
const send = () => webhooks.deliveries.sendDue(stop.signal);

test('what is told arrives once, signed, and its secret is shown when the endpoint is made', async () => {
  const { endpoint, secret } = await webhooks.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] });
  await tell('one');
  await tell('one');
  await send();
  await send();
  expect(heard).toHaveLength(1);
  const [{ headers, body }] = heard as [Heard];
  expect(JSON.parse(body)).toEqual({ type: 'budget.alert', timestamp: new Date(clock.nowMs()).toISOString(), data: { share: 80 } });
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(signed).digest('base64')}`);
  expect((await webhooks.endpoints.list(ownerOf(house))).items).toMatchObject([{ id: endpoint.id, waiting: 0, lastProblem: null }]);
  expect(JSON.stringify(await house.database.unscoped('test').selectFrom('webhook_endpoints').selectAll().execute())).not.toContain(secret.slice(6));
});

test('a secret is replaced without a gap: both sign for a day, then the new one alone', async () => {
  const { endpoint, secret } = await webhooks.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] });
  const next = await webhooks.endpoints.rotate(ownerOf(house), endpoint.id);
  const signatures = () => {
    const { headers, body } = heard.at(-1)!;
    const by = (one: string) => `v1,${createHmac('sha256', Buffer.from(one.slice(6), 'base64')).update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`).digest('base64')}`;
    return { sent: headers['webhook-signature'], old: by(secret), young: by(next.secret) };
  };
  await tell('one');
  await send();
  const both = signatures();
  expect(both.sent).toBe(`${both.young} ${both.old}`);
  clock.advance(Date.parse(next.bothUntil) - clock.nowMs());
  await tell('two');
  await send();
  const alone = signatures();
  expect(alone.sent).toBe(alone.young);
  await expect(webhooks.endpoints.rotate(ownerOf(house), newId())).rejects.toSatisfy((error) => isTandemError(error, 'resource_not_found'));
});

test('how an address does is told by what waits: since when, and when it is tried next', async () => {
  await webhooks.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] });
  const state = async () => (await webhooks.endpoints.list(ownerOf(house))).items[0]!;
  expect(await state()).toMatchObject({ waiting: 0, oldestWaitingAt: null, failingSince: null, nextTryAt: null, givenUp: 0 });
  const since = new Date(clock.nowMs()).toISOString();
  answer = (response) => void response.writeHead(500).end();
  await tell('one');
  expect(await state()).toMatchObject({ waiting: 1, oldestWaitingAt: since, failingSince: null, nextTryAt: since });
  await send();
  clock.advance(1_000);
  await tell('two');
  expect(await state()).toMatchObject({ waiting: 2, oldestWaitingAt: since, failingSince: since, nextTryAt: new Date(clock.nowMs()).toISOString(), lastProblem: 'it answered 500' });
});

test('a receiver that fails is tried again later, by the same id, and what it says is not kept', async () => {
  const { endpoint } = await webhooks.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] });
  answer = (response, count) => (count === 1 ? void response.writeHead(500).end('our password is hunter2') : void response.writeHead(200).end('ok'));
  await tell('one');
  await send();
  await send();
  expect(heard).toHaveLength(1);
  const [waiting] = (await webhooks.endpoints.deliveries(ownerOf(house), endpoint.id)).items;
  expect(waiting).toMatchObject({ state: 'waiting', attempts: 1, lastStatus: 500, lastProblem: 'it answered 500', dueAt: new Date(clock.nowMs() + 5_000).toISOString() });
  clock.advance(5_000);
  await send();
  expect(heard.map(({ headers }) => headers['webhook-id'])).toEqual([waiting!.id, waiting!.id]);
  expect((await webhooks.endpoints.deliveries(ownerOf(house), endpoint.id)).items).toMatchObject([{ state: 'delivered', attempts: 2, lastStatus: 200, lastProblem: null }]);
});

test('one that is never there is given up after three days, and forgotten a month later', async () => {
  const { endpoint } = await webhooks.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] });
  answer = (response) => void response.destroy();
  await tell('one');
  for (let tries = 0; tries < 60; tries += 1) {
    await send();
    clock.advance(4 * 3_600_000);
  }
  expect(heard.length).toBeLessThan(40);
  expect((await webhooks.endpoints.deliveries(ownerOf(house), endpoint.id)).items).toMatchObject([{ state: 'given-up', lastProblem: expect.stringContaining('it cannot be reached') }]);
  clock.advance(31 * 86_400_000);
  await webhooks.deliveries.tidy();
  expect((await webhooks.endpoints.deliveries(ownerOf(house), endpoint.id)).items).toEqual([]);
});

test('no redirect is followed and no closed address is called, whatever its name said when it was entered', async () => {
  await webhooks.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] });
  answer = (response) => void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
  await tell('one');
  await send();
  expect(heard).toHaveLength(1);
  const closed = open([]);
  await expect(closed.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] })).rejects.toSatisfy((error) => isTandemError(error, 'url_not_allowed'));
  await expect(closed.endpoints.create(ownerOf(house), { url: 'https://rebound.example/hook', events: ['budget.alert'] })).rejects.toSatisfy((error) => isTandemError(error, 'url_not_allowed'));
  expect(await closed.sender.send({ url: address().replace('127.0.0.1', 'rebound.example'), secrets: ['whsec_AAAA'], id: newId(), body: '{}' })).toMatchObject({ taken: false, status: null, problem: expect.stringContaining('not open') });
  expect(heard).toHaveLength(1);
  await closed.sender.close();
});

test('an endpoint that is removed gets nothing more', async () => {
  const { endpoint } = await webhooks.endpoints.create(ownerOf(house), { url: address(), events: ['budget.alert'] });
  await tell('one');
  await webhooks.endpoints.remove(ownerOf(house), endpoint.id);
  await tell('two');
  await send();
  expect(heard).toEqual([]);
  expect((await webhooks.endpoints.list(ownerOf(house))).items).toEqual([]);
  await expect(webhooks.endpoints.remove(ownerOf(house), endpoint.id)).rejects.toSatisfy((error) => isTandemError(error, 'resource_not_found'));
});
