import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newId, silentLogger, systemClock, type TandemError } from '../base/index.ts';
import type { Access, Principal } from '../access/index.ts';
import type { Database } from '../db/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { createModels, type Models } from './index.ts';
import { FakeEngine } from './local/fake-engine.ts';
import { FakeBackend } from './testing/fake-backend.ts';
import { ask } from './testing/house.ts';
import { openLedgerHouse, type LedgerHouse } from './testing/ledger-house.ts';
import { MemorySink } from './testing/memory-sink.ts';
import { COMPLETION, STREAM } from './testing/openai-fixtures.ts';

let house: LedgerHouse;
let database: Database;
let access: Access;
let ledger: Ledger;
let models: Models;
let engine: FakeEngine;
let backend: FakeBackend;
let admin: Principal;

beforeAll(async () => {
  house = await openLedgerHouse();
  ({ database, access, ledger, admin } = house);
  engine = new FakeEngine();
  await engine.start();
  backend = new FakeBackend();
  const url = await backend.start();
  models = createModels({
    access, ledger, database, log: silentLogger, clock: systemClock, engine, operator: () => house.organisationId,
    config: { file: { egress: { allow: ['127.0.0.1'] }, backends: [{ name: 'gpu', url, models: [{ alias: 'team/big', model: 'big', maxOutputTokens: 100 }] }] }, configFile: join(house.home, 'config.json'), secretFile: join(house.home, 'secret'), localModel: 'default' },
  });
  await models.start();
  const per = '1000000';
  for (const resource of ['tandem/local', 'team/big']) {
    await ledger.prices.create(admin, { resource, tier: 'standard', side: 'sell', source: 'a test', buckets: { input: { price: '1250000000000', per }, cache_read: { price: '150000000000', per }, output: { price: '4250000000000', per } } });
  }
});
afterAll(async () => {
  await models.stop();
  await engine.stop();
  await backend.stop();
  await house.close();
});

function chat(model: string, sink: MemorySink, more: Record<string, unknown> = {}, options: { id?: string; principal?: Principal; signal?: AbortSignal } = {}): Promise<void> {
  return models.call('chat', { principal: options.principal ?? admin, body: ask({ model, ...more }), idempotencyKey: null, receipt: true, signal: options.signal ?? new AbortController().signal, requestId: options.id ?? newId() }, sink);
}

/** The event once the poster has brought it to Postgres. */
const posted = (id: string) => vi.waitFor(() => ledger.usage.show(admin, id), { timeout: 10_000, interval: 20 });

test('the receipt of an answer and its line in the ledger are the same to the last digit', async () => {
  const [local, remote] = [newId(), newId()];
  const localSink = new MemorySink();
  await chat('tandem/local', localSink, {}, { id: local });
  backend.stream(STREAM);
  const remoteSink = new MemorySink();
  await chat('team/big', remoteSink, { stream: true }, { id: remote });
  const receipts = [localSink.json['tandem'], (JSON.parse(remoteSink.frames.at(-2)!) as Record<string, unknown>)['tandem']] as { charge: string }[];
  const events = [await posted(local), await posted(remote)];
  expect(events.map(({ charge }) => charge)).toEqual(receipts.map(({ charge }) => charge));
  // 9 of the prompt with 4 of them cached, 12 of the answer: 5 × 1,250,000 + 4 × 150,000 + 12 × 4,250,000.
  expect(events[1]!.charge).toBe('57850000');
  expect(ledger.status().calls.open).toBe(0);
});

test('cached and reasoning tokens have their own price, streamed or whole: one usage, one charge', async () => {
  const usage = { prompt_tokens: 2_006, completion_tokens: 90, total_tokens: 2_096, prompt_tokens_details: { cached_tokens: 1_920 }, completion_tokens_details: { reasoning_tokens: 64 } };
  const [whole, streamed] = [newId(), newId()];
  backend.json(200, { ...COMPLETION, usage });
  const messages = [{ role: 'user', content: 'long '.repeat(2_000) }];
  await chat('team/big', new MemorySink(), { messages }, { id: whole });
  const chunks = STREAM.slice(0, -2);
  backend.stream([...chunks, `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`, STREAM.at(-1)!]);
  await chat('team/big', new MemorySink(), { messages, stream: true }, { id: streamed });
  const events = [await posted(whole), await posted(streamed)];
  for (const event of events) {
    expect(event.quantities).toEqual({ input: '86', cache_read: '1920', output: '26', reasoning: '64' });
    // 86 × $1.25 + 1,920 × $0.15 + 90 × $4.25 per million. At full price the cached tokens would make it $0.00289.
    expect(event.charge).toBe('778000000');
  }
});

test('a key of the whole organisation spends in the first project, with an Idempotency-Key too', async () => {
  expect(admin.projectId).toBeNull();
  const first = access.directory.projectFor(admin);
  for (const idempotencyKey of [null, 'once']) {
    const requestId = newId();
    await models.call('chat', { principal: admin, body: ask({ model: 'tandem/local' }), idempotencyKey, receipt: false, signal: new AbortController().signal, requestId }, new MemorySink());
    expect((await posted(requestId)).projectId).toBe(first);
  }
});

