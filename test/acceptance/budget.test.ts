import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allUsage, api, posted, priceAndWait } from './support/api.ts';
import { startStandInBackend, type StandInBackend } from './support/backend.ts';
import { freshFolder, startProgram, stopEverything, type Program } from './support/program.ts';

const ALIAS = 'standin';
const CALLS = 1_000;

let backend: StandInBackend;
let program: Program;

interface Budget { readonly id: string; readonly scope: { readonly id: string }; readonly amount: string; readonly spent: string; readonly held: string; readonly left: string }

beforeAll(async () => {
  backend = await startStandInBackend({ frames: 16, pace: () => new Promise((resolve) => setImmediate(resolve)) });
  const home = freshFolder('home');
  writeFileSync(join(home, 'config.json'), JSON.stringify({ egress: { allow: ['127.0.0.0/8'] }, backends: [{ name: 'standin', url: backend.url, models: [{ alias: ALIAS, model: 'mock', maxOutputTokens: 16 }] }] }));
  program = await startProgram({ home, direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_LOG: 'warn' } });
  await priceAndWait(program, ALIAS);
}, 120_000);

afterAll(async () => {
  await program?.interrupt();
  backend?.close();
  stopEverything();
});

const chat = (key: string, options: { stream?: boolean; signal?: AbortSignal } = {}) => fetch(`${program.url}/v1/chat/completions`, {
  method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(options.signal ? { signal: options.signal } : {}),
  body: JSON.stringify({ model: ALIAS, max_tokens: 16, stream: options.stream === true, messages: [{ role: 'user', content: 'hello there' }] }),
});

async function budgetOf(keyId: string): Promise<Budget> {
  const { items } = await api<{ items: Budget[] }>(program, 'GET', '/api/budgets');
  const found = items.find((one) => one.scope.id === keyId);
  if (!found) throw new Error('the key has no budget');
  return found;
}

/** The price of one call's hold, learnt from a refusal: a key with a budget of nothing. */
async function holdOfOneCall(): Promise<bigint> {
  const { secret } = await api<{ secret: string }>(program, 'POST', '/api/keys', { name: 'probe', budget: { amount: '1', period: 'total' } });
  const response = await chat(secret);
  const { error } = await response.json() as { error: { code: string; facts: { needed: string } } };
  expect(response.status).toBe(402);
  return BigInt(error.facts.needed);
}

test('a budget binds from the first call of its new key on', async () => {
  for (let round = 0; round < 40; round += 1) await holdOfOneCall();
}, 60_000);

test('1,000 parallel calls on a budget with one call left: exactly one is served', async () => {
  const hold = await holdOfOneCall();
  const { key, secret } = await api<{ key: { id: string }; secret: string }>(program, 'POST', '/api/keys', { name: 'last cent', budget: { amount: hold.toString(), period: 'total' } });
  const before = backend.calls;
  const statuses = await Promise.all(Array.from({ length: CALLS }, async () => {
    const response = await chat(secret);
    await response.arrayBuffer();
    return response.status;
  }));
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(new Set(statuses)).toEqual(new Set([200, 402]));
  expect(backend.calls - before).toBe(1);

  await posted(program);
  const budget = await budgetOf(key.id);
  expect(BigInt(budget.spent)).toBeLessThanOrEqual(BigInt(budget.amount));
  expect(BigInt(budget.spent)).toBeGreaterThan(0n);
  expect((await allUsage(program)).filter((event) => event.keyId === key.id && event.charge !== '0')).toHaveLength(1);
}, 120_000);

test('1,000 clients that leave mid-stream: what was delivered is charged, and no hold is left over', async () => {
  const { key, secret } = await api<{ key: { id: string }; secret: string }>(program, 'POST', '/api/keys', { name: 'leavers', budget: { amount: '1000000000000000', period: 'total' } });
  let delivered = 0;
  for (let batch = 0; batch < CALLS / 50; batch += 1) {
    await Promise.all(Array.from({ length: 50 }, async (_, at) => {
      const leaving = new AbortController();
      try {
        const response = await chat(secret, { stream: true, signal: leaving.signal });
        let frames = 0;
        for await (const _ of response.body!) {
          frames += 1;
          if (frames > at % 4) leaving.abort();
        }
      } catch (error) {
        if (!leaving.signal.aborted) throw error;
      }
      delivered += 1;
    }));
  }
  expect(delivered).toBe(CALLS);
  await posted(program);
  const events = (await allUsage(program)).filter((event) => event.keyId === key.id);
  expect(events).toHaveLength(CALLS);
  expect(events.every((event) => event.outcome === 'client_left' || event.outcome === 'completed')).toBe(true);
  const charged = events.reduce((sum, event) => sum + BigInt(event.charge), 0n);
  const budget = await budgetOf(key.id);
  expect(BigInt(budget.spent)).toBe(charged);
  expect(charged).toBeGreaterThan(0n);

  const verified = program.cli('bill', '--verify');
  expect(verified.code, verified.out).toBe(0);
}, 120_000);
