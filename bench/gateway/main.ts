/**
 * `npm run bench -- gateway`: what Tandem costs in front of a backend, with key, budget, ledger and log on, beside a bare Node
 * proxy and beside Portkey's and LiteLLM's gateways, in the same run. The gateway has core 0 for itself; load, mock, poster and Postgres
 * share core 1, and with them the gateways that are not measured just then; in one more row all of Tandem shares core 0.
 * A machine with more can give each its own (`--cores '0 1 2 3'`: gateway, load, backend, ledger), and `--roomy 0,4` measures bare proxy and
 * Tandem once more, with those cores for the threads of the one process.
 * Options: --rounds 5 --seconds 5 --without portkey,litellm,one-core,strict --cores '0 1' --roomy ''
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FIRST, busySince, coreSeconds, cpuSeconds, moveToCore, residentMiB } from '../support/processes.ts';
import { pythonWithLitellm } from '../support/litellm.ts';
import { median } from '../support/stats.ts';
import { requireTools } from '../support/tools.ts';
import { coresLine, coresOf } from './cores.ts';
import { Figures, hiccupLine, latencyTable, loadTable, timesBare, type Hiccups } from './figures.ts';
import { startBareProxy, startLitellm, startPortkey, startTandem, type Gateway } from './gateways.ts';
import { startMocks } from './mock.ts';
import { measureSyncs } from './syncs.ts';
import { FRAMES, MODEL, REQUEST, STREAM_REQUEST } from './workload.ts';
import { wrk } from './wrk.ts';

const MOCKS = { plain: 19_100, stream: 19_101 };
const DRAIN_LIMIT_MS = 5_000;
const WARM_SECONDS = 3;
const HICCUP_SECONDS = 2;
const NEAR_LIMIT = 1.1;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' }, without: { type: 'string', default: '' }, cores: { type: 'string', default: '' }, roomy: { type: 'string', default: '' } } });
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const cores = coresOf(values.cores);
const roomy = values.roomy === '' ? null : { ...cores, gateway: coresOf(`${values.roomy} ${cores.load}`).gateway };

interface OpenLoop { readonly sent: number; readonly answered: number; readonly errors: number; readonly p50Ms: number; readonly p99Ms: number; readonly lateP99Ms: number }

requireTools(['wrk', 'nginx', 'taskset']);
// And with it whatever it starts, but for the gateways.
moveToCore(process.pid, cores.ledger);
const hiccups = { gateway: [await hiccupsOf(cores.gateway)], load: [await hiccupsOf(cores.load)] };
const syncs = await measureSyncs();
await startMocks(cores.backend, MOCKS.plain, MOCKS.stream);
const tandem = await startTandem({ cores, mocks: MOCKS, port: 19_300 });
const bare = await startBareProxy({ cores, mocks: MOCKS, port: 19_200 });
const without = (name: string) => values.without.includes(name);
const litellm = without('litellm') ? { missing: 'it was left out' } : pythonWithLitellm();
if ('missing' in litellm) console.error(`LiteLLM is not measured: ${litellm.missing}.`);
const gateways: Gateway[] = [
  bare, tandem,
  ...(without('strict') ? [] : [await startTandem({ cores, mocks: MOCKS, port: 19_310, strict: true })]),
  ...(without('one-core') ? [] : [await startTandem({ cores: { ...cores, ledger: cores.gateway }, mocks: MOCKS, port: 19_320 })]),
  ...(roomy === null ? [] : [
    await startBareProxy({ cores: roomy, mocks: MOCKS, port: 19_210, as: 'with more room' }),
    await startTandem({ cores: roomy, mocks: MOCKS, port: 19_330, as: 'with more room' }),
  ]),
  ...(without('portkey') ? [] : [await startPortkey({ cores, mocks: MOCKS, port: 19_400 })]),
  ...('python' in litellm ? [await startLitellm({ cores, mocks: MOCKS, port: 19_500, python: litellm.python })] : []),
];
const figures = new Map<Gateway, Figures>(gateways.map((gateway) => [gateway, new Figures()]));
const direct = new Figures();
const helperCost: { poster: number; postgres: number; calls: number; drainMs: number[] } = { poster: 0, postgres: 0, calls: 0, drainMs: [] };

// Warm both paths of every gateway: a JIT compiles for some ten thousand calls.
for (const gateway of gateways) {
  giveCore(gateway);
  await load(gateway, WARM_SECONDS);
  await loadStreams(gateway, WARM_SECONDS);
}
for (let round = 1; round <= rounds; round += 1) {
  for (const gateway of gateways) {
    giveCore(gateway);
    const { perSecond, errors } = await saturate(gateway);
    await streams(gateway);
    console.error(`round ${round}: ${gateway.name} ${perSecond.toFixed(0)}/s${errors > 0 ? `, ${errors} errors` : ''}`);
  }
}

// Half of the bare proxy's saturation is the issue's rate; half of Tandem's own is one that it is meant to bear.
const rates = [bare, tandem].map((gateway) => Math.floor(median(figures.get(gateway)!.perSecond) / 2));
for (let round = 1; round <= rounds; round += 1) {
  for (const rate of rates) {
    giveCore(null);
    note(direct, rate, await openLoop(MOCKS.plain, {}, rate));
    for (const gateway of gateways) {
      const own = figures.get(gateway)!;
      giveCore(gateway);
      // So close to its limit a queue has no end, and its length would only tell how long the round was.
      if (median(own.perSecond) > rate * NEAR_LIMIT) note(own, rate, await openLoop(gateway.port, gateway.headers, rate, gateway.cores));
    }
  }
}
for (const gateway of gateways) figures.get(gateway)!.rssMiB = residentMiB(gateway.pid);
giveCore(null);
hiccups.gateway.push(await hiccupsOf(cores.gateway));

report();
for (const gateway of gateways) await gateway.stop();
process.exit(0);

/** The gateway's core is for this one: what others do while they idle would stop it for milliseconds. */
function giveCore(gateway: Gateway | null): void {
  for (const one of gateways) for (const pid of one.onCore()) moveToCore(pid, one === gateway ? one.cores : cores.ledger);
}

