import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { verifyScope } from './verify.ts';

/** A million, unless a quick look is wanted. */
const EVENTS = Number(process.env['TANDEM_VERIFY_EVENTS'] ?? 1_000_000);
const BATCH = 5_000;
/** What a verification may take beside what the process had before, MiB: pages of rows, not the rows. */
const MOST_GROWTH_MIB = 256;

let house: TestBooks;
beforeAll(async () => {
  house = await openTestBooks(Date.UTC(2026, 4, 2));
  const keys = Array.from({ length: 20 }, () => house.newId());
  for (let made = 0; made < EVENTS; made += BATCH) {
    await house.poster.use(...Array.from({ length: BATCH }, (_, at) => ({ quantities: { input: BigInt(at % 997), output: BigInt(1 + (at % 389)) }, keyId: keys[at % keys.length]!, cost: BigInt(at % 31), serviceTier: at % 5 === 0 ? 'flex' as const : 'default' as const })));
    house.clock.advance(10_000);
  }
}, 1_200_000);
afterAll(() => house.close());

test('difference 0 in bounded memory, and an edit, a deletion and a changed sum are each named', async () => {
  globalThis.gc?.();
  const beforeMiB = process.memoryUsage.rss() / 1_048_576;
  let mostMiB = beforeMiB;
  const watch = setInterval(() => { mostMiB = Math.max(mostMiB, process.memoryUsage.rss() / 1_048_576); }, 200);
  const beganMs = performance.now();
  const clean = await verifyScope(house.database, { organisationId: null });
  const seconds = (performance.now() - beganMs) / 1_000;
  clearInterval(watch);
  expect(clean).toMatchObject({ ok: true, difference: '0', firstFault: null });
  expect(clean.checks.find(({ id }) => id === 'events')?.checked).toBe(String(EVENTS));
  console.info(`verified ${EVENTS} events in ${seconds.toFixed(1)} s (${(EVENTS / seconds).toFixed(0)}/s); RSS ${beforeMiB.toFixed(0)} MiB before, ${mostMiB.toFixed(0)} MiB at most`);
  expect(mostMiB - beforeMiB).toBeLessThan(MOST_GROWTH_MIB);

  const { pool } = house.database;
  const { rows: [edited] } = await pool.query<{ id: string }>('select id from usage_events where sequence = $1', [Math.floor(EVENTS / 3)]);
  const removed = Math.floor((EVENTS * 2) / 3);
  await pool.query('alter table usage_events disable trigger user');
  await pool.query(`update usage_events set charge = charge + 1 where id = $1`, [edited!.id]);
  await pool.query('delete from usage_events where sequence = $1', [removed]);
  await pool.query(`update usage_months set events = events + 1 where ctid = (select ctid from usage_months where bucket = 'input' limit 1)`);
  const planted = await verifyScope(house.database, { organisationId: null });
  expect(planted.ok).toBe(false);
  const detail = (id: string) => planted.checks.find((check) => check.id === id)?.detail;
  expect(detail('events')).toContain(`usage event ${edited!.id}: the field charge was changed`);
  expect(detail('sequences')).toContain(`the usage event with sequence ${removed} of epoch ${house.poster.epochId}`);
  expect(detail('rollups')).toMatch(/^the sum of /);
}, 1_800_000);
