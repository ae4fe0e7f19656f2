import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId, openSecretBox, silentLogger, type TandemError } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { TestPoster } from '../testing/usage.ts';
import { WebhookSender } from '../webhooks/sender.ts';
import { Feeds } from './feeds.ts';
import { FeedPump } from './pump.ts';

interface Heard { readonly headers: IncomingMessage['headers']; readonly body: string }

let house: TestBooks;
let server: Server;
let heard: Heard[];
let answer: (response: ServerResponse, count: number) => void;
let feeds: Feeds;
let pump: FeedPump;
let sender: WebhookSender;
const stop = new AbortController();

beforeEach(async () => {
  house = await openTestBooks(Date.UTC(2026, 4, 10));
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
  const secrets = openSecretBox(join(mkdtempSync(join(tmpdir(), 'tandem-feeds-')), 'secret'));
  const policy = readEgressPolicy({ allow: ['127.0.0.1'] });
  const { database, clock } = house;
  sender = new WebhookSender({ policy, clock });
  feeds = new Feeds({ database, clock, newId, audit: house.audit, secrets, policy });
  pump = new FeedPump({ database, clock, log: silentLogger, secrets, sender, operator: () => house.organisationId, spread: () => 0.5 });
});
afterEach(async () => {
  await sender.close();
  server.closeAllConnections();
  server.close();
  await house.close();
});

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
const send = () => pump.sendDue(stop.signal);
const create = (more: { format?: 'tandem' | 'stripe'; customer?: string; from?: string } = {}) => feeds.create(house.principal(), { url: address(), format: 'tandem', ...more });
const use = (howMany: number, poster = house.poster) => poster.use(...Array.from({ length: howMany }, (_, n) => ({ quantities: { input: BigInt(n + 1) } })));
const messages = () => heard.map(({ body }) => (JSON.parse(body) as { data: { events: { id: string; charge: string }[] } }).data.events);
const idsSent = () => messages().flat().map(({ id }) => id);

test('every event from now on is sent once, in order, in signed messages of a hundred, and of this organisation alone', async () => {
  await use(3);
  const { feed, secret } = await create();
  const other = await house.addOrganisation();
  const mine = (await use(250)).map(({ id }) => id);
  await house.poster.use({ quantities: { input: 1n }, organisationId: other });
  await send();
  await send();
  expect(messages().map((events) => events.length)).toEqual([100, 100, 50]);
  expect(idsSent()).toEqual(mine);
  const [{ headers, body }] = heard as [Heard];
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`).digest('base64')}`);
  expect((await feeds.list(house.principal())).items).toMatchObject([{ id: feed.id, state: 'sending', sent: '250', lastProblem: null }]);
});