function load(gateway: Gateway, forSeconds: number) {
  return wrk({ core: cores.load, url: `http://127.0.0.1:${gateway.port}/v1/chat/completions`, connections: 64, seconds: forSeconds, body: REQUEST, headers: gateway.headers });
}

function loadStreams(gateway: Gateway, forSeconds: number) {
  const body = gateway.forwards ? STREAM_REQUEST : STREAM_REQUEST.replace(`"${MODEL}"`, `"${MODEL}-stream"`);
  return wrk({ core: cores.load, url: `http://127.0.0.1:${gateway.streamPort}/v1/chat/completions`, connections: 8, seconds: forSeconds, body, headers: gateway.streamHeaders });
}

async function saturate(gateway: Gateway): Promise<{ perSecond: number; errors: number }> {
  const own = figures.get(gateway)!;
  const helpersBefore = helperCpu(gateway);
  const before = cpuSeconds(gateway.pid);
  const started = performance.now();
  const { requestsPerSecond, requests, errors } = await load(gateway, seconds);
  const used = cpuSeconds(gateway.pid) - before;
  own.perSecond.push(requestsPerSecond);
  own.callUs.push((used / requests) * 1e6);
  own.busy.push(used / ((performance.now() - started) / 1000));
  own.errors += errors;
  if (gateway === tandem) {
    helperCost.drainMs.push(await drained());
    const helpers = helperCpu(gateway);
    helperCost.poster += helpers.poster - helpersBefore.poster;
    helperCost.postgres += helpers.postgres - helpersBefore.postgres;
    helperCost.calls += requests;
  }
  return { perSecond: requestsPerSecond, errors };
}

/** Streams one after another on 8 connections; CPU of the gateway process per 64-frame reply. */
async function streams(gateway: Gateway): Promise<void> {
  const own = figures.get(gateway)!;
  const pid = gateway.helpers()['stream']?.[0] ?? gateway.pid;
  const before = cpuSeconds(pid);
  const { requests, errors } = await loadStreams(gateway, seconds);
  if (errors > 0 || requests === 0) own.notes.add('streams fail');
  else own.streamUs.push(((cpuSeconds(pid) - before) / requests) * 1e6);
}

function note(own: Figures, rate: number, { busy, ...result }: OpenLoop & { readonly busy: { readonly gateway: number; readonly load: number } }): void {
  own.errors += result.errors;
  if (result.errors > result.sent / 1_000) return void own.notes.add(`refuses ${result.errors} of ${result.sent} at ${rate}/s`);
  const known = own.latency(rate);
  known.p50.push(result.p50Ms);
  known.p99.push(result.p99Ms);
  known.late.push(result.lateP99Ms);
  known.gatewayCore.push(busy.gateway);
  known.loadCore.push(busy.load);
}

