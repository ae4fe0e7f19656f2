import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newId, silentLogger, systemClock, type TandemError } from '../base/index.ts';
import type { Access, Principal } from '../access/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { createModels, type Models } from './index.ts';
import { FakeBackend } from './testing/fake-backend.ts';
import { openLedgerHouse, type LedgerHouse } from './testing/ledger-house.ts';
import { MemorySink } from './testing/memory-sink.ts';
import { STREAM } from './testing/openai-fixtures.ts';

/** A project that pays for attempts that did not deliver, on the real ledger, over FAKE backends that fail as they are told. */
const backends = [new FakeBackend(), new FakeBackend(), new FakeBackend()];
let house: LedgerHouse;
let access: Access;
let ledger: Ledger;
let models: Models;
let admin: Principal;
let paying: Principal;
let plain: Principal;
let urls: string[];
const PRICES = { input: { price: 7n, per: 3n }, output: { price: 11n, per: 4n }, request: { price: 1_000n, per: 1n } };
const MOST_OUTPUT = 40;

/** What a backend does with a call: it refuses, breaks off before the first word with or without a word of what it used, or answers. */
type Turn = { readonly kind: 'refuses' } | { readonly kind: 'breaks' } | { readonly kind: 'breaks-and-says' | 'answers'; readonly input: number; readonly output: number };
/** By the call's own word, for each backend. */
const scripts = new Map<string, readonly Turn[]>();

