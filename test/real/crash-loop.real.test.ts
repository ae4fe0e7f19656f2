import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { allUsage, api, posted, priceAndWait } from '../acceptance/support/api.ts';
import { startStandInBackend } from '../acceptance/support/backend.ts';
import { freshFolder, startProgram, stopEverything, type Program } from '../acceptance/support/program.ts';

afterAll(stopEverything);

const ALIAS = 'standin';
const ROUNDS = 30;
const CLIENTS = 24;
/** At most this long under load before the kill; the moment is drawn anew each round. */
const LOAD_MS_MAX = 600;

interface Tally { readonly ended: Set<string>; begun: number }

test(`${ROUNDS} × kill -9 under load: each reply whose end was received is billed exactly once`, async () => {
  const backend = await startStandInBackend({ frames: 12, pace: () => new Promise((resolve) => setImmediate(resolve)) });
  const home = freshFolder('home');
  writeFileSync(join(home, 'config.json'), JSON.stringify({ egress: { allow: ['127.0.0.0/8'] }, backends: [{ name: 'standin', url: backend.url, models: [{ alias: ALIAS, model: 'mock', maxOutputTokens: 16 }] }] }));
  const start = () => startProgram({ home, direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_LOG: 'warn' } });

  let program = await start();
  await priceAndWait(program, ALIAS);
  const { key, secret } = await api<{ key: { id: string }; secret: string }>(program, 'POST', '/api/keys', { name: 'load', budget: { amount: '1000000000000000000', period: 'total' } });
  const tally: Tally = { ended: new Set(), begun: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const stop = new AbortController();
    const clients = Array.from({ length: CLIENTS }, (_, at) => load(program, secret, tally, at % 2 === 0, stop.signal));
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * LOAD_MS_MAX));
    stop.abort();
    await program.killServer();
    await Promise.all(clients);
    program = await start();
  }
  await posted(program);

  const events = (await allUsage(program)).filter((event) => event.keyId === key.id);
  const billed = new Map(events.map((event) => [event.id, event]));
  expect(billed.size, 'an id is billed at most once').toBe(events.length);
  const unbilled = [...tally.ended].filter((id) => (billed.get(id)?.charge ?? '0') === '0');
  expect(unbilled, 'every reply whose end was received is billed').toEqual([]);

  const { items } = await api<{ items: { scope: { id: string }; spent: string }[] }>(program, 'GET', '/api/budgets');
  const spent = items.find((budget) => budget.scope.id === key.id)!.spent;
  expect(BigInt(spent)).toBe(events.reduce((sum, event) => sum + BigInt(event.charge), 0n));

  const verified = JSON.parse(program.cli('bill', '--verify', '--json').out) as { ok: boolean; difference: string; lostToCrashes: { calls: string; note: string } };
  console.log(`${ROUNDS} kills: ${tally.begun} calls begun, ${tally.ended.size} replies received to their end, ${events.length} events billed, ${verified.lostToCrashes.calls} calls lost to crashes (${verified.lostToCrashes.note})`);
  expect(verified).toMatchObject({ ok: true, difference: '0' });
  expect(tally.ended.size).toBeGreaterThan(ROUNDS);
  await program.interrupt();
  backend.close();
}, 600_000);

/** One client that asks again and again until told to stop, and notes the id of each reply that it got to its end. */
async function load({ url }: Program, key: string, tally: Tally, stream: boolean, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    tally.begun += 1;
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: ALIAS, max_tokens: 16, stream, messages: [{ role: 'user', content: 'hello there' }] }),
      });
      const id = response.headers.get('x-request-id')!;
      const text = await response.text();
      if (response.status === 200 && (stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}'))) tally.ended.add(id);
    } catch {
      // The kill cut this one.
      return;
    }
  }
}