function helperCpu(gateway: Gateway): { poster: number; postgres: number } {
  const parts = gateway.helpers();
  const sum = (pids: readonly number[] | undefined) => (pids ?? []).reduce((total, pid) => total + cpuSeconds(pid), 0);
  return { poster: sum(parts['poster']), postgres: sum(parts['postgres']) };
}

/** How long until everything that was answered stands in the bill. */
async function drained(): Promise<number> {
  const started = performance.now();
  for (;;) {
    const text = await (await fetch(`${tandem.url}/metrics`, { headers: { authorization: `Bearer ${tandem.key}` } })).text();
    const backlog = /^tandem_log_backlog_records(?:\{[^}]*\})? (\d+)/m.exec(text);
    if (!backlog) throw new Error('the metric tandem_log_backlog_records is not there');
    if (backlog[1] === '0') return performance.now() - started;
    if (performance.now() - started > 120_000) throw new Error('the backlog does not drain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function openLoop(port: number, headers: Readonly<Record<string, string>>, rate: number, on = cores.gateway) {
  const options = JSON.stringify({ port, headers, rate, seconds, connections: 64, body: REQUEST });
  const before = [coreSeconds(on), coreSeconds(cores.load)] as const;
  const result = await ran<OpenLoop>([...FIRST, process.execPath, join(import.meta.dirname, 'open-loop.ts'), options], cores.load);
  return { ...result, busy: { gateway: busySince(on, before[0]), load: busySince(cores.load, before[1]) } };
}

function hiccupsOf(core: string): Promise<Hiccups> {
  return ran<Hiccups>([process.execPath, join(import.meta.dirname, 'hiccups.ts'), String(HICCUP_SECONDS)], core);
}

/** Runs a program on a core and reads the JSON that it prints. */
function ran<Result>(command: readonly string[], core: string): Promise<Result> {
  const child = spawn('taskset', ['-c', core, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => child.once('close', () => {
    try {
      resolve(JSON.parse(output) as Result);
    } catch (error) {
      reject(error);
    }
  }));
}

function report(): void {
  const named = gateways.map((gateway) => [gateway.name, figures.get(gateway)!] as const);
  const [ofBare, ofTandem] = [figures.get(bare)!, figures.get(tandem)!];
  console.log(`\nMedian of ${rounds} interleaved rounds of ${seconds} s (smallest–largest). Node ${process.versions.node}, ${coresLine(cores)}.\n`);
  console.log(loadTable(named, ofBare, FRAMES));
  for (const rate of rates) console.log(`\n${latencyTable(rate, named, direct)}`);
  console.log(`\nWhat the machine itself takes: ${hiccupLine("the gateway's core", hiccups.gateway)}; ${hiccupLine("the load's", hiccups.load)}.`);
  console.log(`A sync of the log's disk, before the load: p50 ${syncs.p50Ms.toFixed(2)} ms, p99 ${syncs.p99Ms.toFixed(2)} ms. A strict reply waits for one, and for the rest of the one under way when it comes.`);
  const perThousand = (cpu: number) => ((cpu / helperCost.calls) * 1e6).toFixed(0);
  const slowest = Math.max(...helperCost.drainMs);
  console.log(`\nPer 1,000 calls beside the gateway: poster ${perThousand(helperCost.poster)} ms of CPU, Postgres ${perThousand(helperCost.postgres)} ms.`);
  console.log(`The log's backlog was posted ${(slowest / 1000).toFixed(1)} s after the end of load at the latest (limit ${DRAIN_LIMIT_MS / 1000} s${slowest > DRAIN_LIMIT_MS ? ', MISSED' : ''}).`);
  const times = (name: string) => {
    const peer = gateways.find((gateway) => gateway.name.startsWith(name));
    return peer ? timesBare(ofTandem.perSecond, figures.get(peer)!.perSecond).toFixed(1) : 'not measured';
  };
  console.log(`Targets: ≥ 0.70 × bare: ${timesBare(ofTandem.perSecond, ofBare.perSecond).toFixed(2)}; ≥ 8 × Portkey: ${times('Portkey')}; ≥ 160 × LiteLLM: ${times('LiteLLM')}; a stream ≤ 1.25 × bare's CPU: ${(median(ofTandem.streamUs) / median(ofBare.streamUs)).toFixed(2)}.`);
}