const usageEvent = (input: number, output: number) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } })}\n\n`;

function play(backend: FakeBackend, at: number): void {
  backend.answer = (response, { body }) => {
    const [{ content }] = body['messages'] as [{ content: string }];
    const turn = scripts.get(content)![at]!;
    if (turn.kind === 'refuses') return void response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"busy"}}');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (turn.kind === 'answers') return void response.end([...STREAM.slice(0, 4), usageEvent(turn.input, turn.output), STREAM.at(-1)!].join(''));
    response.write(STREAM[0]! + (turn.kind === 'breaks' ? '' : usageEvent(turn.input, turn.output)), () => response.socket?.destroy());
  };
}

beforeAll(async () => {
  house = await openLedgerHouse();
  ({ access, ledger, admin } = house);
  urls = await Promise.all(backends.map((backend) => backend.start()));
  backends.forEach(play);
  models = await open();
  const buckets = Object.fromEntries(Object.entries(PRICES).map(([bucket, { price, per }]) => [bucket, { price: String(price), per: String(per) }]));
  const price = await ledger.prices.create(admin, { resource: 'm', tier: 'standard', side: 'sell', source: 'a test', buckets });
  // A price begins when every process knows it.
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(price.effectiveFrom)), { timeout: 10_000, interval: 50 });
  [paying, plain] = await Promise.all(['paying', 'plain'].map(async (name) => ({ ...admin, projectId: (await access.projects.create(admin, { name })).id }))) as [Principal, Principal];
  await access.projects.update(admin, paying.projectId!, { paysAttempts: true });
});
afterAll(async () => {
  await models.stop();
  await Promise.all(backends.map((backend) => backend.stop()));
  await house.close();
});

async function open(): Promise<Models> {
  const opened = createModels({
    access, ledger, database: house.database, log: silentLogger, clock: systemClock, engine: null, operator: () => house.organisationId,
    config: {
      file: {
        egress: { allow: ['127.0.0.1'] }, backends: urls.map((url, at) => ({ name: `gpu-${at}`, url, models: [] })),
        models: [{ name: 'm', goal: 'order', targets: urls.map((_url, at) => ({ backend: `gpu-${at}`, model: 'x', order: at, maxOutputTokens: MOST_OUTPUT })), limits: { attempts: 3 } }],
      },
      configFile: join(house.home, 'config.json'), secretFile: join(house.home, 'secret'), localModel: 'off',
    },
  });
  await opened.start();
  return opened;
}

async function call(principal: Principal, script: readonly Turn[]): Promise<{ id: string; sink: MemorySink; error: TandemError | null }> {
  const id = newId();
  const word = `word-${id}`;
  scripts.set(word, script);
  const sink = new MemorySink();
  let error: TandemError | null = null;
  try {
    await models.call('chat', { principal, body: { model: 'm', messages: [{ role: 'user', content: word }], stream: true, stream_options: { include_usage: true } }, idempotencyKey: null, receipt: true, signal: new AbortController().signal, requestId: id }, sink);
  } catch (thrown) {
    error = thrown as TandemError;
  }
  return { id, sink, error };
}

const posted = (id: string) => vi.waitFor(() => ledger.usage.show(admin, id), { timeout: 10_000, interval: 20 });
const rated = (bucket: 'input' | 'output', quantity: bigint) => {
  const { price, per } = PRICES[bucket];
  const [whole, rest] = [(quantity * price) / per, (quantity * price) % per];
  return whole + (2n * rest > per || (2n * rest === per && whole % 2n === 1n) ? 1n : 0n);
};

/** What the caller is to pay for the turns that were played: a breaker may have left a backend out. */
function owed(script: readonly Turn[], pays: boolean): { input: bigint; output: bigint; requests: bigint } {
  const sum = { input: 0n, output: 0n, requests: 0n };
  for (const turn of script) {
    if (turn.kind === 'answers' || (pays && turn.kind === 'breaks-and-says')) {
      sum.input += BigInt(turn.input);
      sum.output += BigInt(turn.output);
    }
    if (turn.kind !== 'answers') continue;
    sum.requests = 1n;
    break;
  }
  return sum;
}

const tokens = { input: fc.integer({ min: 1, max: 60 }), output: fc.integer({ min: 0, max: MOST_OUTPUT }) };
const answers = fc.record({ kind: fc.constant('answers' as const), ...tokens });
const fails: fc.Arbitrary<Turn> = fc.oneof(fc.constant({ kind: 'refuses' as const }), fc.constant({ kind: 'breaks' as const }), { weight: 3, arbitrary: fc.record({ kind: fc.constant('breaks-and-says' as const), ...tokens }) });
const turns = (failing: number): fc.Arbitrary<readonly Turn[]> => fc.array(fc.oneof({ weight: 100 - failing, arbitrary: answers }, { weight: failing, arbitrary: fails }), { minLength: 3, maxLength: 3 });

test('what an attempt did not say is not charged, and a call that delivered nothing pays for what was said', async () => {
  const silent = await call(paying, [{ kind: 'breaks' }, { kind: 'refuses' }, { kind: 'breaks' }]);
  expect(silent.error).toMatchObject({ code: expect.stringMatching(/^backend_/) });
  expect(await posted(silent.id)).toMatchObject({ charge: '0', quantities: {}, lines: [] });
  const said = await call(paying, [{ kind: 'refuses' }, { kind: 'breaks-and-says', input: 9, output: 4 }, { kind: 'breaks' }]);
  const event = await posted(said.id);
  expect(event).toMatchObject({ charge: '32', quantities: { input: '9', output: '4' }, outcome: 'failed', attributes: { delivered: false } });
  expect(event.lines.map(({ bucket, attempts }) => [bucket, attempts])).toEqual([['input', [{ attempt: 2, quantity: '9' }]], ['output', [{ attempt: 2, quantity: '4' }]]]);
  // Nothing was delivered: a batch whose line a crash cut makes the call anew, and it is charged.
  expect(await ledger.delivered(newId(), admin.organisationId, [said.id])).toEqual(new Set());
  expect((await ledger.sight.request(admin, said.id)).attempts.map(({ charge, reason }) => [charge, reason.includes('the project pays')])).toEqual([[null, false], ['32', true], [null, false]]);
});

test('the receipt says of which attempt each line is', async () => {
  const { sink } = await call(paying, [{ kind: 'breaks-and-says', input: 5, output: 2 }, { kind: 'answers', input: 6, output: 3 }, { kind: 'refuses' }]);
  const receipt = (JSON.parse(sink.frames.at(-2)!) as { tandem: { charge: string; lines: object[] } }).tandem;
  expect(receipt.lines).toMatchObject([
    { bucket: 'input', quantity: '11', attempts: [{ attempt: 1, quantity: '5' }, { attempt: 2, quantity: '6' }] },
    { bucket: 'output', quantity: '5', attempts: [{ attempt: 1, quantity: '2' }, { attempt: 2, quantity: '3' }] },
    { bucket: 'request', quantity: '1', attempts: [{ attempt: 2, quantity: '1' }] },
  ]);
});

test('who decided it, and when, is in the project and in the trail; deciding it again changes neither', async () => {
  const { items } = await access.projects.list(admin);
  const before = items.find(({ id }) => id === paying.projectId)!.paysAttempts;
  expect(before).toEqual({ since: expect.stringMatching(/^\d{4}-/), by: admin.actor.label });
  expect((await access.projects.update(admin, paying.projectId!, { paysAttempts: true })).paysAttempts).toEqual(before);
  expect(items.find(({ id }) => id === plain.projectId)!.paysAttempts).toBeNull();
  const trail = await access.audit.list(admin, { limit: 100, action: 'project.update' });
  expect(trail.items.filter(({ resourceId }) => resourceId === paying.projectId).at(-1)).toMatchObject({ change: { paysAttempts: { from: false, to: true } } });
});

test('however attempts fail, the charge is the sum of all that said what they used where the project pays, and the delivered one where it does not', async () => {
  let paidFor = 0;
  for (let round = 0; round < 12; round += 1) {
    // Fresh rooms know of no failures: a breaker would leave attempts out.
    await models.stop();
    models = await open();
    await Promise.all(fc.sample(turns(60), 5).map(async (script, at) => {
      const pays = (round + at) % 3 > 0;
      const { id, error } = await call(pays ? paying : plain, script);
      if (error !== null && error.headers?.['x-tandem-attempts'] === undefined) return;
      const event = await posted(id);
      const attempts = event.attributes['attempts'] as { backend: string; charge?: string; billed?: object }[];
      const { input, output, requests } = owed(attempts.map(({ backend }) => script[Number(backend.slice(-1))]!), pays);
      const quantities = Object.fromEntries(Object.entries({ input, output, request: requests }).filter(([, quantity]) => quantity > 0n).map(([bucket, quantity]) => [bucket, String(quantity)]));
      expect([script, event.quantities]).toEqual([script, quantities]);
      expect(event.charge).toBe(String(rated('input', input) + rated('output', output) + requests * PRICES.request.price));
      expect(String(attempts.reduce((sum, one) => sum + BigInt(one.charge ?? 0), 0n))).toBe(event.charge);
      paidFor += attempts.filter(({ billed }) => billed).length;
      if (!pays) expect(attempts.some(({ billed }) => billed)).toBe(false);
      for (const line of event.lines) if (line.attempts) expect(String(line.attempts.reduce((sum, part) => sum + BigInt(part.quantity), 0n))).toBe(line.quantity);
    }));
  }
  expect(paidFor).toBeGreaterThan(3);
  expect(await ledger.bill.verify(admin)).toMatchObject({ ok: true, difference: '0', firstFault: null });
}, 60_000);

test('a budget holds the sum of all attempts: however many calls at once, it is not overrun', async () => {
  const amount = 20_000n;
  const project = await access.projects.create(admin, { name: 'tight' });
  await access.projects.update(admin, project.id, { paysAttempts: true });
  const principal = { ...admin, projectId: project.id };
  const budget = await ledger.budgets.create(admin, { scope: { kind: 'project', id: project.id }, amount: String(amount), period: 'total' });
  await models.stop();
  models = await open();
  const results = await Promise.all(fc.sample(turns(20), 150).map((script) => call(principal, script)));
  const refused = results.filter(({ error }) => error?.code === 'budget_exceeded');
  expect(refused.length).toBeGreaterThan(0);
  let spent = 0n;
  for (const { id, error } of results) if (error?.code !== 'budget_exceeded') spent += BigInt((await posted(id)).charge);
  expect(spent).toBeLessThanOrEqual(amount);
  await vi.waitFor(async () => expect((await ledger.budgets.list(admin)).items.find(({ id }) => id === budget.id)).toMatchObject({ spent: String(spent) }), { timeout: 10_000, interval: 20 });
  expect(ledger.status().calls.open).toBe(0);
  expect(await ledger.bill.verify(admin)).toMatchObject({ ok: true, difference: '0' });
});