test('a feed says where it goes on, and its secret is replaced without a gap', async () => {
  const { feed, secret } = await create();
  const position = async () => (await feeds.list(house.principal())).items[0]!.resumesFrom;
  expect(await position()).toBeNull();
  await use(3);
  expect(await position()).not.toBeNull();
  const next = await feeds.rotate(house.principal(), feed.id);
  await send();
  expect(await position()).toBeNull();
  const [{ headers, body }] = heard as [Heard];
  const by = (one: string) => `v1,${createHmac('sha256', Buffer.from(one.slice(6), 'base64')).update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`).digest('base64')}`;
  expect(headers['webhook-signature']).toBe(`${by(next.secret)} ${by(secret)}`);
  await use(2);
  const from = await position();
  answer = (response) => void response.writeHead(503).end();
  await send();
  expect(await position()).toBe(from);
});

test('what calls cost goes to the operator\'s own receivers alone', async () => {
  const other = await house.addOrganisation();
  const attributes = { attempts: [{ backendId: 'b', cost: '7', costPriceId: 'p' }] };
  await create();
  await feeds.create(house.principal(other), { url: address(), format: 'tandem' });
  const [mine] = await house.poster.use({ quantities: { input: 1n }, attributes });
  await house.poster.use({ quantities: { input: 1n }, attributes, organisationId: other });
  await send();
  const events = messages().flat();
  expect(events).toHaveLength(2);
  for (const event of events) expect(/"cost|costPriceId/.test(JSON.stringify(event))).toBe(event.id === mine!.id);
});

test('a receiver that is down for long misses nothing: it gets the same message again, and then the rest', async () => {
  const { feed } = await create();
  let down = true;
  answer = (response) => void response.writeHead(down ? 503 : 200).end();
  const mine = (await use(120)).map(({ id }) => id);
  await send();
  expect((await feeds.list(house.principal())).items).toMatchObject([{ state: 'failing', sent: '0', lastProblem: 'it answered 503' }]);
  await send();
  expect(heard).toHaveLength(1);
  for (let days = 0; days < 10; days += 1) {
    house.clock.advance(86_400_000);
    mine.push(...(await use(1)).map(({ id }) => id));
    await send();
  }
  down = false;
  house.clock.advance(86_400_000);
  const before = heard.length;
  await send();
  expect(new Set(heard.slice(0, before).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(heard[before]!.headers['webhook-id']).toBe(heard[0]!.headers['webhook-id']);
  heard.splice(0, before);
  expect(idsSent()).toEqual(mine);
  expect((await feeds.list(house.principal())).items).toMatchObject([{ id: feed.id, state: 'sending', failingSince: null }]);
});

test('events of a log that commits late are sent too, though later ones of another log went before', async () => {
  await create();
  house.clock.advance(120_000);
  const late = await TestPoster.open(house, house.book);
  const first = await use(5);
  await send();
  // Recorded, by its clock, before what was sent.
  house.clock.advance(-60_000);
  const second = await use(5, late);
  house.clock.advance(60_000);
  await send();
  expect(idsSent()).toEqual([...first, ...second].map(({ id }) => id));
});

test('paused it waits, resumed it goes on where it stood; a replay sends again from a time on', async () => {
  const { feed } = await create();
  const principal = house.principal();
  await feeds.update(principal, feed.id, { paused: true });
  const before = (await use(2)).map(({ id }) => id);
  await send();
  expect(heard).toHaveLength(0);
  house.clock.advance(3_600_000);
  const after = (await use(2)).map(({ id }) => id);
  expect(await feeds.update(principal, feed.id, { paused: false })).toMatchObject({ state: 'sending' });
  await send();
  expect(idsSent()).toEqual([...before, ...after]);
  heard.length = 0;
  await feeds.update(principal, feed.id, { replayFrom: new Date(house.clock.nowMs()).toISOString() });
  await send();
  expect(idsSent()).toEqual(after);
  await feeds.remove(principal, feed.id);
  await use(1);
  await send();
  expect(idsSent()).toEqual(after);
  await expect(feeds.update(principal, feed.id, { paused: true })).rejects.toSatisfy((error) => (error as TandemError).code === 'resource_not_found');
});

test('a replay while a message is on its way is not undone by that message\'s answer', async () => {
  const from = new Date(house.clock.nowMs()).toISOString();
  const { feed } = await create();
  const mine = (await use(3)).map(({ id }) => id);
  answer = (response, count) => {
    if (count > 1) return void response.writeHead(204).end();
    void feeds.update(house.principal(), feed.id, { replayFrom: from }).then(() => response.writeHead(204).end());
  };
  await send();
  await send();
  expect(idsSent()).toEqual([...mine, ...mine]);
});

test('in the form of Stripe\'s meter events the identifier is the event\'s id and the value its exact charge', async () => {
  await create({ format: 'stripe', customer: 'cus_123' });
  const [event] = await house.poster.use({ quantities: { input: 3n, output: 1n } });
  await send();
  expect(JSON.parse(heard[0]!.body)).toEqual({ events: [{
    event_name: 'tandem_usage', identifier: event!.id, timestamp: new Date(house.clock.nowMs()).toISOString(),
    payload: { stripe_customer_id: 'cus_123', value: '0.000000006', currency: 'USD', model: 'tandem/local', project: house.projectId, tokens: '4' },
  }] });
});
