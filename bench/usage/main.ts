/**
 * `npm run bench -- usage`: how many usage events a second go the whole way: held and settled by a gateway's ledger, written to
 * its log, read by the poster, rated, posted to Postgres (fsync on) and counted by the bill. Calls are offered at a fixed rate,
 * whatever becomes of them; the bill is asked four times a second. Everything runs on two cores.
 * Options: --rounds 5 --seconds 10 --rate 25000 --cores 0,1
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, descendants, moveToCore, residentMiB } from '../support/processes.ts';
import { markdown, median, spread } from '../support/stats.ts';
import { admissionOf, endOf, openBenchHouse } from './house.ts';

const { values } = parseArgs({ options: {
  rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '10' }, rate: { type: 'string', default: '25000' }, cores: { type: 'string', default: '' },
} });
const [rounds, seconds, rate] = [Number(values.rounds), Number(values.seconds), Number(values.rate)];
const TICK_MS = 5;
const ASK_MS = 250;
const WARM_EVENTS = 100_000;

const house = await openBenchHouse();
const { ledger } = house;
const posterPid = () => ledger.status().poster.pid ?? 0;
const postgresPids = () => [house.postgresPid, ...descendants(house.postgresPid)];
if (values.cores !== '') for (const pid of [process.pid, posterPid(), ...postgresPids()]) moveToCore(pid, values.cores);
let made = 0;

async function one(): Promise<void> {
  const n = (made += 1);
  const hold = await ledger.admit(admissionOf(house, n));
  await hold.settle(endOf(n));
}

/** Events that the bill counts now. */
async function billed(): Promise<number> {
  return Number((await ledger.bill.show(house.owner, {})).requests);
}

async function allBilled(): Promise<void> {
  while ((await billed()) < made) await sleep(20);
}

function cpuNow(): { gateway: number; poster: number; postgres: number } {
  return { gateway: cpuSeconds(process.pid), poster: cpuSeconds(posterPid()), postgres: postgresPids().reduce((sum, pid) => sum + cpuSeconds(pid), 0) };
}

interface Round { readonly offered: number; readonly billed: number; readonly backlog: number; readonly largest: number; readonly drainMs: number; readonly gateway: number; readonly poster: number; readonly postgres: number; readonly rss: number }

async function round(): Promise<Round> {
  const before = cpuNow();
  const [startMade, startMs] = [made, performance.now()];
  let failed: unknown;
  let [asked, largest, seen] = [startMs, 0, made];
  let asking: Promise<void> = Promise.resolve();
  for (;;) {
    const nowMs = performance.now();
    if (nowMs - startMs >= seconds * 1_000) break;
    const due = Math.floor(((nowMs - startMs) / 1_000) * rate) - (made - startMade);
    for (let left = due; left > 0; left -= 1) one().catch((error: unknown) => { failed = error; });
    if (nowMs - asked >= ASK_MS) {
      asked = nowMs;
      largest = Math.max(largest, ledger.status().backlogRecords);
      asking = asking.then(async () => { seen = await billed(); });
    }
    await sleep(TICK_MS);
  }
  const lastedMs = performance.now() - startMs;
  await asking;
  seen = await billed();
  const seenMs = performance.now() - startMs;
  const backlog = Math.ceil(ledger.status().backlogRecords / 2);
  await allBilled();
  const drainMs = performance.now() - startMs - lastedMs;
  if (failed !== undefined) throw failed;
  const after = cpuNow();
  const events = made - startMade;
  const each = (name: 'gateway' | 'poster' | 'postgres') => ((after[name] - before[name]) / events) * 1e6;
  return {
    offered: events / (lastedMs / 1_000), billed: (seen - startMade) / (seenMs / 1_000), backlog, largest: Math.ceil(largest / 2), drainMs,
    gateway: each('gateway'), poster: each('poster'), postgres: each('postgres'), rss: residentMiB(posterPid()),
  };
}

// A JIT compiles, slices grow, and the first checkpoint is behind.
while (made < WARM_EVENTS) {
  await Promise.all(Array.from({ length: 500 }, one));
}
await allBilled();

const done: Round[] = [];
for (let at = 1; at <= rounds; at += 1) {
  done.push(await round());
  const { offered, billed: seen, backlog, drainMs, gateway, poster, postgres } = done.at(-1)!;
  console.error(`round ${at}: offered ${offered.toFixed(0)}/s, in the bill ${seen.toFixed(0)}/s, ${backlog} behind at the end, all in the bill after ${drainMs.toFixed(0)} ms; CPU µs an event: gateway ${gateway.toFixed(1)}, poster ${poster.toFixed(1)}, Postgres ${postgres.toFixed(1)}`);
}
const row = (title: string, pick: (round: Round) => number, digits = 0) => [title, median(done.map(pick)).toFixed(digits), spread(done.map(pick), digits)];
console.log(`${made.toLocaleString('en')} usage events on the books.\n`);
console.log(markdown(['figure', `median of ${rounds}`, 'smallest–largest'], [
  row('events offered a second', (one_) => one_.offered), row('events posted, rated and in the bill a second, while they were offered', (one_) => one_.billed),
  row('events behind at the end', (one_) => one_.backlog), row('most events behind', (one_) => one_.largest), row('ms until the last was in the bill', (one_) => one_.drainMs),
  row('gateway CPU, µs an event', (one_) => one_.gateway, 1), row('poster CPU, µs an event', (one_) => one_.poster, 1), row('Postgres CPU, µs an event', (one_) => one_.postgres, 1), row('poster RSS, MiB', (one_) => one_.rss),
]));
const check = await ledger.bill.verify(house.owner);
console.log(`\nbill --verify: difference ${check.difference}, ${check.ok ? 'no fault' : check.firstFault}`);
await house.close();
process.exit(check.ok ? 0 : 1);