test('many calls at once on a budget for a few spend at most the budget; the others are told what would fit', async () => {
  const project = await access.projects.create(admin, { name: 'tight' });
  const principal = { ...admin, projectId: project.id };
  const amount = 200_000_000n;
  const budget = await ledger.budgets.create(admin, { scope: { kind: 'project', id: project.id }, amount: String(amount), period: 'total' });
  const refusals: TandemError[] = [];
  const charges = await Promise.all(Array.from({ length: 100 }, async () => {
    const sink = new MemorySink();
    try {
      await chat('tandem/local', sink, { max_tokens: 30 }, { principal });
    } catch (error) {
      refusals.push(error as TandemError);
      return 0n;
    }
    return BigInt((sink.json['tandem'] as { charge: string }).charge);
  }));
  const spent = charges.reduce((sum, charge) => sum + charge, 0n);
  expect(spent > 0n && spent <= amount).toBe(true);
  expect(refusals.length).toBeGreaterThan(0);
  expect(refusals.every((error) => error.code === 'budget_exceeded' && error.status === 402 && error.param === 'max_tokens')).toBe(true);
  expect(ledger.status().calls.open).toBe(0);
  await vi.waitFor(async () => expect((await ledger.budgets.list(admin)).items.find(({ id }) => id === budget.id)?.spent).toBe(String(spent)), { timeout: 10_000, interval: 20 });
});

test('clients that leave in the middle are charged for what was delivered, and nothing is left held', async () => {
  engine.script.answer = () => 'word '.repeat(1500).trim();
  const ids = Array.from({ length: 10 }, () => newId());
  await Promise.all(ids.map(async (id, index) => {
    const left = new AbortController();
    const sink = new MemorySink();
    let pieces = 0;
    sink.onWrite = (text) => {
      if (text.includes('word') && ++pieces > index) left.abort();
    };
    await chat('tandem/local', sink, { stream: true }, { id, signal: left.signal });
  }));
  expect(ledger.status().calls.open).toBe(0);
  for (const [index, id] of ids.entries()) {
    const event = await posted(id);
    expect(event.outcome).toBe('client_left');
    const tokens = Number(event.quantities.output);
    expect(tokens).toBeGreaterThanOrEqual(index + 1);
    expect(tokens).toBeLessThanOrEqual(index + 3);
  }
});

test('calls in every dialect run no statement, so no sum over what was used is on their way (C12, litellm 35766)', async () => {
  const statements: string[] = [];
  const watched: { stop(): void }[] = [];
  database.pool.on('acquire', (client) => {
    const { query } = client;
    client.query = ((...given: Parameters<typeof query>) => {
      const [what] = given as unknown as [string | { text?: string }];
      statements.push(typeof what === 'string' ? what : (what.text ?? ''));
      return query.apply(client, given);
    }) as typeof query;
    watched.push({ stop: () => { client.query = query; } });
  });
  backend.json(200, COMPLETION);
  const bodies = { chat: ask({ model: 'team/big' }), responses: { model: 'team/big', input: 'Say hello', store: false }, messages: { model: 'team/big', max_tokens: 50, messages: [{ role: 'user', content: 'Say hello' }] } };
  for (const [dialect, body] of Object.entries(bodies) as [keyof typeof bodies, object][]) {
    await Promise.all(Array.from({ length: 200 }, () => models.call(dialect, { principal: admin, body, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink())));
  }
  for (const one of watched) one.stop();
  // What a process does by itself goes on meanwhile: it says that it lives, and looks for batches. That does not grow with calls.
  expect(statements.length).toBeLessThan(60);
  expect(statements.filter((text) => /usage_|api_keys|price|budget|request/.test(text))).toEqual([]);
}, 60_000);

test('pages that hold every connection to the database hold up no call (C13, litellm 16276)', async () => {
  const most = database.pool.options.max;
  const pages = await Promise.all(Array.from({ length: most }, () => database.pool.connect()));
  const sums = pages.map((page) => page.query('select pg_sleep(3600)').catch((error: unknown) => (error as { code?: string }).code));
  try {
    backend.json(200, COMPLETION);
    await Promise.all(Array.from({ length: 200 }, () => chat('team/big', new MemorySink())));
    expect(database.pool.idleCount).toBe(0);
    expect(ledger.status().calls.open).toBe(0);
  } finally {
    const { default: pg } = await import('pg');
    const operator = new pg.Client(house.connection);
    await operator.connect();
    await operator.query(`select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`);
    await operator.end();
    expect(await Promise.all(sums)).toEqual(sums.map(() => '57014'));
    for (const page of pages) page.release();
  }
}, 60_000);

test('a model without a price is refused before anything is asked of a backend', async () => {
  const asked = backend.requests.length;
  await expect(models.call('chat', { principal: { ...admin, tier: 'contributor' }, body: ask({ model: 'team/big' }), idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink()))
    .rejects.toMatchObject({ code: 'price_unknown' });
  expect(backend.requests).toHaveLength(asked);
});
