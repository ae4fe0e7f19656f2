/**
 * `npm run bench -- usage`: how many usage events a second go the whole way: written to a gateway's log, read by the poster,
 * rated, posted to Postgres (fsync on) and counted by the bill. Calls are offered at a fixed rate, whatever becomes of them; the
 * bill is asked twice a second. Everything, the writer of the log included, runs on the machine's cores or those given.
 * Options: --rounds 5 --seconds 10 --rate 28000 --cores 0,1
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, descendants, moveToCore, residentMiB } from '../support/processes.ts';
import { markdown, median, spread } from '../support/stats.ts';
import { openBenchHouse } from './house.ts';

const { values } = parseArgs({ options: {
  rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '10' }, rate: { type: 'string', default: '28000' }, cores: { type: 'string', default: '' },
} });
const [rounds, seconds, rate] = [Number(values.rounds), Number(values.seconds), Number(values.rate)];
const TICK_MS = 5;
const ASK_MS = 500;
/** A stall is caught up with over some turns of the event loop. */
const MOST_PER_TICK = 2_000;
const WARM_EVENTS = 100_000;

const house = await openBenchHouse();
const { books, writer, poster } = house;
const posterPid = () => poster.state().pid ?? 0;
const postgresPids = () => [house.postgresPid, ...descendants(house.postgresPid)];
if (values.cores !== '') for (const pid of [process.pid, posterPid(), ...postgresPids()]) moveToCore(pid, values.cores);
let made = 0;

function calls(howMany: number): void {
  for (let left = howMany; left > 0; left -= 1) house.call();
  made += howMany;
}

/** Events that the bill counts now. */
async function billed(): Promise<number> {
  return Number((await books.bill.show(house.owner, {})).requests);
}

async function allBilled(): Promise<void> {
  while (writer.backlogRecords() > 0) await sleep(5);
  while ((await billed()) < made) await sleep(5);
}

function cpuNow(): { gateway: number; poster: number; postgres: number } {
  return { gateway: cpuSeconds(process.pid), poster: cpuSeconds(posterPid()), postgres: postgresPids().reduce((sum, pid) => sum + cpuSeconds(pid), 0) };
}

interface Round { readonly offered: number; readonly billed: number; readonly backlog: number; readonly largest: number; readonly drainMs: number; readonly gateway: number; readonly poster: number; readonly postgres: number; readonly rss: number }

async function round(): Promise<Round> {
  const before = cpuNow();
  const [startMade, startMs] = [made, performance.now()];
  let [asked, largest, seen] = [startMs, 0, made];
  let asking: Promise<void> = Promise.resolve();
  for (;;) {
    const nowMs = performance.now();
    if (nowMs - startMs >= seconds * 1_000) break;
    const due = Math.floor(((nowMs - startMs) / 1_000) * rate) - (made - startMade);
    if (due > 0) calls(Math.min(due, MOST_PER_TICK));
    if (nowMs - asked >= ASK_MS) {
      asked = nowMs;
      largest = Math.max(largest, writer.backlogRecords());
      asking = asking.then(async () => { seen = await billed(); });
    }
    await sleep(TICK_MS);
  }
  const lastedMs = performance.now() - startMs;
  await asking;
  seen = await billed();
  const seenMs = performance.now() - startMs;
  const backlog = Math.ceil(writer.backlogRecords() / 2);
  await allBilled();
  const drainMs = performance.now() - startMs - lastedMs;
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
  calls(500);
  await sleep(0);
}
await allBilled();

const done: Round[] = [];
for (let at = 1; at <= rounds; at += 1) {
  done.push(await round());
  const { offered, billed: seen, backlog, drainMs, gateway, poster, postgres } = done.at(-1)!;
  console.error(`round ${at}: offered ${offered.toFixed(0)}/s, in the bill ${seen.toFixed(0)}/s, ${backlog} behind at the end, all in the bill after ${drainMs.toFixed(0)} ms; CPU µs an event: writer ${gateway.toFixed(1)}, poster ${poster.toFixed(1)}, Postgres ${postgres.toFixed(1)}`);
}
const row = (title: string, pick: (round: Round) => number, digits = 0) => [title, median(done.map(pick)).toFixed(digits), spread(done.map(pick), digits)];
console.log(`${made.toLocaleString('en')} usage events on the books.\n`);
console.log(markdown(['figure', `median of ${rounds}`, 'smallest–largest'], [
  row('events offered a second', (of) => of.offered), row('events posted, rated and in the bill a second, while they were offered', (of) => of.billed),
  row('events behind at the end', (of) => of.backlog), row('most events behind', (of) => of.largest), row('ms until the last was in the bill', (of) => of.drainMs),
  row('CPU of what writes the log, µs an event', (of) => of.gateway, 1), row('poster CPU, µs an event', (of) => of.poster, 1), row('Postgres CPU, µs an event', (of) => of.postgres, 1), row('poster RSS, MiB', (of) => of.rss),
]));
const check = await books.bill.verify(house.owner);
console.log(`\nbill --verify: difference ${check.difference}, ${check.ok ? 'no fault' : check.firstFault}`);
await house.close();
process.exit(check.ok ? 0 : 1);
